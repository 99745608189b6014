"""Agents that ask a model's API."""

from stomper.agents.api.agent import ApiAgent

AGENT = ApiAgent
