"""The target's tests: running them, and comparing runs."""
