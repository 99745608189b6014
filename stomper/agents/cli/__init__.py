"""Coding agents that are programs of their own."""
