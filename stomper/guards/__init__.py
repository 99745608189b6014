"""Rules about a diff: what a fix may never do."""
