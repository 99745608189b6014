"""How a dead run is told from one that lives. Imports nothing of Prefect."""

from __future__ import annotations

import os

FREQUENCY_S = 60
"""Seconds between two heartbeats of a run, as the files for operating set it. Prefect's own default is 180."""
SILENCE_S = 600
"""Seconds without one after which a run counts as dead. More than three of Prefect's default: none that lives does."""
ZOMBIES = "Stomper: a run that is silent has crashed"
WRONG = "Stomper: a run failed or crashed"
"""The names of the automations."""
VARIABLE = "PREFECT_FLOWS_HEARTBEAT_FREQUENCY"


def wrong_frequency() -> str:
    """What is wrong with the frequency that this environment sets; empty when nothing is."""
    given = os.environ.get(VARIABLE, "")
    if not given or (given.isdigit() and 30 <= int(given) <= SILENCE_S // 3):
        return ""
    return f"{VARIABLE}={given}: a run counts as dead after {SILENCE_S} s of silence, so set 30 to {SILENCE_S // 3}"
