"""The work pool that the deployments go to. Imports nothing of Prefect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict

from deployments.api import Api
from deployments.docker_pool import Container
from stomper.errors import StomperError

POOL = "stomper"
DOCKER = "docker"
TYPES = ("process", DOCKER)


class Pool(BaseModel):
    """A work pool as it is on the server, or as it is to be made."""

    model_config = ConfigDict(frozen=True)

    name: str
    type: str
    exists: bool


class Asked(BaseModel):
    """The pool that a command names. Empty is what is there already, or the default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = ""
    type: str = ""
    create: bool = False
    container: Container | None = None


def pool_of(api: Api, wanted: Asked, deployed: Sequence[dict[str, Any]]) -> Pool:
    """The pool that *wanted* names, else the one that the deployments are in, else `stomper`. Raises StomperError where it
    is missing and not to be made, or is not of the type that is wanted."""
    if wanted.type not in ("", *TYPES):
        raise StomperError(f"--pool-type {wanted.type}: Stomper deploys to pools of the types {' and '.join(TYPES)}")
    names = (wanted.name, *(one["work_pool_name"] for one in deployed), POOL)
    name = next(name for name in names if name)
    there = api.work_pool(name)
    pool = Pool(name=name, type=there["type"] if there else wanted.type or TYPES[0], exists=there is not None)
    if wanted.type not in ("", pool.type):
        raise StomperError(
            f"work pool {name!r} is of the type {pool.type}, not {wanted.type}: give another name by --pool"
        )
    if pool.type not in TYPES:
        raise StomperError(
            f"work pool {name!r} is of the type {pool.type}: Stomper deploys to pools of the types {' and '.join(TYPES)}; "
            "give another name by --pool"
        )
    if wanted.container and pool.type != DOCKER:
        raise StomperError(
            f"--image is for a docker pool, and work pool {name!r} is of the type {pool.type}: give --pool-type {DOCKER}, "
            "and a name by --pool"
        )
    if pool.type == DOCKER and not wanted.container and not _keep_their_image(name, deployed):
        raise StomperError(
            f"work pool {name!r} is of the type {DOCKER}: name the image of its containers by --image, for example one that "
            "deployments/Dockerfile makes"
        )
    if not pool.exists and not wanted.create:
        named = "" if name == POOL else f" --pool {name}"
        kind = "" if pool.type == TYPES[0] else f" --pool-type {pool.type} --image IMAGE"
        raise StomperError(
            f"there is no work pool {name!r} on {api.address}: `stomper deploy --create-pool{named}{kind}` makes it, or "
            f"`prefect work-pool create {name} --type {pool.type}`"
        )
    return pool


def _keep_their_image(pool: str, deployed: Sequence[dict[str, Any]]) -> bool:
    return bool(deployed) and all(
        one["work_pool_name"] == pool and (one["job_variables"] or {}).get("image") for one in deployed
    )
