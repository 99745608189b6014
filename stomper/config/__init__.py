"""Settings, the parameters of a run, and the form they are filled in by."""
