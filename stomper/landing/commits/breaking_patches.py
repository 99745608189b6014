"""The tests of all patches together: what breaks them is found and dropped, and what is left passes the complete suite."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from stomper.fixing.session import Session
from stomper.landing.commits.bisect import Wrong, drop_by_name
from stomper.landing.commits.combine import combined
from stomper.models import Outcome
from stomper.testing.flaky import Judgement, confirmed, some_of, still_worse
from stomper.testing.results import AS_A_WHOLE, SuiteRun, SuiteState, worse, worse_among


@dataclass(frozen=True)
class Against:
    """What tests have against a patch, and whether all that say so are flaky."""

    words: str
    flaky: bool


Dropped = tuple[Outcome, Against]


def drop_breaking(session: Session, outcomes: Sequence[Outcome], tip: str) -> tuple[list[Outcome], list[Dropped]]:
    """The outcomes whose patches on *tip* pass the complete suite together, and those dropped with what tests say of them.

    Which patch breaks which test is found by runs of just those tests, and the complete suite decides at the end. Raises
    SuiteError when the tests prove nothing."""
    baseline = session.baselines.at(tip)
    if baseline.state is SuiteState.NONE:
        return list(outcomes), []
    tests = _Tests(session, baseline, tip)
    return drop_by_name(outcomes, tests.whole, tests.part, tests.surely)


class _Tests:
    """The tests of one tip, asked of some of the patches."""

    def __init__(self, session: Session, baseline: SuiteRun, tip: str) -> None:
        self._session = session
        self._baseline = baseline
        self._tip = tip
        self._only_together: set[str] = set()
        """The keys of tests that failed in two complete runs, and not by themselves."""

    def whole(self, outcomes: Sequence[Outcome]) -> Wrong[Against] | None:
        """What the complete suite has against these patches together."""
        with self._session.pool.lease(combined(self._session, outcomes, self._tip)) as tree:
            now = self._session.suite.run(tree.path, known=self._baseline)
            judged = self._judged(tree.path, now)
        self._session.feedback.note_flaky(judged.flaky)
        if not judged.broken:
            return None
        named = self._session.suite.selects and AS_A_WHOLE not in judged.broken
        names = self._names(judged, now) if named else frozenset()
        return Wrong(names, judged.alone & names, lambda some: self._say(judged, now, some), judged.runs)

    def _judged(self, tree: Path, now: SuiteRun) -> Judgement:
        """What is broken. A complete run is only repeated for tests that were not seen to need one before: where nothing has
        a name, the search for the culprits sees to it that none is dropped for one accident."""
        bad = worse(self._baseline, now)
        if AS_A_WHOLE in bad or bad.keys() <= self._only_together - self._session.suite.flaky:
            return Judgement(bad)
        judged = confirmed(self._session.suite, tree, self._baseline, now)
        if not judged.alone:
            self._only_together |= judged.broken.keys() - {AS_A_WHOLE}
        return judged

    def part(self, outcomes: Sequence[Outcome], names: frozenset[str]) -> frozenset[str] | None:
        """Those of the tests *names* that these patches together break; None when that cannot be said. One run says it, but
        of tests that are known to be flaky."""
        if names & self._session.suite.flaky:
            return self.surely(outcomes, names)
        with self._session.pool.lease(combined(self._session, outcomes, self._tip)) as tree:
            now = self._session.suite.run(tree.path, names, known=self._baseline)
        return worse_among(self._baseline, now, names)

    def surely(self, outcomes: Sequence[Outcome], names: frozenset[str]) -> frozenset[str] | None:
        """Those of the tests *names* that fail with these patches each time."""
        with self._session.pool.lease(combined(self._session, outcomes, self._tip)) as tree:
            return still_worse(self._session.suite, tree.path, self._baseline, names)

    def _names(self, judged: Judgement, now: SuiteRun) -> frozenset[str]:
        known = {**self._baseline.worst(), **now.worst()}
        return frozenset(some_of(known[key] for key in judged.broken))

    def _say(self, judged: Judgement, now: SuiteRun, names: Collection[str]) -> Against:
        said = {key: words for key, words in judged.broken.items() if key in names or not names}
        words = self._session.feedback.note_broken(sorted(said.values()), now)
        return Against(words, flaky=bool(words) and said.keys() <= self._session.suite.flaky)
