"""Runs that wait for an answer, as the API shows them."""

from __future__ import annotations

from typing import Any

from deployments.api import Api


def has_form(api: Api, run: dict[str, Any]) -> bool:
    """Whether *run* waits, and its form can be answered: Prefect 3.9 takes it away for a moment as the run pauses."""
    if run["state"]["type"] != "PAUSED":
        return False
    keys = run["state"]["state_details"]["run_input_keyset"]
    return api.get(f"/flow_runs/{run['id']}/input/{keys['schema']}") is not None
