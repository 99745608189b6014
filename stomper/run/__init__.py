"""A whole run: opened, carried out, reported."""
