"""The coding agents that are programs: a module with a row each."""
