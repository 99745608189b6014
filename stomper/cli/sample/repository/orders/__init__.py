"""Orders, prices and stock of a small tea shop."""

__version__ = "0.4.0"
