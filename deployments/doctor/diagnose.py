"""The examination behind `stomper doctor`. Imports nothing of Prefect: it asks the server by plain HTTP."""

from __future__ import annotations

import json
import sys
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from deployments.api import Api, Unreachable
from deployments.deployment_specs import described, find
from deployments.doctor import machine
from deployments.doctor.findings import Check, Finding, run_checks
from deployments.doctor.work_pools import check_pools
from deployments.heartbeats import FREQUENCY_S, VARIABLE, WRONG, ZOMBIES, wrong_frequency
from stomper import bundle
from stomper.server import prefect_internals
from stomper.server.configured import Configured, configured_api
from stomper.system import processes

TIMEOUT_S = 30.0
_FILESYSTEM = "prefect.server.concurrency.lease_storage.filesystem"


def examine(folder: Path) -> list[Finding]:
    """Everything about this machine, the repository around *folder* and the Prefect server, within seconds."""
    checks: dict[str, Check] = {
        "server": partial(check_server, configured_api()),
        "prefect": check_prefect,
        "git": machine.check_git,
        "disk": machine.check_disk,
        "sandbox": machine.check_sandbox,
        "checkers": partial(machine.check_checkers, folder),
        "agents": partial(machine.check_agents, folder),
    }
    return run_checks(checks, timeout_s=TIMEOUT_S)


def check_server(own: Configured | None) -> list[Finding]:
    """The server, then what is set up on it; no more than the first line when it does not answer."""
    if not own:
        said = "none is configured: each command starts its own for a while; deployments need one that stays"
        return [Finding(subject="server", verdict="ok", said=said)]
    api = Api(own.address)
    try:
        there = api.get("/admin/version")
    except Unreachable as error:
        return [Finding(subject="server", verdict="problem", said=str(error), mend=own.next_step)]
    if not isinstance(there, str):
        said, mend = f"{own.address} is no Prefect API", f"the address from {own.source} must end with /api"
        return [Finding(subject="server", verdict="problem", said=said, mend=mend)]
    found = [Finding(subject="server", verdict="ok", said=own.address), _versions(there)]
    settings = (api.get("/admin/settings") or {}).get("server", {})
    return [*found, *_storage(settings), *_limits(api), *_deployments(api)]


def _versions(there: str) -> Finding:
    here = version("prefect")
    if there.split(".")[:2] == here.split(".")[:2]:
        return Finding(subject="version", verdict="ok", said=f"Prefect {there}, client {here}")
    mend = "run the server and the workers with one version of Prefect, the server first when you upgrade"
    return Finding(subject="version", verdict="warning", said=f"Prefect {there}, but the client is {here}", mend=mend)


def check_prefect() -> list[Finding]:
    """Return how this Prefect differs from what Stomper knows; found out in a process that loads it."""
    argv = (sys.executable, "-P", "-m", prefect_internals.__name__)
    done = processes.run(argv, cwd=Path(sys.prefix), timeout_s=TIMEOUT_S)
    here = version("prefect")
    if done.returncode != 0:
        said, mend = f"Prefect {here} cannot be looked at: {done.text[-500:]}", "install it anew"
        return [Finding(subject="prefect", verdict="problem", said=said, mend=mend)]
    mend = "use a release of Prefect that Stomper was tested with: see its requirements"
    found = [prefect_internals.Changed(**json.loads(line)) for line in done.text.splitlines()]
    return [
        Finding(subject="prefect", verdict="warning", said=f"{here}: {one.change}: {one.without}", mend=mend)
        for one in found
    ] or [Finding(subject="prefect", verdict="ok", said=f"{here} has all that Stomper takes of its internals")]


def _storage(settings: dict[str, Any]) -> list[Finding]:
    """The database and where leases of limits are kept, as far as the server tells."""
    driver = str((settings.get("database") or {}).get("driver") or "")
    sqlite = "sqlite" in driver
    said = f"{driver}: limits stall under load, measured as 8 to 16 times the wall time" if sqlite else driver
    mend = "use PostgreSQL: PREFECT_SERVER_DATABASE_CONNECTION_URL=postgresql+asyncpg://…" if sqlite else ""
    leases = str((settings.get("concurrency") or {}).get("lease_storage") or "")
    lost = leases.endswith(".memory")
    return [
        Finding(
            subject="database",
            verdict="warning" if sqlite else "ok",
            # The API hides the address, which is how most servers are told; only a driver set by itself shows.
            said=said or "the server does not tell which; with SQLite, Prefect's default, limits stall under load",
            mend=mend,
        ),
        Finding(
            subject="leases",
            verdict="warning" if lost else "ok",
            said="in memory: a slot held over a restart of the server is never given back"
            if lost
            else leases.rpartition(".")[2] or "the server does not tell",
            mend=f"PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE={_FILESYSTEM}" if lost else "",
        ),
    ]


def _limits(api: Api) -> list[Finding]:
    found = [
        limit
        for limit in api.post("/v2/concurrency_limits/filter", {"limit": 200}) or []
        if limit["name"].startswith(("tag:stomper-", "stomper-"))
    ]
    if not found:
        return [
            Finding(subject="limits", verdict="warning", said="none yet", mend="`stomper deploy`, or the first run")
        ]
    lines = []
    for limit in found:
        taken, most = limit["active_slots"], limit["limit"]
        off = not limit.get("active", True) or most == 0
        said = f"{taken} of {most} taken{', switched off' if not limit.get('active', True) else ''}"
        mend = f"prefect global-concurrency-limit update {limit['name']} --limit 1" if off else ""
        lines.append(
            Finding(subject=f"limit {limit['name']}", verdict="warning" if off else "ok", said=said, mend=mend)
        )
    return lines


def _deployments(api: Api) -> list[Finding]:
    """What is deployed, and where it runs."""
    names = [one.full_name for one in described(bundle.activate())]
    deployed = {name: found for name in names if (found := find(api, name))}
    finding = Finding(subject="deployments", verdict="ok", said=", ".join(names))
    if missing := [name for name in names if name not in deployed]:
        said, mend = f"missing: {', '.join(missing)}", "`stomper deploy`, or `stomper serve`"
        finding = Finding(subject="deployments", verdict="warning", said=said, mend=mend)
    return [finding, *_automations(api), *check_pools(api, deployed)]


def _automations(api: Api) -> list[Finding]:
    """Whether dead runs are seen, and whether somebody is told of failed ones."""
    found = [Finding(subject="automations", verdict="ok", said="a silent run becomes Crashed")]
    zombies = api.automations(ZOMBIES)
    if not zombies or not zombies[0]["enabled"]:
        said = f"{ZOMBIES!r} is {'off' if zombies else 'missing'}: a run whose worker dies stays Running for ever"
        mend = "switch it on in Prefect's UI" if zombies else "`stomper deploy`"
        found = [Finding(subject="automations", verdict="warning", said=said, mend=mend)]
    if wrong := wrong_frequency():
        mend = f"{VARIABLE}={FREQUENCY_S} for the worker"
        found.append(Finding(subject="heartbeats", verdict="problem", said=wrong, mend=mend))
    told = api.automations(WRONG)
    if told and told[0]["enabled"]:
        return [*found, Finding(subject="messages", verdict="ok", said="of failed and crashed runs")]
    said = "nobody is told of failed and crashed runs"
    return [*found, Finding(subject="messages", verdict="ok", said=f"{said}; `stomper deploy --notify BLOCK`")]
