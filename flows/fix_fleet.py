"""Many repositories by one run: each is a run of fix-repository, in this process or by a deployment."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

# A worker loads this file by its path: the project's root is what the other rooms are imported from.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from prefect.task_runners import ConcurrentTaskRunner

from flows.fix_repository import fix_repository
from stomper import progress
from stomper.config import form
from stomper.config.parameters import FixParameters
from stomper.errors import StomperError
from stomper.reports import titles
from stomper.run.fleet import FleetDone, FleetParameters, FleetReport, Result, fleet_of, runs_of
from stomper.server.prefect_internals import quieten_failures
from stomper.system import processes
from stomper.system.signals import shielded
from tasks.artifacts import publish_fleet
from tasks.fleet import fix_by_deployment, result_of
from tasks.run_events import name_run


@flow(name="fix-fleet", persist_result=False)
def fix_fleet(
    fleet: form.Fleet,
    *,
    remote: form.Remote = form.REMOTE,
    files: form.Files = form.FILES,
    checks: form.Checks = form.CHECKS,
    agents: form.Agents = form.AGENTS,
    limits: form.Limits = form.LIMITS,
    landing: form.Landing = form.LANDING,
    advanced: form.Advanced = form.ADVANCED,
) -> State[None]:
    """Repair many repositories; one that fails does not stop the others. Completed only when nothing is left in any.

    Args:
        fleet: Which repositories, and how many at once.
        remote: How addresses are worked on; for paths it is left out.
        files: Which files of each are looked at.
        checks: Which errors count, and who judges a fix.
        agents: Who repairs, and how they are asked.
        limits: How much each run may do, and what it may cost.
        landing: Where proven fixes go.
        advanced: What is rarely needed.
    """
    quieten_failures()
    shared = form.parameters_of(".", files, advanced, checks, agents, limits, landing, remote=remote)
    parameters = fleet_of(fleet, shared)
    try:
        runs = runs_of(parameters)
    except StomperError as error:
        return Failed(message=str(error))
    name_run(titles.fleet_title(len(runs)))
    # Each run in this process shields itself.
    results = shielded(partial(by_deployment, runs, parameters)) if parameters.deployment else one_after_another(runs)
    report = FleetReport.of(results)
    publish_fleet(report)
    progress.emit(FleetDone(report))
    state = Completed if report.exit_code == 0 else Failed
    return state(message=report.headline)


def one_after_another(runs: Sequence[FixParameters]) -> list[Result]:
    """In this process, which works on one repository at a time."""
    results = []
    for run in runs:
        if processes.stopping():
            results.append(Result(repository=run.repository, exit_code=2, why="not begun: the run was stopped"))
            continue
        state = fix_repository(**form.form_of(run), return_state=True)
        results.append(result_of(run.repository, state.state_details.flow_run_id, state))
    return results


def by_deployment(runs: Sequence[FixParameters], parameters: FleetParameters) -> list[Result]:
    """Each in a process of its own, wherever the deployment's workers are, at most `at_once` of them.

    When this run is cancelled, so are they."""
    concurrent: ConcurrentTaskRunner[Result] = ConcurrentTaskRunner(max_workers=parameters.at_once)
    with concurrent as runner:
        futures = [
            runner.submit(
                fix_by_deployment,
                {
                    "repository": run.repository,
                    "parameters": form.as_json(run),
                    "deployment": parameters.deployment,
                },
            )
            for run in runs
        ]
        return [future.result() for future in futures]
