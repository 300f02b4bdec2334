"""Deltas: what a personalisation leaves behind, on disk, on a base, and beside one another."""
