"""Scores of candidates against the developers' own tests. Nothing here loads a model."""
