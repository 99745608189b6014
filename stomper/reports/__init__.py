"""A run's report for people: on the terminal and in Markdown."""
