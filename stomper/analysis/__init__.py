"""What can be told of code and errors without running anything."""
