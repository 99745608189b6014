"""A suite whose tests fail by seeded dice, without a process: what whole runs make of it can be counted in hundreds."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from stomper.testing.results import CaseResult, SuiteRun, SuiteState
from stomper.testing.suite import Suite

RATE = 0.3
"""How often a flaky test fails for nothing."""


@dataclass(frozen=True)
class DicedTest:
    """One test of a file: it passes where *good* holds of the tree, and for a *flaky* one the dice allow it."""

    path: str
    good: Callable[[Path], bool]
    flaky: bool = False


class DicedSuite(Suite):
    """The tests by their keys, with dice that fall as the *seed* has it, one for each flaky test in each run."""

    def __init__(self, tests: Mapping[str, DicedTest], seed: int) -> None:
        self._tests = tests
        self._dice = Random(seed)  # noqa: S311 - a seed, no secret
        self.selects = True
        self.flaky: set[str] = set()
        self.whole_runs = self.part_runs = 0

    def run(self, tree: Path, only: Collection[str] = (), **_: object) -> SuiteRun:
        self.whole_runs += not only
        self.part_runs += bool(only)
        cases = tuple(
            CaseResult(key, "passed" if self._passes(test, tree) else "failed", path=test.path)
            for key, test in self._tests.items()
            if not only or key in only
        )
        failed = any(case.status == "failed" for case in cases)
        return SuiteRun(SuiteState.FAILED if failed else SuiteState.PASSED, cases, int(failed), 0.0)

    def _passes(self, test: DicedTest, tree: Path) -> bool:
        lucky = not test.flaky or self._dice.random() >= RATE
        return lucky and test.good(tree)


@contextlib.contextmanager
def diced(tests: Mapping[str, DicedTest], seed: int) -> Iterator[None]:
    """Every run of a suite in the block is one of *tests*."""
    dice = DicedSuite(tests, seed)

    def run(suite: Suite, tree: Path, only: Collection[str] = (), **_: object) -> SuiteRun:
        suite.selects = True
        suite.whole_runs += not only
        suite.part_runs += bool(only)
        return dice.run(tree, only)

    def trace(suite: Suite, tree: Path) -> tuple[SuiteRun, None]:
        return run(suite, tree), None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Suite, "run", run)
        patch.setattr(Suite, "trace", trace)
        yield
