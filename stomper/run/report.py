"""The report of a run: all of it as data."""

from __future__ import annotations

from collections.abc import Sequence

from stomper.agents.api.agent import ApiAgent
from stomper.agents.ruff import RuffAgent
from stomper.checkers.selection import within
from stomper.checkers.unchecked import unchecked
from stomper.fixing.session import Session
from stomper.git.objects import modes_at
from stomper.git.plumbing import git, names
from stomper.guards.registry import guards_of
from stomper.landing.land import Landing
from stomper.models import Diagnostic, LeftOut, Metrics, Outcome, Report

_FEW = 5


def report_of(
    session: Session,
    outcomes: Sequence[Outcome],
    metrics: Metrics,
    *,
    left_out: LeftOut,
    landing: Landing | None,
    failure: str = "",
) -> Report:
    """All of the run as data, patches left out: they are in git or in their files."""
    baseline = session.baselines.known(session.target.head) or session.baselines.known(session.base)
    return Report(
        run_id=session.run_id,
        repository=session.shown,
        base=session.target.head,
        branch=session.lands_on,
        land=session.settings.land,
        checkers=session.checker_runs,
        tests=baseline.words if baseline else "not run",
        test_validation=session.settings.test_validation,
        test_runs=session.suite.whole_runs,
        part_test_runs=session.suite.part_runs,
        test_seconds=session.suite.seconds,
        errors_found=session.found,
        left_out=left_out,
        unchecked=() if outcomes or failure else unlooked(session),
        guards=guards_of([o.path for o in outcomes], session.settings.guards_off),
        outcomes=tuple(sorted((_placed(session, o) for o in outcomes), key=lambda o: o.path)),
        metrics=metrics,
        landed=landing.landed if landing else tuple(session.landed),
        pull_requests=session.campaign.requests if session.campaign else (),
        warnings=(*session.warnings, *session.calls.words, *session.watch.words),
        half_staged=_half_staged(session, outcomes),
        carried=session.carried,
        sandbox=session.sandbox.words
        if any(not isinstance(a, RuffAgent | ApiAgent) for a in session.agents)
        else "not needed",
        seconds=session.elapsed(),
        effort=session.meter.read(),
        max_parallel_files=session.settings.max_parallel_files,
        failure=failure or (landing.failure if landing else ""),
    )


def unlooked(session: Session) -> tuple[str, ...]:
    """Return a line for each language and each tool of the repository that no checker of the run covers, and one for
    edits that are in scope and were not looked at."""
    paths = modes_at(session.clone.path, session.base)
    lines = unchecked(paths, session.settings.checkers, [checker.name for checker in session.checkers])
    scope = session.scope
    edited = [] if scope.uncommitted else sorted(filter(within(scope.paths), session.target.dirty & paths.keys()))
    if edited:
        named = f"{', '.join(edited[:_FEW])}{' …' * (len(edited) > _FEW)}"
        return (
            *lines,
            f"read as committed, without their uncommitted changes: {named} (--changed takes them as they are)",
        )
    return lines


def _half_staged(session: Session, outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    """The files of proven patches for what is staged that have edits beside it."""
    if session.scope.uncommitted != "staged":
        return ()
    edited = set(names(git(("diff", "--name-only", "-z", "--no-ext-diff"), cwd=session.target.root)))
    return tuple(sorted(o.path for o in outcomes if o.proven and o.patch and edited & set(o.patch.paths)))


def _placed(session: Session, outcome: Outcome) -> Outcome:
    """The outcome with what is left where it is in the code: a patch that did not land has moved no line."""
    if outcome.commit or outcome.patch is None:
        return outcome
    there: dict[str, list[Diagnostic]] = {}
    for diagnostic in session.collected.by_path.get(outcome.path, ()):
        there.setdefault(diagnostic.fingerprint, []).append(diagnostic)

    def placed(some: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
        return tuple(there[d.fingerprint].pop(0) if there.get(d.fingerprint) else d for d in some)

    return outcome.model_copy(update={"remaining": placed(outcome.remaining), "unknown": placed(outcome.unknown)})
