"""The target's tests: run in a worktree, read test by test, compared with a baseline."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from xml.etree import ElementTree

from stomper import proc
from stomper.environment import Environment
from stomper.errors import SuiteError


class SuiteState(StrEnum):
    """How a run of the suite ended. Only the first three say anything about the tests."""

    PASSED = "passed"
    FAILED = "failed"
    NONE = "no tests"
    CRASHED = "crashed"
    TIMED_OUT = "timed out"


@dataclass(frozen=True)
class CaseResult:
    """One test. *status*: passed, skipped or failed (errors in set-up count as failed)."""

    name: str
    status: str
    message: str = ""
    path: str = ""
    line: int = 0


@dataclass(frozen=True)
class SuiteRun:
    """One run of the suite."""

    state: SuiteState
    tests: tuple[CaseResult, ...]
    returncode: int
    seconds: float
    complaint: str = ""

    @property
    def words(self) -> str:
        """One line for people."""
        counts = {s: sum(t.status == s for t in self.tests) for s in ("passed", "failed", "skipped")}
        numbers = ", ".join(f"{n} {s}" for s, n in counts.items() if n)
        end = f" (exit code {self.returncode}): {self.complaint}" if self.state is SuiteState.CRASHED else ""
        return f"{self.state}{end}" + (f" · {numbers}" if numbers else "")


_RANK = {"passed": 2, "skipped": 1, "failed": 0}
_ADDRESS = re.compile(r"0x[0-9a-fA-F]+")


def worse(base: SuiteRun, now: SuiteRun) -> list[str]:
    """What is worse in *now* than in *base*, in words; empty when nothing is. A test that vanished is worse."""
    if now.state in (SuiteState.CRASHED, SuiteState.TIMED_OUT):
        return [f"the tests {now.words}"]
    if base.returncode == 0 and now.returncode not in (0, 5) and not now.tests:
        return [f"the tests fail with exit code {now.returncode}: {now.complaint}"]
    before, after = _ranks(base), _ranks(now)
    found = [f"{name} is gone" for name in before if name not in after]
    lower = [name for name, rank in before.items() if after.get(name, rank) < rank]
    new = [name for name, rank in after.items() if name not in before and rank == 0]
    words = {rank: status for status, rank in _RANK.items()}
    return sorted([*found, *(f"{name} is {words[after[name]]}" for name in (*lower, *new))])


def _ranks(run: SuiteRun) -> dict[str, int]:
    """Each test's worst rank; addresses in names are folded, since they are others in each run."""
    ranks: dict[str, int] = {}
    for test in run.tests:
        name = _ADDRESS.sub("0x", test.name)
        ranks[name] = min(ranks.get(name, 9), _RANK[test.status])
    return ranks


