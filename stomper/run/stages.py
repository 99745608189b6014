"""The stages of a run between its opening and its end, whoever works on the files: the flow, or nobody where none are to be
worked on."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence

from stomper import progress
from stomper.checkers.verify import Collected
from stomper.errors import NO_MEMORY, Cancelled, RepositoryError, StomperError
from stomper.fixing.session import Session
from stomper.git.repository import exists
from stomper.landing.land import Landing
from stomper.models import FileJob, LeftOut, Metrics, Outcome, Report
from stomper.run.report import report_of

Repair = Callable[[Sequence[FileJob]], Landing]
"""Processes the files and lands what is proven."""
Publish = Callable[[Report, Sequence[Outcome]], object]
"""Shows the report of a run that came to its end, beside the store and whoever listens."""


def carried_out(session: Session, repair: Repair, publish: Publish) -> Report:
    """The report of a run, remembered and told. What it could not go on from is the report's failure.

    *repair* is called where there are files to repair, or pull requests that may have to be settled."""
    try:
        return _carried_out(session, repair, publish)
    except (StomperError, MemoryError) as error:
        why = _pruned(session) or str(error) if isinstance(error, StomperError) else NO_MEMORY
        report = report_of(session, [], Metrics(), left_out=LeftOut(), landing=None, failure=why)
        if not isinstance(error, Cancelled):  # a run that was stopped can be resumed
            session.store.finish(report)
            if session.remote:
                session.remote.doubt()
        progress.emit(progress.RunDone(report))
        return report


def _carried_out(session: Session, repair: Repair, publish: Publish) -> Report:
    progress.emit(progress.StageBegan("collect"))
    session.collect()
    jobs, left_out = session.select()
    progress.emit(progress.JobsSelected(len(jobs), sum(len(job.diagnostics) for job in jobs)))
    landing = repair(jobs) if jobs or session.campaign else None
    outcomes = list(landing.outcomes) if landing else []
    if not all(outcome.proven for outcome in outcomes) and (why := _pruned(session)):
        raise RepositoryError(why)
    report = report_of(session, outcomes, Metrics.reduce(outcomes), left_out=left_out, landing=landing)
    session.store.finish(report)
    session.store.forget(session.run_id, session.memory.waiting(outcomes))
    publish(report, outcomes)
    progress.emit(progress.RunDone(report))
    return report


def _pruned(session: Session) -> str:
    """Where the base is gone, nothing could be read: that, and no verdict on any file. Empty where it is there."""
    with contextlib.suppress(Cancelled):
        if not exists(session.clone.path, session.base):
            return (
                f"commit {session.base[:8]}, which this run began with, was pruned meanwhile from {session.target.root} (by "
                "`git gc`, once no branch held it any more): run it again"
            )
    return ""


def cleanup(session: Session) -> None:
    """Nothing is left of the run but its commits, its report and its patches."""
    progress.emit(progress.StageBegan("cleanup"))
    session.close()


def over(session: Session, collected: Callable[[], Collected]) -> bool:
    """Whether a run ends as soon as its errors are *collected*: nothing is aimed at, or it cannot go on from there.

    Pull requests that may have to be settled, and people to be asked, are something to do where nothing is to fix too."""
    if session.campaign or session.settings.approve:
        return False
    try:
        return not session.chosen(collected()).jobs
    except Cancelled:
        return False
    except StomperError:
        return True


def end(session: Session) -> Report:
    """The report of a run that is `over`, which is put away: the same as a flow would come to, without one."""
    progress.emit(progress.StageBegan("initialize"))
    try:
        return carried_out(session, _nobody, lambda _report, _outcomes: None)
    finally:
        cleanup(session)


def _nobody(jobs: Sequence[FileJob]) -> Landing:
    raise AssertionError(f"{len(jobs)} file(s) to repair by nobody")
