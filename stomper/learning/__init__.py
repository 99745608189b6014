"""What worked before, and whom to ask next."""
