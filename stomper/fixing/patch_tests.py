"""The tests of one file's patch: the complete suite, or only the tests that the patch can reach."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stomper.analysis.risk import risk
from stomper.fixing.session import Session
from stomper.git.worktree import Worktree
from stomper.guards.base import Diff
from stomper.testing.flaky import BROKEN, Judgement, confirmed, some_of, still_worse
from stomper.testing.results import SuiteRun, SuiteState, worse, worse_among

_ENOUGH = 10
"""A patch is turned down for one test: with so many new failures, the others that it can reach are of no matter."""


@dataclass(frozen=True)
class Tested:
    """What the tests have against a patch, and in words which tests they were."""

    judged: Judgement
    run: SuiteRun
    words: str


def judge_patch(session: Session, diff: Diff, tree: Worktree) -> Tested:
    """Test the patch that *tree* is at, as `test_validation` asks for. Raises SuiteError when the tests prove nothing."""
    baseline = session.baselines.at(session.base)

    def wholly(words: str = "") -> Tested:
        return _test_wholly(session, baseline, diff, tree, words)

    if session.settings.test_validation != "quick":
        return wholly()
    if baseline.state is SuiteState.NONE:
        return Tested(Judgement(), baseline, "no tests were found")
    if not session.suite.selects:
        return wholly("all tests: the command does not run some by name")
    selector = session.baselines.selector(session.base)
    selection = selector.select(diff.patch.changes, diff.before.get, diff.after.get)
    if selection.keys is None:
        return wholly(selection.words)
    if not selection.keys:
        return Tested(Judgement(), baseline, selection.words)
    enough = _ENOUGH + _failing(baseline, selection.keys)
    now = session.suite.run(tree.path, selection.keys, known=baseline, enough=enough)
    bad = worse_among(baseline, now, selection.keys)
    if bad is not None and not bad:
        return Tested(Judgement(), now, selection.words)
    judged = _confirmed_by_name(session, baseline, now, bad, tree.path) if bad else Judgement()
    if judged.broken:
        return Tested(judged, now, selection.words)
    return wholly(f"{selection.words}, then all")


def _test_wholly(session: Session, baseline: SuiteRun, diff: Diff, tree: Worktree, words: str) -> Tested:
    if lands_tested(session, diff):
        judged, now = session.shared.judge(diff.patch, tree, baseline)
    else:
        now = session.suite.run(tree.path, known=baseline)
        judged = confirmed(session.suite, tree.path, baseline, now)
    return Tested(judged, now, words)


def lands_tested(session: Session, diff: Diff) -> bool:
    """Whether the patch goes nowhere without one more complete run over it and just what goes there with it.

    A patch that is kept as a file may be applied without the others, so it has to be proven without them."""
    return session.settings.land != "patch" and risk(diff.before, diff.after, diff.parser) in session.settings.risks


def _failing(baseline: SuiteRun, keys: frozenset[str]) -> int:
    """How many of the tests fail without the patch, too, and how many files cannot be collected."""
    failing = (test for test in baseline.worst().values() if test.status == "failed")
    return sum(test.key in keys or not test.collected for test in failing)


def _confirmed_by_name(
    session: Session, baseline: SuiteRun, now: SuiteRun, bad: frozenset[str], tree: Path
) -> Judgement:
    """Return what is broken of the tests *bad*: those that fail by themselves each time, and do not without the patch.

    The others need tests that were not run before them, or are flaky: the complete suite has to say."""
    known, ran = {**baseline.worst(), **now.worst()}, now.worst().keys()
    names = frozenset(some_of(known[key] for key in (bad & ran or bad)))  # what was not run any more is no worse for it
    again = still_worse(session.suite, tree, baseline, names, times=BROKEN - 1) or frozenset()
    if not again:
        return Judgement()
    with session.pool.lease(session.base) as base:
        without = still_worse(session.suite, base.path, baseline, again)
    if without is None:
        return Judgement()
    session.baselines.selector(session.base).leave_out(without)
    said = worse(baseline, now)
    return Judgement({key: said[key] for key in again - without}, again - without)
