"""Run the flow from a command: the display around it, the server under it, and an end to all of it on a signal.

What takes time goes on side by side: the server starts, Prefect is imported, the errors are collected. The server was begun
by the caller, in `embedded.begun`, before it imported this. A run that has nothing to do does not wait for it.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.live import Live

from stomper import progress
from stomper.config.form import form_of
from stomper.config.parameters import FixParameters
from stomper.config.repository_url import is_address
from stomper.errors import StomperError
from stomper.fixing.session import abandon
from stomper.models import Report
from stomper.run import prefetch, stages
from stomper.run.fleet import FleetDone, FleetParameters, FleetReport, form_of_fleet, runs_of
from stomper.run.open import plan
from stomper.run.prefetch import HeadStart
from stomper.server import embedded, prefect_internals
from stomper.state import paths
from stomper.system import processes, signals


def run_flow(parameters: FixParameters, *, quiet: bool = False) -> Report:
    """The report of a run, shown on stderr while it works unless *quiet*. Raises StomperError when there is none."""
    reports: list[Report] = []

    def keep(event: progress.Event) -> None:
        if isinstance(event, progress.RunDone):
            reports.append(event.report)

    if not is_address(parameters.repository):
        plan(parameters)  # what can be told at once is told without waiting for the server
    why = ""
    with progress.listening(keep), _shown(quiet=quiet), prefetch.begun(parameters) as ahead:
        fix_repository = _fix_repository()
        if _orchestrated(ahead):
            why = _run(fix_repository, form_of(parameters))
        elif ahead:
            stages.end(ahead.take())
    if not reports:
        raise StomperError(why or "the run ended without a report")
    return reports[0]


def _orchestrated(ahead: HeadStart | None) -> bool:
    """Wait for the server. False as soon as it is known that there is nothing to do for it, unless somebody can look at
    that server: there the run is to be seen."""
    return embedded.wait(unless=ahead.over if ahead and embedded.in_use() else None)


def run_fleet(parameters: FleetParameters, *, quiet: bool = False) -> FleetReport:
    """What became of each repository of a fleet. Raises StomperError when none was begun."""
    reports: list[FleetReport] = []

    def keep(event: progress.Event) -> None:
        if isinstance(event, FleetDone):
            reports.append(event.report)

    runs_of(parameters)
    with progress.listening(keep), _shown(quiet=quiet):
        fix_fleet = _fix_fleet()
        embedded.wait()
        said = _run(fix_fleet, form_of_fleet(parameters))
    if not reports:
        raise StomperError(said or "the run ended without a report")
    return reports[0]


def _fix_repository() -> Any:
    with _without_garbage_collection():
        from flows.fix_repository import fix_repository
    return fix_repository


def _fix_fleet() -> Any:
    with _without_garbage_collection():
        from flows.fix_fleet import fix_fleet
    return fix_fleet


@contextlib.contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Around an import of Prefect. What is imported stays: looking for garbage in it would take a while."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _run(flow: Any, form: Mapping[str, Any]) -> str:
    """Run *flow* to its end. What it ended with, in words."""
    from httpx import HTTPError
    from prefect.exceptions import PrefectException

    try:
        with _served():
            return str(flow(**form, return_state=True).message or "")
    except (HTTPError, PrefectException, RuntimeError) as error:  # Prefect's own: what the flow raises is its state
        said = (
            f"the Prefect server at {os.environ['PREFECT_API_URL']} cannot be worked with: {error}",
            embedded.next_step(),
            "`stomper doctor` looks at it. What was proven is kept: `stomper resume` goes on with it",
        )
        return "\n".join(line for line in said if line)


@contextlib.contextmanager
def _shown(*, quiet: bool) -> Iterator[None]:
    """Show what happens in the block on stderr, and stop it on signals."""
    from stomper.reports.terminal import Display, plain_lines

    errors = Console(stderr=True)
    with contextlib.ExitStack() as stack:
        if errors.is_terminal and not quiet:
            display = Display()
            stack.enter_context(progress.listening(display))
            stack.enter_context(
                Live(get_renderable=display.__rich__, console=errors, transient=True, refresh_per_second=8)
            )
        elif not quiet:
            write = plain_lines(lambda line: errors.print(line, markup=False, highlight=False, soft_wrap=True))
            stack.enter_context(progress.listening(write))
        stack.enter_context(signals.stopping_on_signals())
        progress.emit(progress.StageBegan("start", detail="Prefect"))
        yield


@contextlib.contextmanager
def _served() -> Iterator[None]:
    """Around a flow: end when the embedded server dies, and send that one no heartbeats. Nobody looks at them there, and
    Prefect waits up to a second for their thread when a flow ends."""
    silent = prefect_internals.without_heartbeats() if embedded.in_use() else contextlib.nullcontext()
    with embedded.watched(_server_gone), silent:
        yield


def _server_gone() -> None:
    """End at once, in order: the flow cannot go on without its server."""
    processes.stop_all()
    abandon()
    sys.stderr.write(
        f"\nstomper: the embedded Prefect server died: see {paths.home() / 'server' / 'server.log'}. What was proven is "
        "kept: `stomper resume` goes on with it\n"
    )
    sys.stderr.flush()
    os._exit(2)
