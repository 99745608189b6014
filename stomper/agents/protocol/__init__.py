"""What every agent is given, and what its calls come to."""
