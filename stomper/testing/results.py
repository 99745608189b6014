"""What a run of the target's tests came to: read test by test, and compared with another run."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from xml.etree import ElementTree

from stomper.system import processes
from stomper.testing.plugins.observer import ADDRESS

_OUTPUT_LIMIT = 2000  # characters
_GIST = 200  # characters
_FEW = 5
_FATAL = re.compile(r"Fatal Python error: .*")
_RAN = re.compile(r"^Ran (\d+) tests? in [\d.]+s", re.MULTILINE)
_SKIPPED = re.compile(r"^\w+ \([^)\n]*skipped=(\d+)", re.MULTILINE)
_SAID_FAILED = re.compile(r"^FAILED \(", re.MULTILINE)
_RAISED = re.compile(r"[A-Za-z_][\w.]*(Error|Exception|Exit|Interrupt)\b.*")


class SuiteState(StrEnum):
    """How a run of the suite ended. A crash or a timeout says nothing about the tests."""

    PASSED = "passed"
    FAILED = "failed"
    NONE = "no tests"
    COLLECTION = "cannot be collected"
    CRASHED = "crashed"
    TIMED_OUT = "timed out"

    @property
    def is_verdict(self) -> bool:
        """Whether the tests came to their end."""
        return self not in (SuiteState.CRASHED, SuiteState.TIMED_OUT)


@dataclass(frozen=True)
class CaseResult:
    """One test, or with *collected* unset a file that could not be read for tests. *status*: passed, skipped or failed
    (errors in set-up count as failed)."""

    name: str
    status: str
    message: str = ""
    path: str = ""
    line: int = 0
    collected: bool = True
    output: str = ""
    """The end of what pytest says of a failure."""

    @property
    def key(self) -> str:
        """Its name in any run: addresses of objects are others each time."""
        return ADDRESS.sub("0x", self.name)

    @property
    def rank(self) -> int:
        """The higher the better."""
        return ("failed", "skipped", "passed").index(self.status)


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
    ran: int | None = None
    """How many tests came to their end and were not skipped, where the runner tells no more of them than a number."""
    elsewhere: str = ""
    """What shows that the tests were about other code than the tree's: then those that pass prove nothing."""

    @property
    def passed(self) -> int | None:
        """How many tests passed, as far as the runner says something of them."""
        if self.tests:
            return sum(test.status == "passed" for test in self.tests)
        return self.ran

    @property
    def words(self) -> str:
        """One line for people."""
        counts = {s: sum(t.status == s for t in self.tests) for s in ("passed", "failed", "skipped")}
        numbers = ", ".join(f"{n} {s}" for s, n in counts.items() if n)
        end = f" (exit code {self.returncode}): {self.complaint}" if self.state is SuiteState.CRASHED else ""
        kept = f" (as a run saw them on {self.kept})" if self.kept else ""
        return f"{self.state}{end}" + (f" · {numbers}" if numbers else "") + kept

    @property
    def ending(self) -> str:
        """How it ended, in one line: with the reason where it came to no end."""
        crashed = self.state is SuiteState.CRASHED
        return f"{self.state} (exit code {self.returncode}): {gist(self.complaint)}" if crashed else self.words

    def said_of(self, broken: Sequence[str]) -> str:
        """What pytest says of the failures that the words of `worse` are about; of a run that broke off, its last words."""
        if not self.state.is_verdict:
            return self.complaint
        return "\n\n".join(f"{t.key}:\n{t.output or t.message}" for t in self._told(broken))

    def first_of(self, broken: Sequence[str]) -> str:
        """Return the words of *broken* in one line, failures first, and what the first of them says of itself."""
        told = self._told(broken)
        failed = dict.fromkeys(f"{t.key} is failed" for t in told)
        unread = [f"{t.key}: {t.message}" for t in self.tests if not t.collected and t.message]  # why others are gone
        message = next((f": {said[:_GIST]}" for said in (*(t.message for t in told), *unread) if said), "")
        words = [*failed, *sorted(set(broken) - failed.keys())]
        more = f" and {len(words) - _FEW} more" if len(words) > _FEW else ""
        return "; ".join(words[:_FEW]) + more + message

    def _told(self, broken: Sequence[str]) -> list[CaseResult]:
        return [t for t in self.tests if t.status == "failed" and f"{t.key} is failed" in broken]

    def worst(self) -> dict[str, CaseResult]:
        """The tests by their keys; of several that share one, the worst."""
        found: dict[str, CaseResult] = {}
        for test in self.tests:
            if test.key not in found or test.rank < found[test.key].rank:
                found[test.key] = test
        return found


