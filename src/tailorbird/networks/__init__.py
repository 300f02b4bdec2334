"""The forward pass: one wiring of each family's own layers, packed for training and cached for generation."""
