"""One run of the complete suite for many patches: those that are ready at the same time are tested together.

A batch that passes proves each of its patches in the company of the others, as a merge queue does: what lands is tested once
more, as it lands. A batch that fails says nothing of a patch: the tests that fail in it are asked of each by itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from stomper.errors import Cancelled, StomperError
from stomper.git.worktree import Worktree
from stomper.models import Patch
from stomper.system.batching import Batches
from stomper.testing.flaky import Judgement, confirmed, still_worse, worse_again
from stomper.testing.results import AS_A_WHOLE, SuiteRun, worse
from stomper.testing.suite import Suite

_PATIENCE = 0.1
"""How long one that may begin waits for others at work, in the time that the suite takes."""

Verdict = tuple[Judgement, SuiteRun]


def suites_at_once(workers: int) -> int:
    """How many runs of the suite pay off beside each other: on half of the cores, as agents and checkers want theirs."""
    return max(1, min(workers, (os.cpu_count() or 1) // 2))


@dataclass(frozen=True)
class _Found:
    """What a run came to: a verdict on each of its patches; or the tests that tell which of them are to blame; or neither,
    and each of them has to be tested alone."""

    verdict: Verdict | None = None
    names: frozenset[str] = frozenset()
    cut: bool = False
    """Whether more tests fail than these, of which a patch alone might be told too."""

    @property
    def passed(self) -> bool | None:
        """Whether nothing is wrong; None when it is known, without another run, who is to blame for what is."""
        return not self.verdict[0].broken if self.verdict else None if self.names and not self.cut else False


class SharedSuites:
    """The runs of the complete suite for the patches of one run. Safe to use from several threads, which it keeps waiting.

    A batch is tested in the worktree of the thread that leads it: no lease is waited for, so that no two can wait for each
    other. *workers* threads at most are at work on files, *lent* says how many are now."""

    def __init__(self, suite: Suite, *, workers: int, at_once: int, lent: Callable[[], int] = lambda: 0) -> None:
        self._suite = suite
        self._patient = at_once < workers  # else nobody has to wait
        self._batches = Batches[Patch, _Found](
            workers, at_once, _apart, lambda found: found.passed, lambda here: lent() > here
        )

    def judge(self, patch: Patch, tree: Worktree, baseline: SuiteRun) -> Verdict:
        """What the complete suite has against *patch*, and the run in which that is seen.

        *tree* is at the patch, and is afterwards too, but for files that git ignores. Raises SuiteError for what this patch
        does to the suite, and Cancelled."""

        def work(patches: Sequence[Patch]) -> _Found:
            return self._run(patches, tree, baseline)

        patience_s = _PATIENCE * baseline.seconds if self._patient else 0.0
        for _ in range(2):  # an innocent one that was in two batches that failed has waited for long enough
            found = self._batches.turn(patch, work, alone=False, patience_s=patience_s) or _Found()
            if found.verdict:
                return found.verdict
            if not found.names:
                break
            judged, run = self._alone(found.names, tree, baseline)
            if judged.broken and not found.cut:
                return judged, run
            if judged.broken:
                break
        alone = self._batches.turn(patch, work, alone=True)
        assert alone and alone.verdict  # noqa: S101 - one patch alone always has one
        return alone.verdict

    def _alone(self, names: frozenset[str], tree: Worktree, baseline: SuiteRun) -> Verdict:
        """Return what the tests *names* alone have against the patch that *tree* is at."""
        now = self._suite.run(tree.path, names, known=baseline)
        bad, said = worse_again(self._suite, tree.path, baseline, now, names) or frozenset(), worse(baseline, now)
        return Judgement({key: said[key] for key in bad}, bad), now

    def _run(self, patches: Sequence[Patch], tree: Worktree, baseline: SuiteRun) -> _Found:
        """A run for *patches*, of which the first is the one that *tree* is at."""
        if len(patches) == 1:
            now = self._suite.run(tree.path, known=baseline)
            return _Found((confirmed(self._suite, tree.path, baseline, now), now))
        try:
            found = self._together(patches, tree, baseline)
        except Cancelled:
            raise
        except StomperError:  # each by itself will tell whose fault it is
            found = _Found()
        _put(tree, patches[:1])
        return found

    def _together(self, patches: Sequence[Patch], tree: Worktree, baseline: SuiteRun) -> _Found:
        _put(tree, patches)
        now = self._suite.run(tree.path, known=baseline)
        bad = worse(baseline, now)
        if AS_A_WHOLE in bad:  # a crash, a hang, an exit code: once is enough, since each has its own say
            return _Found()
        judged = confirmed(self._suite, tree.path, baseline, now, wholes=2)
        if not judged.broken:
            return _Found((judged, now))
        if not judged.alone:
            return _Found()
        # What fails by itself without any patch needs other tests before it, and would be held against all of them.
        tree.reset(patches[0].base)
        without = still_worse(self._suite, tree.path, baseline, judged.alone)
        names = judged.alone - without if without is not None else frozenset[str]()
        failing = {key for key, test in now.worst().items() if key in bad and test.status == "failed"}
        return _Found(names=names, cut=failing != names)


def _apart(patches: Sequence[Patch], other: Patch) -> bool:
    """Whether *other* meets none of *patches* in a file."""
    paths = {path for patch in patches for path in patch.paths}
    return other.base == patches[0].base and paths.isdisjoint(other.paths)


def _put(tree: Worktree, patches: Sequence[Patch]) -> None:
    """Put *tree* to the base with *patches*. Raises RepositoryError when they do not go together."""
    tree.reset(patches[0].base)
    tree.apply(b"".join(patch.diff for patch in patches))
