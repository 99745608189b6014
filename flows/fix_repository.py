"""The main flow: initialize → collect_errors → fan out → process each file → land → aggregate → cleanup."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import cast

# A worker loads this file by its path: the project's root is what the other rooms are imported from.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from prefect import flow, unmapped
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture, as_completed
from prefect.states import Completed, Failed
from prefect.task_runners import ConcurrentTaskRunner

from stomper import progress
from stomper.config import form
from stomper.config.parameters import FixParameters
from stomper.errors import SettingsError, StomperError
from stomper.fixing.session import Session
from stomper.git import remotes
from stomper.landing.land import Landing
from stomper.landing.land_approved import land_and_ask
from stomper.models import FileJob, Outcome, Report, Status
from stomper.reports import trend
from stomper.reports.caveat import first_words, left
from stomper.run import prefetch, stages
from stomper.run.open import open_session
from stomper.server import embedded, prefect_internals
from stomper.server.prefect_internals import quieten_failures
from stomper.system.signals import shielded
from tasks.approval import ask
from tasks.artifacts import publish
from tasks.limits import agent_limits, agent_slot, apply_limit_name, applying, create_limits
from tasks.process_file import process_file
from tasks.run_events import begin_telling
from tasks.secret_blocks import token_of
from tasks.setup_command import run_setup
from tasks.slot_reuse import kept_slots

SHARD = 5_000
"""How many files are mapped at once: what Prefect knows of a task is in memory until all of them are done."""


@flow(name="fix-repository", flow_run_name="fix {repository}", persist_result=False)
def fix_repository(
    repository: form.Repository,
    *,
    remote: form.Remote = form.REMOTE,
    files: form.Files = form.FILES,
    checks: form.Checks = form.CHECKS,
    agents: form.Agents = form.AGENTS,
    limits: form.Limits = form.LIMITS,
    landing: form.Landing = form.LANDING,
    advanced: form.Advanced = form.ADVANCED,
) -> State[None]:
    """Repair a repository's lint, type and test errors; land what is proven. Completed only when nothing is left.

    Args:
        repository: Path of a git repository on the worker's machine, or an address (https, ssh, git@host:path, file).
        remote: How an address is worked on; empty with a path.
        files: Which files are looked at.
        checks: Which errors count, and who judges a fix.
        agents: Who repairs, and how they are asked.
        limits: How much a run may do, and what it may cost.
        landing: Where proven fixes go.
        advanced: What is rarely needed.
    """
    # Prefect takes what its form says about a parameter from the list above, not from the annotation.
    quieten_failures()
    sections = (checks, agents, limits, landing)
    return shielded(partial(fixed, partial(form.parameters_of, repository, files, advanced, *sections, remote=remote)))


def fixed(parameters: Callable[[], FixParameters]) -> State[None]:
    """All of a run, from its parameters to the state that it ends in."""
    try:
        session = initialize(parameters())
    except StomperError as error:
        return Failed(message=str(error))
    telling = begin_telling(session)
    try:
        report = stages.carried_out(session, partial(repair, session), partial(show, session))
    finally:
        telling.close()
        stages.cleanup(session)
    return Completed(message=headline(report)) if report.exit_code == 0 else Failed(message=headline(report))


def initialize(parameters: FixParameters) -> Session:
    """Open the repository, fetched where it is given by its address, and make sure that the limits exist."""
    progress.emit(progress.StageBegan("initialize"))
    remote = remotes.opened(parameters, token_of(parameters.token_block))
    with contextlib.ExitStack() as undo:
        if remote:
            undo.callback(remote.close)
        if parameters.setup_command:
            run_setup(parameters.setup_command, str(remote.root) if remote else parameters.repository)
        session = prefetch.taken(parameters) or open_session(parameters, remote=remote)
        undo.pop_all()
    if session.settings.approve and embedded.in_use():
        session.close()
        raise SettingsError(
            "approve needs a Prefect server of your own, where people are asked: set PREFECT_API_URL; without one, "
            "`--land branch` or `--dry-run` let you look first"
        )
    if session.settings.approve and (said := prefect_internals.FORM.change()):
        session.close()
        raise SettingsError(f"approve: {said} in this release of Prefect: nobody can be asked. See `stomper doctor`")
    limited = agent_limits(session.settings)
    apply = apply_limit_name(session.target.git_dir)
    create_limits(tag_limit=session.settings.max_parallel_files, apply=apply, agents=limited)
    session.calls.slot = partial(agent_slot, limited)
    if said := prefect_internals.warning([*prefect_internals.changed(prefect_internals.IN_RUNS), *embedded.changed()]):
        session.warnings.append(said)
    return session


def repair(session: Session, jobs: Sequence[FileJob]) -> Landing:
    """All stages between the selection and the report."""
    return land_all(session, fan_out(session, jobs) if jobs else [])


def fan_out(session: Session, jobs: Sequence[FileJob]) -> list[Outcome]:
    """Process the files side by side, at most `max_parallel_files` at once; the outcomes are in the order of the jobs."""
    session.baselines.start(session.base)
    paths = [job.path for job in jobs]
    outcomes: dict[str, Outcome] = {}
    for start in range(0, len(paths), SHARD):
        outcomes |= _mapped(session, paths[start : start + SHARD])
    return [outcomes[path] for path in paths]  # whoever was first: the same run makes the same history


def _mapped(session: Session, paths: Sequence[str]) -> dict[str, Outcome]:
    concurrent: ConcurrentTaskRunner[Outcome] = ConcurrentTaskRunner(max_workers=session.settings.max_parallel_files)
    slots = kept_slots(len(paths)) if session.settings.reuse_slots else contextlib.nullcontext()
    with slots, concurrent as runner:
        mapped = runner.map(process_file, {"path": paths, "run_id": unmapped(session.run_id)})
        futures = cast("list[PrefectFuture[Outcome]]", mapped)  # Prefect's own annotation nests one level too deep
        return {outcome.path: outcome for outcome in (future.result() for future in as_completed(futures))}


def land_all(session: Session, outcomes: list[Outcome]) -> Landing:
    """Prove the patches together and land them under the global limit of this repository, some only when approved."""
    limit = partial(applying, apply_limit_name(session.target.git_dir))
    return land_and_ask(session, outcomes, limit, partial(fan_out, session), ask)


def show(session: Session, report: Report, outcomes: Sequence[Outcome]) -> None:
    """Show the report in the UI. Nobody looks at an embedded server, and each diff is a request to it; a fleet reads the
    summary."""
    publish(report, [] if embedded.in_use() else list(outcomes), trend.points(session.store, report.repository))


def headline(report: Report) -> str:
    """The run in one line."""
    if report.failure:
        return report.failure
    metrics, waiting = report.metrics, sum(o.status is Status.WAITING for o in report.outcomes)
    return (
        f"{first_words(report)}{metrics.total_errors_fixed} error(s) fixed in {len(metrics.successful_fixes)} file(s), "
        f"{left(report)}{f', {waiting} file(s) wait for you' if waiting else ''}"
    )
