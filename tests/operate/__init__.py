"""Stomper as it is operated: real Prefect servers, a worker, and every deployment run as CI and the UI run them."""
