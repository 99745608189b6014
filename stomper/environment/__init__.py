"""The target's Python, what it imports, and the sandbox around agents."""
