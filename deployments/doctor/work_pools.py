"""What `stomper doctor` says of the work pools that the deployments are in. Imports nothing of Prefect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments.api import Api
from deployments.doctor.findings import Finding
from deployments.work_pools import DOCKER, POOL

Deployed = Mapping[str, dict[str, Any]]
"""The deployments that the server has, by their names."""


def check_pools(api: Api, deployed: Deployed) -> list[Finding]:
    """Each pool that a deployment is in, its worker, and the image of its containers; `stomper` when nothing is deployed."""
    named = dict.fromkeys(str(one["work_pool_name"]) for one in deployed.values() if one["work_pool_name"])
    return [finding for name in named or {POOL: None} for finding in _check(api, name, deployed)]


def _check(api: Api, name: str, deployed: Deployed) -> list[Finding]:
    pool = api.work_pool(name)
    if pool is None:
        mend = "`stomper deploy --create-pool`; `stomper serve` needs none"
        return [Finding(subject="work pool", verdict="warning", said=f"there is no {name!r}", mend=mend)]
    found = [Finding(subject="work pool", verdict="ok", said=f"{name} ({pool['type']})")]
    if pool.get("is_paused"):
        mend = f"prefect work-pool resume {name}"
        found = [Finding(subject="work pool", verdict="problem", said=f"{name} is paused", mend=mend)]
    if pool["type"] == DOCKER:
        found.append(_image(pool, {n: one for n, one in deployed.items() if one["work_pool_name"] == name}))
    if online := api.workers_online(name):
        return [*found, Finding(subject="worker", verdict="ok", said=", ".join(online))]
    mend = f"prefect worker start --pool {name}"
    if pool["type"] == DOCKER:
        mend += ", where Docker is, in an environment with `pip install prefect-docker`"
    said = f"none of {name} is online: runs of the deployments wait for ever"
    return [*found, Finding(subject="worker", verdict="problem", said=said, mend=mend)]


def _image(pool: dict[str, Any], deployed: Deployed) -> Finding:
    """Which image the runs get. Without one, Prefect's worker takes an image that has no Stomper."""
    variables = (pool.get("base_job_template") or {}).get("variables") or {}
    default = (variables.get("properties") or {}).get("image", {}).get("default") or ""
    images = {name: (one["job_variables"] or {}).get("image") or default for name, one in deployed.items()}
    if without := [name for name, image in images.items() if not image]:
        said = f"none for {', '.join(without)}: Prefect's own would be taken, and that has no Stomper"
        mend = f"`stomper deploy --pool {pool['name']} --image IMAGE`"
        return Finding(subject="image", verdict="problem", said=said, mend=mend)
    said = ", ".join(sorted(set(images.values()))) or default or "nothing is deployed yet"
    return Finding(subject="image", verdict="ok", said=said)
