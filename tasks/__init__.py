"""Prefect tasks: thin shells around functions of the core."""
