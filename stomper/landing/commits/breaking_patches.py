"""The tests of all patches together: what breaks them is found and dropped, and what is left passes the complete suite."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from stomper.fixing.session import Session
from stomper.landing.commits.bisect import Wrong, drop_by_name
from stomper.landing.commits.combine import combined
from stomper.models import Outcome
from stomper.testing.results import AS_A_WHOLE, SuiteRun, SuiteState, worse_among
from stomper.testing.suite import Judgement, confirmed, some_of

Dropped = tuple[Outcome, str]


def drop_breaking(session: Session, outcomes: Sequence[Outcome], tip: str) -> tuple[list[Outcome], list[Dropped]]:
    """The outcomes whose patches on *tip* pass the complete suite together, and those dropped with what tests say of them.

    Which patch breaks which test is found by runs of just those tests, and the complete suite decides at the end. Raises
    SuiteError when the tests prove nothing."""
    baseline = session.baselines.at(tip)
    if baseline.state is SuiteState.NONE:
        return list(outcomes), []
    tests = _Tests(session, baseline, tip)
    return drop_by_name(outcomes, tests.whole, tests.part)


class _Tests:
    """The tests of one tip, asked of some of the patches."""

    def __init__(self, session: Session, baseline: SuiteRun, tip: str) -> None:
        self._session = session
        self._baseline = baseline
        self._tip = tip

    def whole(self, outcomes: Sequence[Outcome]) -> Wrong | None:
        """What the complete suite has against these patches together."""
        suite = self._session.suite
        with self._session.pool.lease(combined(self._session, outcomes, self._tip)) as tree:
            now = suite.run(tree.path)
            judged = confirmed(suite, tree.path, self._baseline, now)
        self._session.feedback.note_flaky(judged.flaky)
        if not judged.broken:
            return None
        named = suite.selects and AS_A_WHOLE not in judged.broken
        names = self._names(judged, now) if named else frozenset()
        return Wrong(names, judged.alone & names, lambda some: self._say(judged, now, some))

    def part(self, outcomes: Sequence[Outcome], names: frozenset[str]) -> frozenset[str] | None:
        """Those of the tests *names* that these patches together break, in two runs of them alone; None when that cannot
        be said."""
        with self._session.pool.lease(combined(self._session, outcomes, self._tip)) as tree:
            bad = self._worse(tree.path, names)
            return self._worse(tree.path, bad) if bad else bad

    def _worse(self, tree: Path, names: frozenset[str]) -> frozenset[str] | None:
        now = self._session.suite.run(tree, names, known=self._baseline)
        return worse_among(self._baseline, now, names)

    def _names(self, judged: Judgement, now: SuiteRun) -> frozenset[str]:
        known = {**self._baseline.worst(), **now.worst()}
        return frozenset(some_of(known[key] for key in judged.broken))

    def _say(self, judged: Judgement, now: SuiteRun, names: Collection[str]) -> str:
        said = [words for key, words in judged.broken.items() if key in names or not names]
        return self._session.feedback.note_broken(sorted(said), now)
