"""Patches verified together and built into commits."""
