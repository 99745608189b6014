"""What is copied to where the target's tests run: plain Python of any version."""
