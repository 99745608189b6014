"""Prefect's own UI over Stomper, in a browser: what one sees of the deployments, the form, a run and its artifacts."""
