"""Flaky tests told from broken ones: what fails is run again by itself, and what passes once is not broken.

A test is *broken* by a patch when it fails in `BROKEN` runs with the patch, of as many. It *fails at the base* when it does
so in `EXCUSED` runs: then it is held against no patch. More is asked for before a failure is excused than before a patch is
turned down, because what is excused lands. Of tests that fail in 30 % of their runs, one in 400 is taken for broken, and one
in 15,000 for failing at the base. What both failed and passed with the same code in this run is flaky.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, islice, zip_longest
from pathlib import Path

from stomper.testing.results import AS_A_WHOLE, CaseResult, SuiteRun, SuiteState, worse, worse_among
from stomper.testing.suite import Suite

BROKEN, EXCUSED = 5, 8
_PATIENCE_S = 60
"""Tests are run a third time and more often as long as that takes no longer than this, or than the complete suite."""
_ALONE = 50
"""Broken needs one test that fails each time: of very many some are enough."""


@dataclass(frozen=True)
class Judgement:
    """What a run that was worse than the baseline comes to once it was looked at again."""

    broken: Mapping[str, str] = field(default_factory=dict)
    """What is broken, in words, by the tests' keys."""
    alone: frozenset[str] = frozenset()
    """The keys of those that are broken also when they are run by themselves."""
    flaky: tuple[str, ...] = ()
    """What was worse and then was not, in words."""
    runs: int = 1
    """How many complete runs were made."""

    @property
    def said(self) -> list[str]:
        """Return what is broken in words."""
        return sorted(self.broken.values())


def as_warning(said: str) -> str:
    """Return what people are told of a flaky test, by its key or what `worse` said of it."""
    return f"flaky: {said.removesuffix(' is failed')} failed once and passed when it was run again"


def confirmed(suite: Suite, tree: Path, base: SuiteRun, now: SuiteRun, *, wholes: int = BROKEN) -> Judgement:
    """Return what is broken in *tree* and what is only flaky, of what is worse in *now* than in *base*.

    What fails is run again alone, which is cheap: if it fails there each time, it is broken. What passes alone may still be
    broken by what runs before it, so the whole suite has the last word: a test that passed alone is broken when it is worse
    in so many *wholes*, anything else when it is worse in two. Where no test is named (a crash, an exit code alone), any two
    bad runs are broken. A test that is known to be flaky is not, once it passed alone."""
    bad = worse(base, now)
    failed = some_of(test for key, test in now.worst().items() if key in bad and test.status == "failed")
    passed: frozenset[str] = frozenset()
    if failed and suite.selects:
        alone = suite.run(tree, failed, known=base)
        ranks = {key: test.rank for key, test in alone.worst().items()}
        again = frozenset(key for key in failed if ranks.get(key) == 0)
        if not again and (alone.state is SuiteState.TIMED_OUT or alone.returncode < 0):
            return Judgement({key: bad[key] for key in failed})
        if broken := _in_each(suite, tree, base, again, BROKEN - 2):
            flaky = tuple(sorted(bad[key] for key in again - broken))
            return Judgement({key: bad[key] for key in broken}, broken, flaky)
        passed = again.union(key for key in failed if ranks.get(key, 0) > 0)
    if not bad:
        return Judgement()
    return _by_all(suite, tree, base, bad, passed=passed, wholes=wholes)


def _by_all(
    suite: Suite, tree: Path, base: SuiteRun, bad: Mapping[str, str], *, passed: frozenset[str], wholes: int
) -> Judgement:
    """Return what complete runs say of what is *bad* in the first of them, where those in *passed* do pass by themselves."""
    left, seen, runs = {key: said for key, said in bad.items() if key not in passed & suite.flaky}, dict(bad), 1
    sure = dict[str, str]()
    while left and not sure and runs < wholes:
        now = worse(base, suite.run(tree, known=base))
        runs += 1
        if now and AS_A_WHOLE in {**left, **now}:
            return Judgement(bad, runs=runs)
        seen = {**now, **seen}
        left = {key: said for key, said in left.items() if key in now}
        sure = {key: said for key, said in left.items() if key not in passed}
    flaky = {key: said for key, said in seen.items() if key not in left}
    suite.flaky.update(flaky.keys() - {AS_A_WHOLE})
    return Judgement(sure or left, flaky=tuple(sorted(flaky.values())), runs=runs)