_HEALTH = {SuiteState.PASSED: 2, SuiteState.NONE: 1}
AS_A_WHOLE = ""
"""The key of what is wrong with a run as a whole, among what is wrong with its tests."""


def worse(base: SuiteRun, now: SuiteRun) -> dict[str, str]:
    """What is worse in *now* than in *base*, in words, by the tests' keys; empty when nothing is.

    A test that vanished is worse. Words hold numbers and times, which differ from run to run: compare the keys."""
    if not now.state.is_verdict:
        return {AS_A_WHOLE: f"the tests {now.ending}"}
    before, after = base.worst(), now.worst()
    # A file that could not be collected is no test: when it can be, its entry goes and its tests come.
    bad = {key: f"{key} is gone" for key, test in before.items() if key not in after and test.collected}
    for key, test in after.items():
        if test.rank < (before[key].rank if key in before else 1):
            bad[key] = f"{key} is {test.status}"
    if not bad and now.elsewhere:
        bad[AS_A_WHOLE] = now.elsewhere
    if not bad and base.ran and not now.tests and (now.ran or 0) < base.ran:
        # One that is said to have passed, and has ended before its last test, may be so by what a patch does.
        bad[AS_A_WHOLE] = f"{now.ran or 'no'} tests came to their end, and {base.ran} did before"
    if not bad and _HEALTH.get(now.state, 0) < _HEALTH.get(base.state, 0):
        # No test says it: another command that the script runs, the coverage that is asked for, no tests any more.
        bad[AS_A_WHOLE] = f"the tests end with exit code {now.returncode}: {gist(now.complaint) or now.state}"
    return bad


def worse_among(base: SuiteRun, now: SuiteRun, keys: frozenset[str]) -> frozenset[str] | None:
    """Those of *keys* that are worse in *now*, a run of these alone; None when it came to no end, or was about other code,
    which says nothing of those that pass."""
    bad = keys & worse(base, now).keys()
    return bad if now.state.is_verdict and (bad == keys or not now.elsewhere) else None


def files_without(base: SuiteRun, keys: Collection[str]) -> frozenset[str]:
    """The files with tests of *base* that have none of *keys*, by the names of the modules that keys begin with.

    Where a test is defined says less: it may be inherited from a class in another file."""
    wanted = {module[:end] for module in {key.partition("::")[0] for key in keys} for end in _ends(module)}
    files = {test.path for test in base.tests if test.path.endswith(".py")}
    return frozenset(file for file in files if file[:-3].replace("/", ".") not in wanted)


def _ends(module: str) -> Iterator[int]:
    yield from (place for place, letter in enumerate(module) if letter == ".")
    yield len(module)


_INTERRUPTED = 2
_NEVER_RAN = range(126, 160)
"""What shells answer for programs that cannot be started, or that a signal ended."""


