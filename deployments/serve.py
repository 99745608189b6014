"""Serve the deployments from one process, without a work pool: `python -m deployments.serve REPOSITORY`."""

from __future__ import annotations

import asyncio
import concurrent.futures
import importlib
import os
import signal
import sys
from pathlib import Path

from prefect import Flow
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.client.schemas.schedules import CronSchedule
from prefect.deployments.runner import RunnerDeployment
from prefect.runner import Runner
from prefect.types.entrypoint import EntrypointType

from deployments.api import Api
from deployments.deployment_specs import Described, described, find
from deployments.schedules import schedules_kept


def to_serve(one: Described, repository: str) -> RunnerDeployment:
    """*one* as Prefect's runner takes it, for *repository*. Its module is found in the current directory."""
    path, _, name = one.entrypoint.partition(":")
    flow = getattr(importlib.import_module(path.removesuffix(".py").replace("/", ".")), name)
    assert isinstance(flow, Flow)  # noqa: S101 - prefect.yaml is tested
    limit = one.concurrency_limit
    made = flow.to_deployment(
        # As a module: the path of a file would be looked for where an earlier `stomper deploy` had put it.
        entrypoint_type=EntrypointType.MODULE_PATH,
        name=one.name,
        description=one.description,
        tags=one.tags,
        parameters=one.filled(repository),
        enforce_parameter_schema=True,
        schedules=[
            DeploymentScheduleCreate(
                schedule=CronSchedule(cron=s.cron, timezone=s.timezone), active=s.active, slug=s.slug
            )
            for s in one.scheduled(repository)
        ],
        concurrency_limit=ConcurrencyLimitConfig(
            limit=limit.limit, collision_strategy=ConcurrencyLimitStrategy(limit.collision_strategy)
        ),
    )
    assert isinstance(made, RunnerDeployment)  # noqa: S101 - a coroutine only where it is called from one
    return made


def leave_pool(api: Api, full_name: str) -> None:
    """Remove a deployment that belongs to a work pool: Prefect would keep it there, and a worker would take its runs."""
    deployed = find(api, full_name)
    if deployed and deployed["work_pool_name"]:
        api.delete(f"/deployments/{deployed['id']}")


def main(place: Path, address: str, repository: str) -> None:
    """Serve until SIGINT or SIGTERM; runs under way are cancelled then, and end with it."""
    # What is switched on stays on: else a restart would silently end the nightly runs.
    runner = Runner(name="stomper", pause_on_shutdown=False)
    found = described(place)
    with schedules_kept(Api(address), [one.full_name for one in found]):
        for one in found:
            leave_pool(Api(address), one.full_name)
            runner.add_deployment(to_serve(one, repository))
    for one in found:
        sys.stderr.write(f"serving {one.full_name}\n")
    sys.stderr.write("next: prefect deployment run 'fix-repository/on-demand'; Ctrl-C ends it\n")
    sys.stderr.flush()
    asyncio.run(run_until_signal(runner))


async def run_until_signal(runner: Runner) -> None:
    """Run *runner* until SIGINT or SIGTERM, then cancel what it runs and wait for it; a second signal ends all at once."""
    running, loop = asyncio.create_task(runner.start()), asyncio.get_running_loop()
    stopping: list[concurrent.futures.Future[None]] = []

    def signalled(number: int, _frame: object) -> None:
        if stopping or not runner.started:
            sys.stderr.write("ended at once\n")
            os._exit(128 + number)
        stopping.append(asyncio.run_coroutine_threadsafe(runner.astop(), loop))

    # Its first step sets a handler for SIGTERM, which in Prefect 3.8 stops nothing: `stop()` is not awaited there.
    await asyncio.sleep(0)
    # Not the loop's own handlers: those end with the loop, and a signal in the last moment would be an error.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signalled)
    await running


if __name__ == "__main__":
    main(Path.cwd(), *sys.argv[1:])