def still_worse(
    suite: Suite, tree: Path, base: SuiteRun, keys: frozenset[str], *, times: int = BROKEN
) -> frozenset[str] | None:
    """Those of *keys* that are worse than in *base* in each of so many runs of these alone; None when the first one says
    nothing."""
    return worse_again(suite, tree, base, suite.run(tree, keys, known=base), keys, times=times)


def worse_again(
    suite: Suite, tree: Path, base: SuiteRun, now: SuiteRun, keys: frozenset[str], *, times: int = BROKEN
) -> frozenset[str] | None:
    """The same, where *now* is the first of these runs."""
    bad = worse_among(base, now, keys)
    return _in_each(suite, tree, base, bad, times - 1) if bad else bad


def _in_each(suite: Suite, tree: Path, base: SuiteRun, keys: frozenset[str], times: int) -> frozenset[str]:
    """Those of *keys*, which failed by themselves, that do so in as many more runs, and in some more where they are known to
    be flaky. The others are flaky."""
    left, patience, most = keys, _Patience(base), times + EXCUSED - BROKEN
    for number in range(most):
        asked = left if number < times else left & suite.flaky
        bad = worse_among(base, suite.run(tree, asked, known=base), asked) if asked and patience.lasts else None
        if bad is None:  # nothing more is wanted, or it crashed, which speaks for none of them
            break
        left = left - (asked - bad)
    suite.flaky.update(keys - left)
    return left


def settled(suite: Suite, tree: Path, run: SuiteRun) -> SuiteRun:
    """*run*, of a base commit in *tree*, whose failures were seen in two runs at least: what passes in one of them is flaky,
    and counts as passed, so that no patch may make it fail each time."""
    failing = frozenset(test.key for test in run.worst().values() if test.status == "failed")
    if not failing:
        return run
    if not suite.selects or any(not test.collected for test in run.tests):
        return _either(suite, run, suite.run(tree))
    left, now, times, patience = failing, dict[str, CaseResult](), EXCUSED - 1, _Patience(run)
    while left and times and patience.lasts:
        again = suite.run(tree, left, known=run).worst()
        now |= {key: test for key, test in again.items() if key in left and test.status != "failed"}
        left, times = left - now.keys(), times - 1
    return _with(suite, run, now)


def _either(suite: Suite, first: SuiteRun, second: SuiteRun) -> SuiteRun:
    """The first of two complete runs: what failed in one of them alone counts as in the other, what vanished is left out."""
    if not second.state.is_verdict:
        return first
    one, two = first.worst(), second.worst()
    now = {key: max(one[key], two[key], key=_rank) for key in one.keys() & two.keys() if _mixed(one[key], two[key])}
    gone = [key for key in one.keys() - two.keys() if one[key].status != "failed"]
    tests = tuple(test for test in first.tests if test.key not in gone)
    return _with(suite, replace(first, tests=tests), now)


def _mixed(one: CaseResult, two: CaseResult) -> bool:
    return (one.status == "failed") != (two.status == "failed")


def _rank(test: CaseResult) -> int:
    return test.rank


def _with(suite: Suite, run: SuiteRun, now: Mapping[str, CaseResult]) -> SuiteRun:
    """*run* with the tests *now* as they are there, which are flaky."""
    suite.flaky.update(now)
    tests = tuple(now.get(test.key, test) for test in run.tests)
    if any(test.status == "failed" for test in tests) or not now:
        return replace(run, tests=tests)
    return replace(run, tests=tests, state=SuiteState.PASSED, returncode=0, complaint="")


class _Patience:
    """How long it may take to run some tests again."""

    def __init__(self, whole: SuiteRun) -> None:
        self._until = time.monotonic() + max(_PATIENCE_S, whole.seconds)

    @property
    def lasts(self) -> bool:
        return time.monotonic() < self._until


def some_of(tests: Iterable[CaseResult], most: int = _ALONE) -> list[str]:
    """The keys of at most so many tests, from as many files as there are: one file's failures hide no other's."""
    by_file: dict[str, list[str]] = defaultdict(list)
    for test in tests:
        by_file[test.path or test.name.rpartition("::")[0]].append(test.key)
    return list(islice(_in_turn(by_file.values()), most))


def _in_turn(lists: Collection[list[str]]) -> Iterator[str]:
    return (key for key in chain.from_iterable(zip_longest(*lists)) if key is not None)
