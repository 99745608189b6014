"""The protocol of agents: their context, requests, answers, and prices."""
