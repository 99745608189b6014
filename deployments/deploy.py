"""Set up a Prefect server for Stomper: the limits, then the deployments of prefect.yaml."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from deployments.api import Api
from deployments.deployment_specs import described, find, placeholders
from deployments.docker_pool import unseen
from deployments.heartbeats import WRONG
from deployments.prefect_yaml import written
from deployments.schedules import schedules_kept
from deployments.work_pools import DOCKER, TYPES, Asked, Pool, pool_of
from stomper.config.repository_url import is_address
from stomper.errors import StomperError
from stomper.server.configured import configured_api
from stomper.system import processes

_TIMEOUT_S = 180.0


def configured() -> Api:
    """The API of the server that the user has configured, which answers. Raises StomperError with the next step."""
    own = configured_api()
    if not own:
        raise StomperError(
            "no Prefect server is configured: start one with `prefect server start`, then "
            "`export PREFECT_API_URL=http://127.0.0.1:4200/api`"
        )
    api = Api(own.address, timeout_s=10)
    try:
        api.get("/admin/version")
    except StomperError as error:
        raise StomperError(f"{error}; {own.next_step}") from None
    return api


def deploy(place: Path, repository: str, wanted: Asked, *, say: Callable[[str], None], notify: str = "") -> None:
    """Make the limits and automations and deploy all of *place*/prefect.yaml for *repository* to the work pool that is
    *wanted*; failed and crashed runs are told by the block *notify*, where one is given. Raises StomperError with the next
    step.

    Prefect's own commands do it, in *place*: that folder is the installation's own, so no settings of the repository that
    one stands in are read. Nothing is written there."""
    api = configured()
    names = [one.full_name for one in described(place)]
    before = {name: found for name in names if (found := find(api, name))}
    pool = pool_of(api, wanted, list(before.values()))
    variables = _job_variables(pool, wanted, names, before, repository)
    env = {**placeholders(repository), **({"STOMPER_MACHINE": pool.name} if pool.type == DOCKER else {})}
    run = partial(_command, place, api, env)
    if not pool.exists:
        run("-m", "prefect", "work-pool", "create", pool.name, "--type", pool.type)
        say(f"work pool {pool.name}{'' if pool.type == TYPES[0] else f' ({pool.type})'}")
    run("-m", "deployments.limits", repository)
    for limit in api.post("/v2/concurrency_limits/filter", {"limit": 200}) or []:
        if limit["name"].startswith(("tag:stomper-", "stomper-")):
            say(f"limit {limit['name']}: {limit['limit']}")
    made = run("-m", "deployments.automations", *([notify] if notify else []))
    for line in made.text.splitlines():
        say(line)
    with schedules_kept(api, names), written(place, pool.name, variables) as (file, more):
        done = _command(
            place, api, {**env, **more}, "-m", "prefect", "--no-prompt", "deploy", "--prefect-file", str(file), "--all"
        )
    deployed = {name: find(api, name) for name in names}
    if missing := [name for name, found in deployed.items() if found is None]:
        raise StomperError(f"{', '.join(missing)} was not deployed; Prefect said:\n{done.text[-2000:]}")
    for name, found in deployed.items():
        say(f"deployment {name}{_times(found or {})}")
    if not notify and not _notifies(api):
        say("nobody is told of failed runs: make a block for messages in Prefect, then `stomper deploy --notify BLOCK`")
    workers = api.workers_online(pool.name)
    say(f"worker {', '.join(workers)}" if workers else f"next: {worker_command(pool)}")


def _job_variables(
    pool: Pool, wanted: Asked, names: Sequence[str], before: Mapping[str, Any], repository: str
) -> dict[str, dict[str, Any]]:
    """What each deployment has beside the pool's own: what is asked for now, else what it had in this pool."""
    paths = [p for p in (repository, placeholders(repository)["FLEET_FILE"]) if p and not is_address(p)]
    if wanted.container:
        return dict.fromkeys(names, wanted.container.job_variables(pool.name, paths))
    kept = {name: one["job_variables"] or {} for name, one in before.items() if one["work_pool_name"] == pool.name}
    if pool.type != DOCKER:
        return kept
    first = next(iter(kept.values()))  # for a deployment that is new in this version
    if missing := unseen(paths, first.get("volumes") or []):
        raise StomperError(
            f"{missing[0]} is in no volume of the containers of work pool {pool.name!r}: deploy with --image again, which "
            "adds it, and with what else they need"
        )
    return {name: kept.get(name, first) for name in names}


def worker_command(pool: Pool) -> str:
    """How a worker of *pool* is started, and where."""
    if pool.type == DOCKER:
        # Its environment needs no Stomper: that is in the image.
        return (
            f"prefect worker start --pool {shlex.quote(pool.name)}, where Docker is, with `pip install prefect-docker`"
        )
    return f"{prefect_command()} worker start --pool {shlex.quote(pool.name)}"


def _times(deployed: dict[str, Any]) -> str:
    """When it starts by itself, for people."""
    told = []
    for one in deployed.get("schedules", []):
        times = one["schedule"]
        when = f"cron {times['cron']} {times.get('timezone') or 'UTC'}" if "cron" in times else "a schedule of its own"
        told.append(f"{when}, {'on' if one['active'] else 'off'}")
    return f" ({'; '.join(told)})" if told else ""


def _notifies(api: Api) -> bool:
    """Whether an earlier call made the automation that tells of failed runs."""
    return bool(api.automations(WRONG))


def prefect_command() -> str:
    """How to call the Prefect that Stomper is installed with, as short as it can be: a worker must be that one."""
    beside = Path(sys.executable).with_name("prefect")
    return "prefect" if shutil.which("prefect") == str(beside) else str(beside)


def _command(place: Path, api: Api, more: Mapping[str, str], *arguments: str) -> processes.Finished:
    env = {
        **os.environ,
        **more,
        "PREFECT_API_URL": api.address,
        "PREFECT_LOGGING_LEVEL": "ERROR",
        "PYTHONDONTWRITEBYTECODE": "1",
        "COLUMNS": "200",
        "NO_COLOR": "1",
    }
    done = processes.run((sys.executable, *arguments), cwd=place, timeout_s=_TIMEOUT_S, env=env)
    if done.timed_out or done.returncode:
        why = f"took more than {_TIMEOUT_S:g} s" if done.timed_out else f"ended with {done.returncode}"
        raise StomperError(f"{' '.join(arguments[1:])} {why}:\n{done.complaint}")
    return done
