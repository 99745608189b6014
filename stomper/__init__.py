"""Stomper repairs a git repository's lint, type and test errors in parallel, and lands only what it has proven."""

__version__ = "0.1.0"
