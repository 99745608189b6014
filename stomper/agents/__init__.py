"""The agents of a run, and how they are called."""
