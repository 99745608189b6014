"""A suite without processes, for tests: what fails in it hangs on the patches that a worktree is at."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from stomper.errors import RepositoryError, SuiteError
from stomper.git.worktree import Worktree
from stomper.models import Change, Patch
from stomper.system import batching
from stomper.system.file_snapshot import KeptFiles
from stomper.testing.results import CaseResult, SuiteRun, SuiteState
from stomper.testing.shared_runs import SharedSuites, Verdict
from stomper.testing.suite import Suite

Kind = Literal[
    "good", "own test", "two tests", "common test", "crash", "hang", "refused", "by order", "needy", "clash", "pair"
]
BLOB, MODE = "1" * 40, "100644"


def patch_of(number: int, *paths: str, base: str = "0") -> Patch:
    """The patch of that number, which its diff names."""
    changes = (
        Change(path=path, old_mode=MODE, new_mode=MODE, old_blob=BLOB, new_blob=BLOB)
        for path in paths or (f"{number}.py",)
    )
    return Patch(base=base, changes=tuple(changes), diff=f"{number}\n".encode())


@dataclass(eq=False)
class PlainTree(Worktree):
    """A worktree that only knows which patches it is at."""

    at: set[int] = field(default_factory=set)
    kinds: Sequence[Kind] = ()

    def reset(self, commit: str) -> None:  # noqa: ARG002 - there is one base
        self.at.clear()

    def apply(self, diff: bytes, **_: object) -> None:
        numbers = [int(line) for line in diff.split()]
        if sum(self.kinds[number] == "clash" for number in numbers) > 1:
            raise RepositoryError("it does not apply")
        self.at.update(numbers)


class PlainSuite(Suite):
    """Patches do to it what their *kinds* say. It counts its runs as any suite does."""

    def __init__(self, kinds: Sequence[Kind]) -> None:
        self.kinds = kinds
        self.selects = True
        self.flaky: set[str] = set()
        self.whole_runs = self.part_runs = 0
        self.batches: list[frozenset[int]] = []
        """The patches of each complete run."""
        self._trees: dict[Path, PlainTree] = {}
        self._locked = threading.Lock()

    def tree(self, *numbers: int) -> PlainTree:
        """A worktree at these patches."""
        with self._locked:
            path = Path(f"/{len(self._trees)}")
            self._trees[path] = PlainTree(path, path, path, KeptFiles(), at=set(numbers), kinds=self.kinds)
            return self._trees[path]

    def run(self, tree: Path, only: Collection[str] = (), **_: object) -> SuiteRun:
        at = frozenset(self._trees[tree].at)
        with self._locked:
            self.whole_runs += not only
            self.part_runs += bool(only)
            if not only:
                self.batches.append(at)
        there = {self.kinds[number] for number in at}
        if "refused" in there:
            raise SuiteError("the tests are about other code")
        if "crash" in there or "hang" in there:
            state = SuiteState.CRASHED if "crash" in there else SuiteState.TIMED_OUT
            return SuiteRun(state, (), -11, 0.0)
        failing = self._failing(at, whole=not only)
        tests = tuple(
            CaseResult(name, "failed" if name in failing else "passed", output=f"output of {name}")
            for name in self._names()
            if not only or name in only
        )
        return SuiteRun(SuiteState.FAILED if failing else SuiteState.PASSED, tests, int(bool(failing)), 0.0)

    def _names(self) -> list[str]:
        return ["common", "by order", "needy", *(f"{what} {n}" for n in range(len(self.kinds)) for what in ("a", "b"))]

    def _failing(self, at: Collection[int], *, whole: bool) -> set[str]:
        kinds = Counter(self.kinds[number] for number in at)
        failing = {f"a {number}" for number in at if self.kinds[number] in ("own test", "two tests")}
        failing |= {f"b {number}" for number in at if self.kinds[number] == "two tests"}
        failing |= {"common"} if kinds["common test"] or kinds["pair"] > 1 else set()
        failing |= {"by order"} if kinds["by order"] and whole else set()
        return failing | ({"needy"} if kinds["needy"] or not whole else set())


def told(judge: Callable[[], Verdict]) -> tuple[object, ...]:
    """All that a file is told of a verdict."""
    try:
        judged, run = judge()
    except SuiteError as error:
        return (str(error),)
    return judged.said, judged.flaky, run.said_of(judged.said)


def judged(suite: PlainSuite, *, workers: int, at_once: int, patches: Sequence[Patch] = ()) -> list[tuple[object, ...]]:
    """What is told of each patch, by so many threads that take one after the other."""
    patches = patches or [patch_of(number) for number in range(len(suite.kinds))]
    baseline = SuiteRun(SuiteState.PASSED, suite.run(suite.tree().path).tests, 0, 600.0)
    futures: list[Future[tuple[object, ...]]] = []

    def lent() -> int:
        return min(workers, sum(not future.done() for future in list(futures)))

    shared = SharedSuites(suite, workers=workers, at_once=at_once, lent=lent)
    begin = threading.Event()

    def one(number: int) -> tuple[object, ...]:
        begin.wait()
        tree = suite.tree(number)
        said = told(lambda: shared.judge(patches[number], tree, baseline))
        assert len(said) == 1 or tree.at == {number}
        return said

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(workers) as pool:
        patch.setattr(batching, "_WAKE_S", 0.002)
        futures += [pool.submit(one, number) for number in range(len(suite.kinds))]
        begin.set()
        return [future.result() for future in futures]
