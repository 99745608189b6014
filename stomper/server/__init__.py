"""The embedded Prefect server, and all that Prefect does not promise."""
