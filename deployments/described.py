"""The deployments that prefect.yaml describes, for the commands that set them up."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from deployments.api import Api


class Cron(BaseModel):
    """When a deployment runs by itself."""

    slug: str
    cron: str
    timezone: str
    active: bool


class Collisions(BaseModel):
    """How many runs at once, and what becomes of one more."""

    limit: int
    collision_strategy: str


class Described(BaseModel):
    """One deployment of prefect.yaml; what Prefect's own command needs beside is left."""

    model_config = ConfigDict(extra="ignore")

    name: str
    description: str
    entrypoint: str
    tags: list[str]
    parameters: dict[str, Any]
    concurrency_limit: Collisions
    schedules: list[Cron] = []

    @property
    def full_name(self) -> str:
        """As Prefect names it, with its flow before it."""
        return f"{self.entrypoint.rpartition(':')[2].replace('_', '-')}/{self.name}"

    def filled(self, repository: str) -> dict[str, Any]:
        """The parameters, with what `prefect deploy` puts for the placeholders."""
        given = {f"{{{{ ${name} }}}}": value for name, value in placeholders(repository).items()}
        return {name: _filled(value, given) for name, value in self.parameters.items()}


def placeholders(repository: str) -> dict[str, str]:
    """The variables that prefect.yaml names. The list of a fleet is the caller's own, or none."""
    return {"TARGET_REPOSITORY": repository, "FLEET_FILE": os.environ.get("FLEET_FILE", "")}


def _filled(value: Any, given: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _filled(below, given) for name, below in value.items()}
    return given.get(value, value) if isinstance(value, str) else value


def described(folder: Path) -> list[Described]:
    """The deployments of the prefect.yaml in *folder*."""
    import yaml

    raw = yaml.safe_load((folder / "prefect.yaml").read_text(encoding="utf-8"))
    return [Described.model_validate(one) for one in raw["deployments"]]


def find(api: Api, full_name: str) -> dict[str, Any] | None:
    """The deployment as the server has it."""
    found: dict[str, Any] | None = api.get(f"/deployments/name/{full_name}")
    return found


@contextlib.contextmanager
def schedules_kept(api: Api, names: list[str]) -> Iterator[None]:
    """A schedule that somebody switched on is on again afterwards: to deploy anew switches it off, as prefect.yaml says."""
    on = {
        (name, schedule["slug"])
        for name in names
        for schedule in (find(api, name) or {}).get("schedules", [])
        if schedule["active"]
    }
    yield
    for name in {name for name, _ in on}:
        deployed = find(api, name) or {}
        for schedule in deployed.get("schedules", []):
            if (name, schedule["slug"]) in on and not schedule["active"]:
                api.patch(f"/deployments/{deployed['id']}/schedules/{schedule['id']}", {"active": True})
