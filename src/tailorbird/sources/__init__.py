"""Where a project comes from, through the user's own git and Maven clients, with safe unpacking and provenance."""

from tailorbird.sources.resolve import ResolvedSource, default_cache, fetch_maven, fetch_together, resolve, resolve_past

__all__ = ["ResolvedSource", "default_cache", "fetch_maven", "fetch_together", "resolve", "resolve_past"]
