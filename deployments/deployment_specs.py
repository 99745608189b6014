"""The deployments that prefect.yaml describes, for the commands that set them up."""

from __future__ import annotations

import hashlib
import os
import socket
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
        given = _given(repository)
        return {name: _filled(value, given) for name, value in self.parameters.items()}

    def scheduled(self, repository: str) -> list[Cron]:
        """The schedules, filled likewise."""
        minute = _given(repository)[_MINUTE]
        return [one.model_copy(update={"cron": one.cron.replace(_MINUTE, minute)}) for one in self.schedules]


_MINUTE = "{{ $MINUTE }}"


def placeholders(repository: str) -> dict[str, str]:
    """The variables that prefect.yaml names. The list of a fleet is the caller's own, or none."""
    return {
        "TARGET_REPOSITORY": repository,
        "FLEET_FILE": os.environ.get("FLEET_FILE", ""),
        "MINUTE": str(minute_of(repository)),
    }


def minute_of(repository: str) -> int:
    """The minute of the hour, 0 to 59, at which the schedules for *repository* start: always the same for it on this
    machine, and spread evenly over the repositories and the machines of many."""
    named = f"{socket.gethostname()}:{repository}".encode("utf-8", "surrogateescape")
    return int.from_bytes(hashlib.sha256(named).digest()[:8]) % 60


def _given(repository: str) -> dict[str, str]:
    return {f"{{{{ ${name} }}}}": value for name, value in placeholders(repository).items()}


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
