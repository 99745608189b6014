"""Landing by pull requests."""
