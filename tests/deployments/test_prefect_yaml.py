"""prefect.yaml against Prefect's own models: what Prefect would silently ignore fails here."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

FILE = Path(__file__).parents[2] / "prefect.yaml"
Place = tuple[str | int, ...]


def read() -> dict[str, Any]:
    """The file as Prefect reads it; what YAML's aliases share is no longer shared."""
    raw: dict[str, Any] = json.loads(json.dumps(yaml.safe_load(FILE.read_text(encoding="utf-8"))))
    return raw


def keys(value: Any, place: Place = ()) -> Iterator[Place]:
    """The place of every key of every mapping in *value*."""
    if isinstance(value, dict):
        for key, below in value.items():
            yield (*place, key)
            yield from keys(below, (*place, key))
    elif isinstance(value, list):
        for number, below in enumerate(value):
            yield from keys(below, (*place, number))


def misspelt(raw: dict[str, Any], place: Place) -> dict[str, Any]:
    """*raw* with one key spelt with a letter too many."""
    changed = copy.deepcopy(raw)
    within: Any = changed
    for part in place[:-1]:
        within = within[part]
    within[f"{place[-1]}s_"] = within.pop(place[-1])
    return changed


def test_prefect_takes_all_of_it() -> None:
    """Every key is one of Prefect's, every entrypoint is a flow, and the parameters fit it."""
    from tests.support.deployed import wrong

    assert wrong(read()) == []


def test_every_misspelt_key_is_found() -> None:
    """Whichever key is misspelt, at any depth, the check says so."""
    from tests.support.deployed import wrong

    raw = read()
    places = list(keys(raw))
    assert len(places) > 40
    assert [place for place in places if not wrong(misspelt(raw, place))] == []


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("deployments", 0, "entrypoint"), "flows/fix_repository.py:fix"),
        (("deployments", 0, "entrypoint"), "flows/nothing.py:fix_repository"),
        (("deployments", 0, "parameters"), {"repository": 5}),
        (("deployments", 0, "work_pool", "job_variables"), {"environment": {}}),
        (("deployments", 1, "name"), "on-demand"),
        (("deployments", 1, "schedules", 0, "cron"), "{{ $MINUTE }} 26 * * *"),
        (("deployments", 1, "schedules", 0, "cron"), "{{ $MINUTES }} 2 * * *"),
        (("deployments", 1, "schedules", 0, "timezone"), "Mars/Olympus"),
        (("deployments", 1, "schedules", 0, "active"), "no"),
        (("deployments", 1, "concurrency_limit", "limit"), "one"),
        (("deployments", 1, "concurrency_limit", "collision_strategy"), "CANCEL"),
    ],
)
def test_a_bad_value_is_found(place: Place, value: object) -> None:
    """A value that Prefect would only refuse at deployment, or at night, fails here."""
    from tests.support.deployed import wrong

    raw = read()
    within: Any = raw
    for part in place[:-1]:
        within = within[part]
    within[place[-1]] = value
    assert wrong(raw) != []
