"""Agents that ask a model's API."""
