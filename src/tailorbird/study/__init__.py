"""Comparisons of strategies, with their reference rows."""
