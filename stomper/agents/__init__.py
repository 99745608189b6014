"""Who repairs: the agents of a run, and how they are called."""
