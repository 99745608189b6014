"""Tools that find errors."""