class Suite:
    """How the target's tests are run. pytest is read through its JUnit file, anything else by its exit code."""

    def __init__(self, environment: Environment, command: str, timeout_s: float, scratch: Path) -> None:
        self._environment = environment
        self._timeout_s = timeout_s
        self._scratch = scratch
        try:
            self._given = tuple(shlex.split(command))
        except ValueError as error:
            raise SuiteError(f"test_command {command!r} cannot be split into words: {error}") from None

    def argv(self) -> tuple[str, ...]:
        """The command, before what is added for the JUnit file."""
        return self._given or (*self._environment.test_python, "-m", "pytest")

    def find(self) -> None:
        """Raise SuiteError when the command's program does not exist, before anything is paid for."""
        program = self.argv()[0]
        if "/" not in program and shutil.which(program, path=self._environment.variables().get("PATH")) is None:
            raise SuiteError(
                f"test command: there is no program {program!r}; set test_command or --test-validation none"
            )

    def run(self, tree: Path, only: Sequence[str] = ()) -> SuiteRun:
        """Run all tests in *tree*, or the files *only*. Raises SuiteError when the command does not exist."""
        self._scratch.mkdir(parents=True, exist_ok=True)
        argv = self.argv()
        is_pytest = any(Path(word).name in ("pytest", "py.test") for word in argv)
        env = self._environment.variables(tree)
        with tempfile.TemporaryDirectory(dir=self._scratch, prefix="tests-") as folder:
            junit = Path(folder) / "junit.xml"
            env["TMPDIR"] = folder
            # xunit1 names the file of each test; the cache goes elsewhere, so that nothing is written into the tree.
            options = (f"--junitxml={junit}", "-o", "junit_family=xunit1", "-o", f"cache_dir={folder}/cache")
            if is_pytest:
                argv = (*argv, *options, *only)
            else:
                env["PYTEST_ADDOPTS"] = " ".join([os.environ.get("PYTEST_ADDOPTS", ""), *map(shlex.quote, options)])
            try:
                done = proc.run(argv, cwd=tree, timeout_s=self._timeout_s, env=env, contain=True)
            except proc.ProgramMissing as error:
                raise SuiteError(f"test command: {error}; set test_command or --test-validation none") from None
            return _judge(done, junit, tree, is_pytest=is_pytest)

    def prove_imports(self, tree: Path) -> None:
        """Raise SuiteError unless the packages in *tree* are imported from it, not from an installed copy."""
        env = self._environment.variables(tree)
        for root in env["PYTHONPATH"].split(os.pathsep):
            for marker in sorted(Path(root).glob("*/__init__.py")):
                name = marker.parent.name
                if not name.isidentifier() or name in ("tests", "test", "docs"):
                    continue
                code = f"import importlib.util as u; s = u.find_spec({name!r}); print(s.origin if s else '')"
                done = proc.run((*self._environment.test_python, "-c", code), cwd=tree, timeout_s=60, env=env)
                origin = done.text.strip().splitlines()[-1:] or [""]
                if done.returncode == 0 and not Path(origin[0]).is_relative_to(tree):
                    raise SuiteError(
                        f"the tests would import {name} from {origin[0]!r} instead of the worktree: nothing they say "
                        "would be about the fix. Uninstall that copy, or use --test-validation none"
                    )


def _judge(done: proc.Finished, junit: Path, tree: Path, *, is_pytest: bool) -> SuiteRun:
    tests = _read(junit, tree)
    complaint = done.complaint[-500:]
    if done.timed_out:
        return SuiteRun(SuiteState.TIMED_OUT, tests, done.returncode, done.seconds)
    if is_pytest and done.returncode == 5:
        return SuiteRun(SuiteState.NONE, tests, 5, done.seconds)
    # pytest: 2 is a collection error when tests are reported with it; 3, 4 and signals are no verdict.
    crashed = done.returncode < 0 or (is_pytest and (done.returncode > 2 or not tests))
    if crashed:
        return SuiteRun(SuiteState.CRASHED, tests, done.returncode, done.seconds, complaint)
    state = SuiteState.PASSED if done.returncode == 0 else SuiteState.FAILED
    return SuiteRun(state, tests, done.returncode, done.seconds, complaint if state is SuiteState.FAILED else "")


def _read(junit: Path, tree: Path) -> tuple[CaseResult, ...]:
    try:
        root = ElementTree.parse(junit).getroot()  # noqa: S314 - see above
    except (OSError, ElementTree.ParseError):
        return ()
    results = []
    for case in root.iter("testcase"):
        verdicts = {child.tag: child for child in case}
        bad = verdicts.get("failure", verdicts.get("error"))
        status = "failed" if bad is not None else "skipped" if "skipped" in verdicts else "passed"
        message = (bad.get("message") or "").strip().splitlines()[:1] if bad is not None else []
        name = f"{case.get('classname')}::{case.get('name')}".removeprefix("::")
        file = case.get("file") or ""
        path = file if (tree / file).is_file() else ""
        results.append(CaseResult(name, status, "".join(message), path, int(case.get("line") or 0) + 1 if path else 0))
    return tuple(results)