def judge(done: processes.Finished, junit: Path, tree: Path, argv: Sequence[str], *, enough: int = 0) -> SuiteRun:
    """How the command *argv* did in *tree*, by its end and the JUnit file that pytest left, if it did. With so many failures
    as are *enough* it was to end."""
    tests, counted = _read(junit, tree), _counted(done)
    # pytest-xdist calls such an end an interruption, pytest alone calls it a failure.
    ended = 0 < enough <= sum(t.status == "failed" for t in tests) and done.returncode == _INTERRUPTED
    code = 1 if ended else done.returncode
    uncollected = any(not t.collected for t in tests)
    if done.timed_out:
        state = SuiteState.TIMED_OUT
    elif (code == 5 and (is_pytest(argv) or "unittest" in argv)) or (code == 0 and not tests and counted == (0, 0)):
        state = SuiteState.NONE
    elif code < 0 or code in _NEVER_RAN or (is_pytest(argv) and (code > 1 or not tests)):
        # pytest: 2 is an interruption, 3 and 4 are errors of its own or of how it was called.
        state = SuiteState.CRASHED
    elif (
        code == 0
        and not any(t.status == "failed" for t in tests)
        and not (counted and _SAID_FAILED.search(_said(done)))
    ):
        state = SuiteState.PASSED
    else:
        state = SuiteState.COLLECTION if uncollected else SuiteState.FAILED
    complaint = "" if state in (SuiteState.PASSED, SuiteState.NONE) else _complaint(done)
    return SuiteRun(state, tests, code, done.seconds, complaint, ran=counted[0] - counted[1] if counted else None)


def _counted(done: processes.Finished) -> tuple[int, int] | None:
    """Return how many tests unittest, or one that prints as it does, says it ran, and how many of them it skipped; None
    where it does not say so."""
    if not (found := list(_RAN.finditer(_said(done)))):
        return None
    skipped = _SKIPPED.search(_said(done), found[-1].end())
    return int(found[-1][1]), int(skipped[1]) if skipped else 0


def _said(done: processes.Finished) -> str:
    return (done.stderr + b"\n" + done.stdout).decode(errors="replace")


def _complaint(done: processes.Finished) -> str:
    said = done.complaint[-500:]
    fatal = _FATAL.search(done.stderr.decode(errors="replace"))  # what follows it is long
    return f"{fatal[0]}\n{said}" if fatal and fatal[0] not in said else said


def gist(complaint: str) -> str:
    """Return the one line of what a program said last that tells the most; empty when it said nothing."""
    lines = [line.strip() for line in complaint.splitlines() if line.strip()]
    marked = [
        n for n, line in enumerate(lines) if line.startswith("E  ")
    ]  # pytest's; the last block is what came of it
    firsts = [n for n in marked if n - 1 not in marked]
    if firsts:
        return lines[firsts[-1]].removeprefix("E").strip()[:_GIST]
    telling = [line for line in lines if _FATAL.match(line) or _RAISED.fullmatch(line)]
    return (telling or lines or [""])[-1][:_GIST]


def is_pytest(argv: Sequence[str]) -> bool:
    """Whether a command is pytest itself, possibly behind a launcher."""
    return any(Path(word).name in ("pytest", "py.test") for word in argv)


def _read(junit: Path, tree: Path) -> tuple[CaseResult, ...]:
    try:
        root = ElementTree.parse(junit).getroot()  # noqa: S314 - the target's tests wrote it: they can do worse
    except (OSError, ElementTree.ParseError):
        return ()
    # What was under way when the run was interrupted has no name.
    return tuple(_case(case, tree) for case in root.iter("testcase") if case.get("name"))


def _case(case: ElementTree.Element, tree: Path) -> CaseResult:
    verdicts = {child.tag: child for child in case}
    bad = verdicts.get("failure", verdicts.get("error"))
    status = "failed" if bad is not None else "skipped" if "skipped" in verdicts else "passed"
    message = (bad.get("message") or "").strip() if bad is not None else ""
    if uncollected := bad is not None and message == "collection failure":
        said = [line.removeprefix("E ").strip() for line in (bad.text or "").splitlines() if line.startswith("E ")]
        message = said[-1] if said else message
    file = case.get("file") or ""
    path = file if (tree / file).is_file() else ""
    return CaseResult(
        name=f"{case.get('classname')}::{case.get('name')}".removeprefix("::"),
        status=status,
        message="".join(message.splitlines()[:1]),
        path=path,
        line=int(case.get("line") or 0) + 1 if path else 0,
        collected=not uncollected,
        output=(bad.text or "").strip()[-_OUTPUT_LIMIT:] if bad is not None else "",
    )
