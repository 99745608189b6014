"""The target's tests: run in a worktree, read test by test, compared with a baseline."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from xml.etree import ElementTree

from stomper import proc
from stomper.environment import Environment
from stomper.errors import SuiteError
from stomper.imports import OUT, PROBE, refuse_strangers, strangers, write_probe


class SuiteState(StrEnum):
    """How a run of the suite ended. A crash or a timeout says nothing about the tests."""

    PASSED = "passed"
    FAILED = "failed"
    NONE = "no tests"
    COLLECTION = "cannot be collected"
    CRASHED = "crashed"
    TIMED_OUT = "timed out"


@dataclass(frozen=True)
class CaseResult:
    """One test. *status*: passed, skipped or failed (errors in set-up count as failed). *node* is how pytest is asked
    for it alone."""

    name: str
    status: str
    message: str = ""
    path: str = ""
    line: int = 0
    node: str = ""


@dataclass(frozen=True)
class SuiteRun:
    """One run of the suite."""

    state: SuiteState
    tests: tuple[CaseResult, ...]
    returncode: int
    seconds: float
    complaint: str = ""
    kept: str = ""
    """When an earlier run saw this; empty for this one."""

    @property
    def words(self) -> str:
        """One line for people."""
        counts = {s: sum(t.status == s for t in self.tests) for s in ("passed", "failed", "skipped")}
        numbers = ", ".join(f"{n} {s}" for s, n in counts.items() if n)
        end = f" (exit code {self.returncode}): {self.complaint}" if self.state is SuiteState.CRASHED else ""
        kept = f" (as a run saw them on {self.kept})" if self.kept else ""
        return f"{self.state}{end}" + (f" · {numbers}" if numbers else "") + kept

    def said_of(self, broken: Sequence[str]) -> str:
        """What the tests that *broken* names printed of their failures."""
        return "\n".join(f"{t.name}: {t.message}" for t in self.tests if any(b.startswith(t.name) for b in broken))


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


def confirmed(suite: Suite, tree: Path, base: SuiteRun, now: SuiteRun) -> tuple[list[str], list[str]]:
    """What is broken in *tree* and what is only flaky, of what is worse in *now* than in *base*, in words.

    What fails is run once more alone: if it fails there too, it is broken. What passes alone may still be broken by what
    runs before it, so the whole suite has the last word: what fails in it twice is broken, what failed once is flaky.
    """
    bad = worse(base, now)
    if not bad:
        return [], []
    nodes = _nodes(now, bad)
    if nodes and now.state in (SuiteState.FAILED, SuiteState.COLLECTION):
        alone = suite.run(tree, nodes)
        failed = {t.name for t in alone.tests if t.status == "failed"}
        if failed or alone.state in (SuiteState.CRASHED, SuiteState.TIMED_OUT):
            return [b for b in bad if b.removesuffix(" is failed") in failed] or bad, []
    again = worse(base, suite.run(tree))
    return [b for b in bad if b in again], [b for b in bad if b not in again]


def _nodes(now: SuiteRun, bad: Sequence[str]) -> list[str]:
    """The failed tests among *bad* as pytest takes them; empty unless all of *bad* can be asked for."""
    by_name = {f"{_ADDRESS.sub('0x', t.name)} is failed": t.node for t in now.tests}
    nodes = [by_name.get(b, "") for b in bad]
    return nodes if all(nodes) else []


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
        self._counting = threading.Lock()
        self.whole_runs = 0
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
        """Run all tests in *tree*, or *only* these files or tests.

        Raises SuiteError when the command does not exist, or the tests are about other code than *tree*'s."""
        self._scratch.mkdir(parents=True, exist_ok=True)
        with self._counting:
            self.whole_runs += not only
        argv = self.argv()
        is_pytest = any(Path(word).name in ("pytest", "py.test") for word in argv)
        env = self._environment.variables(tree)
        with tempfile.TemporaryDirectory(dir=self._scratch, prefix="tests-") as folder:
            junit = Path(folder) / "junit.xml"
            env["TMPDIR"] = folder
            # xunit1 names the file of each test; the cache goes elsewhere, so that nothing is written into the tree.
            options = (
                f"--junitxml={junit}",
                "-o",
                "junit_family=xunit1",
                "-o",
                f"cache_dir={folder}/cache",
                "-p",
                PROBE,
            )
            env[OUT] = str(loaded := write_probe(Path(folder)))
            env["PYTHONPATH"] = os.pathsep.join((env["PYTHONPATH"], folder))
            if is_pytest:
                argv = (*argv, *options, *only)
            else:
                env["PYTEST_ADDOPTS"] = " ".join([os.environ.get("PYTEST_ADDOPTS", ""), *map(shlex.quote, options)])
            try:
                done = proc.run(argv, cwd=tree, timeout_s=self._timeout_s, env=env, contain=True)
            except proc.ProgramMissing as error:
                raise SuiteError(f"test command: {error}; set test_command or --test-validation none") from None
            refuse_strangers(strangers(loaded, self._environment.root, tree))
            return _judge(done, junit, tree, is_pytest=is_pytest)


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
    failed = SuiteState.COLLECTION if is_pytest and done.returncode == 2 else SuiteState.FAILED
    state = SuiteState.PASSED if done.returncode == 0 else failed
    return SuiteRun(state, tests, done.returncode, done.seconds, complaint if state is not SuiteState.PASSED else "")


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
        line = int(case.get("line") or 0) + 1 if path else 0
        results.append(CaseResult(name, status, "".join(message), path, line, _node(case, path)))
    return tuple(results)


def _node(case: ElementTree.Element, path: str) -> str:
    """How pytest is asked for one test alone: file, classes, name; empty when that cannot be told."""
    classname, name = case.get("classname") or "", case.get("name") or ""
    module = path.removesuffix(".py").replace("/", ".")
    if not path or not classname.startswith(module):
        return ""
    return "::".join([path, *filter(None, classname.removeprefix(module).split(".")), name])
