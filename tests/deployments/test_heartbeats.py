"""How often a run says that it lives, and after what silence it counts as dead."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from prefect.settings import get_current_settings

from deployments.automations import _SIGNS_OFF, zombies
from deployments.heartbeats import FREQUENCY_S, SILENCE_S, VARIABLE, wrong_frequency

FILES = Path(__file__).parents[2] / "deployments"


def test_no_living_run_is_taken_for_a_dead_one() -> None:
    """Three heartbeats have to be missing, also with Prefect's own frequency; a run that is paused says so before."""
    default = type(get_current_settings().flows).model_fields["heartbeat_frequency"].default
    assert 30 <= FREQUENCY_S < default * 3 < SILENCE_S
    assert zombies().trigger.expect >= {"prefect.flow-run.heartbeat", "prefect.flow-run.Paused", *_SIGNS_OFF}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("given", "right"), [("", True), ("30", True), ("200", True), ("201", False), ("29", False), ("often", False)]
)
def test_a_frequency_that_does_not_fit_is_seen(monkeypatch: pytest.MonkeyPatch, given: str, right: bool) -> None:
    """The doctor names the variable and what to set."""
    monkeypatch.setenv(VARIABLE, given)
    assert (wrong_frequency() == "") == right


def test_the_files_for_operating_set_it() -> None:
    """The worker of the units and of the compose file."""
    unit = (FILES / "systemd" / "stomper-worker.service").read_text()
    assert f"Environment={VARIABLE}={FREQUENCY_S}\n" in unit
    compose = yaml.safe_load((FILES / "compose.yaml").read_text())
    assert compose["services"]["worker"]["environment"][VARIABLE] == str(FREQUENCY_S)
