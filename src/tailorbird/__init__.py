"""Tailorbird personalises a code-generation model to one software project, and shows what that bought and cost."""

__version__ = "0.1.0"
