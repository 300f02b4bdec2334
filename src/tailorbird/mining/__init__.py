"""Mining: a project's Java sources in, pairs of focal method and test case out."""
