"""Training: one loop for every strategy and for the base, with its checkpoints and its cost."""
