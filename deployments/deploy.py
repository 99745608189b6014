"""Set up a Prefect server for Stomper: the limits, then the deployments of prefect.yaml."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deployments.api import POOL, Api
from deployments.described import described, find, placeholders
from deployments.embedded import configured_api
from deployments.heartbeats import WRONG
from deployments.schedules import schedules_kept
from stomper import proc
from stomper.errors import StomperError

_TIMEOUT_S = 180.0


def configured() -> Api:
    """The API of the server that the user has configured, which answers. Raises StomperError with the next step."""
    address = configured_api()
    if not address:
        raise StomperError(
            "no Prefect server is configured: start one with `prefect server start`, then "
            "`export PREFECT_API_URL=http://127.0.0.1:4200/api`"
        )
    api = Api(address, timeout_s=10)
    try:
        api.get("/admin/version")
    except StomperError as error:
        raise StomperError(f"{error}; start the server, or correct PREFECT_API_URL") from None
    return api


def deploy(place: Path, repository: str, *, create_pool: bool, say: Callable[[str], None], notify: str = "") -> None:
    """Make the limits and automations and deploy all of *place*/prefect.yaml for *repository*; failed and crashed runs are
    told by the block *notify*, where one is given. Raises StomperError with the next step.

    Prefect's own commands do it, in *place*: that folder is the installation's own, so no settings of the repository that
    one stands in are read. Nothing is written there."""
    api = configured()
    if api.get(f"/work_pools/{POOL}") is None:
        if not create_pool:
            raise StomperError(
                f"there is no work pool {POOL!r} on {api.address}: `stomper deploy --create-pool` makes it, or "
                f"`prefect work-pool create {POOL} --type process`"
            )
        _command(place, api, repository, "-m", "prefect", "work-pool", "create", POOL, "--type", "process")
        say(f"work pool {POOL}")
    _command(place, api, repository, "-m", "deployments.limits", repository)
    for limit in api.post("/v2/concurrency_limits/filter", {"limit": 200}) or []:
        if limit["name"].startswith(("tag:stomper-", "stomper-")):
            say(f"limit {limit['name']}: {limit['limit']}")
    made = _command(place, api, repository, "-m", "deployments.automations", *([notify] if notify else []))
    for line in made.text.splitlines():
        say(line)
    names = [one.full_name for one in described(place)]
    with schedules_kept(api, names):
        done = _command(place, api, repository, "-m", "prefect", "--no-prompt", "deploy", "--all")
    deployed = {name: find(api, name) for name in names}
    if missing := [name for name, found in deployed.items() if found is None]:
        raise StomperError(f"{', '.join(missing)} was not deployed; Prefect said:\n{done.text[-2000:]}")
    for name, found in deployed.items():
        say(f"deployment {name}{_times(found or {})}")
    if not notify and not _notifies(api):
        say("nobody is told of failed runs: make a block for messages in Prefect, then `stomper deploy --notify BLOCK`")
    workers = api.workers_online()
    say(f"worker {', '.join(workers)}" if workers else f"next: {prefect_command()} worker start --pool {POOL}")


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


def _command(place: Path, api: Api, repository: str, *arguments: str) -> proc.Finished:
    env = {
        **os.environ,
        **placeholders(repository),
        "PREFECT_API_URL": api.address,
        "PREFECT_LOGGING_LEVEL": "ERROR",
        "PYTHONDONTWRITEBYTECODE": "1",
        "COLUMNS": "200",
        "NO_COLOR": "1",
    }
    done = proc.run((sys.executable, *arguments), cwd=place, timeout_s=_TIMEOUT_S, env=env)
    if done.timed_out or done.returncode:
        why = f"took more than {_TIMEOUT_S:g} s" if done.timed_out else f"ended with {done.returncode}"
        raise StomperError(f"{' '.join(arguments[1:])} {why}:\n{done.complaint}")
    return done
