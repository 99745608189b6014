"""What Stomper keeps between runs, and the locks on it."""
