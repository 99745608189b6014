"""From proven patches to what the user gets."""
