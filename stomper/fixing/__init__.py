"""One file, from its errors to a proven patch."""
