"""What operators did to the schedules of the deployments: kept, since to deploy anew makes them as prefect.yaml says."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from deployments.api import Api
from deployments.deployment_specs import find

Schedule = dict[str, Any]
_OWN = ("active", "schedule", "parameters", "max_scheduled_runs")


@contextlib.contextmanager
def schedules_kept(api: Api, names: Sequence[str]) -> Iterator[None]:
    """A schedule of these deployments has the same time afterwards, and is on if it was; what somebody added is there."""
    before = {name: list(found["schedules"]) for name in names if (found := find(api, name))}
    try:
        yield
    finally:
        for name, schedules in before.items():
            if deployed := find(api, name):
                _keep(api, f"/deployments/{deployed['id']}/schedules", schedules, deployed["schedules"])


def _keep(api: Api, place: str, before: Sequence[Schedule], after: Sequence[Schedule]) -> None:
    for was in before:
        same = next((now for now in after if _same(was, now)), None)
        own = {key: was[key] for key in _OWN if was.get(key) is not None}
        if same is None:
            api.post(place, [{**own, "slug": was["slug"]}])
        elif changes := {key: value for key, value in own.items() if value != same[key]}:
            api.patch(f"{place}/{same['id']}", changes)


def _same(was: Schedule, now: Schedule) -> bool:
    """Whether these are one schedule before and after; only those of prefect.yaml have a slug for certain."""
    return bool(was["slug"] == now["slug"] if was["slug"] or now["slug"] else was["schedule"] == now["schedule"])
