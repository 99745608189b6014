"""What proving by tests costs: `final` in runs of the suite, and `quick` beside `full` on packages from PyPI.

`python -m benchmarks.suites [--json PATH] [--seconds 20] [--files 60] [--culprits 3] [--package NAME ...]`.

First a synthetic repository: each file has a test of its own that takes its share of the suite's seconds, and every
file is repaired, some of them wrongly. Then each source file of click and boltons gets an unused import; a scripted fix
removes it and, with a seed, changes one operator or constant in one of its functions. Each of these patches is proven as a
file's patch is, by `full` and by `quick`. Exit code 1 when `final` takes more than 9 runs of the suite or drops other
files than the culprits, when `quick` misses a culprit that `full` finds, or when it takes more than 35 % of the test time.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import resource
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.real_packages import PACKAGES, test_python, unpacked
from benchmarks.repositories import new_repository
from benchmarks.runs import end_fix, start_fix
from stomper.impact.contexts import Contexts
from stomper.models import Diagnostic, FileJob
from stomper.parameters import FixParameters
from stomper.proof import diff_of
from stomper.quick import judge_patch
from stomper.results import SuiteRun
from stomper.run import open_session
from stomper.session import Session
from stomper.testing import Suite

PACKAGES.update({"click": "8.5.1", "boltons": "26.2.0"})
SOURCES = {"click": "src/click", "boltons": "boltons"}
UNUSED = "import sys as nobody_uses_this\n"
SWAPS: dict[type[ast.AST], str] = {
    ast.Eq: "!=", ast.NotEq: "==", ast.Is: "is not", ast.IsNot: "is", ast.In: "not in", ast.NotIn: "in", ast.Lt: ">=",
    ast.LtE: ">", ast.Gt: "<=", ast.GtE: "<",
}  # fmt: skip


@dataclass(frozen=True)
class Final:
    """What `final` took over the synthetic repository."""

    files: int
    culprits: int
    suite_seconds: float
    suite_runs: int
    part_runs: int
    test_seconds: float
    dropped: tuple[str, ...]
    landed: int


@dataclass(frozen=True)
class Proven:
    """One patch, as `full` or `quick` saw it."""

    path: str
    broken: tuple[str, ...]
    words: str
    seconds: float
    cpu_seconds: float


@dataclass(frozen=True)
class Compared:
    """One package."""

    package: str
    full: tuple[Proven, ...]
    quick: tuple[Proven, ...]
    full_baseline: Proven
    quick_baseline: Proven

    @property
    def missed(self) -> list[str]:
        """The culprits that only `full` finds."""
        found = {p.path for p in self.quick if p.broken}
        return [p.path for p in self.full if p.broken and p.path not in found]

    @property
    def ratio(self) -> float:
        """The processor time of the tests of all patches by `quick` to that by `full`, without the baseline of either."""
        return sum(p.cpu_seconds for p in self.quick) / sum(p.cpu_seconds for p in self.full)

    @property
    def wall_ratio(self) -> float:
        """The same by the clock, which other work on the machine disturbs."""
        return sum(p.seconds for p in self.quick) / sum(p.seconds for p in self.full)


def run_final(files: int, culprits: int, seconds: float) -> Final:
    """Repair a synthetic repository, some files of it wrongly."""
    with tempfile.TemporaryDirectory(prefix="stomper-suites-") as name:
        folder = Path(name).resolve()
        root = folder / "repo"
        root.mkdir()
        names = [f"part{number:03}" for number in range(files)]
        for module in names:
            (root / f"{module}.py").write_text("import os\n\n\ndef value():\n    return 1\n", encoding="utf-8")
            (root / f"test_{module}.py").write_text(
                f"import time\n\nimport {module}\n\n\ndef test_value():\n    time.sleep({seconds / files})\n"
                f"    assert {module}.value() == 1\n",
                encoding="utf-8",
            )
        new_repository(root)
        wrong = random.Random(culprits).sample(names, culprits)  # noqa: S311 - a seed, no secret
        rules: list[dict[str, str]] = [
            {"path": f"{module}.py", "action": "replace", "old": "return 1", "new": "return 2"} for module in wrong
        ]
        rules.append({"path": "*", "action": "drop_lines"})
        command = json.dumps(f"{sys.executable} -m pytest -p no:xdist")
        script, config = folder / "script.json", folder / "stomper.toml"
        script.write_text(json.dumps({"rules": rules}), encoding="utf-8")
        config.write_text(
            f"python = {json.dumps(sys.executable)}\nmax_attempts = 1\ntest_command = {command}\n"
            '[checkers.ruff]\nargs = ["--select", "F401"]\n[checkers.mypy]\nenabled = false\n[agents.ruff]\n'
            f"enabled = false\n[agents.bench]\nkind = 'scripted'\nscript = {json.dumps(str(script))}\nmax_attempts = 1\n",
            encoding="utf-8",
        )
        end = end_fix(start_fix(root, folder / "home", ["--config", str(config)]), timeout_s=1800)
        landed = {entry.path for entry in end.landed}
        return Final(
            files=files,
            culprits=culprits,
            suite_seconds=seconds,
            suite_runs=end.test_runs,
            part_runs=end.part_test_runs,
            test_seconds=end.test_seconds,
            dropped=tuple(sorted(f"{module}.py" for module in names if f"{module}.py" not in landed)),
            landed=len(landed),
        )


def with_unused(source: str) -> str:
    """The source with an unused import where imports may stand."""
    body = ast.parse(source).body
    first = next(
        (
            n
            for n in body
            if not (isinstance(n, ast.Expr) or (isinstance(n, ast.ImportFrom) and n.module == "__future__"))
        ),
        None,
    )
    lines = source.splitlines(keepends=True)
    at = min([first.lineno, *(d.lineno for d in getattr(first, "decorator_list", ()))]) - 1 if first else len(lines)
    return "".join([*lines[:at], UNUSED, *lines[at:]])


def damaged(source: str, chance: random.Random) -> str:
    """The source with one comparison, truth value or number in a function changed."""
    functions = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    edits = sorted({edit for f in functions for statement in f.body for edit in _edits(statement)})
    if not edits:
        return source
    line, start, end, text = chance.choice(edits)
    lines = source.splitlines(keepends=True)
    raw = lines[line].encode()
    lines[line] = (raw[:start] + text.encode() + raw[end:]).decode()
    return "".join(lines)


def _edits(statement: ast.stmt) -> Iterator[tuple[int, int, int, str]]:
    for node in ast.walk(statement):
        if isinstance(node, ast.Constant) and isinstance(node.value, int) and node.lineno == node.end_lineno:
            new = str(not node.value) if isinstance(node.value, bool) else str(node.value + 1)
            yield node.lineno - 1, node.col_offset, node.end_col_offset or 0, new
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and node.lineno == node.end_lineno:
            word = SWAPS[type(node.ops[0])]
            left, right = ast.unparse(node.left), ast.unparse(node.comparators[0])
            yield node.lineno - 1, node.col_offset, node.end_col_offset or 0, f"{left} {word} {right}"


@contextmanager
def opened(root: Path, mode: str) -> Iterator[Session]:
    """A session on *root* with this `test_validation`."""
    settings = {"test_validation": mode, "sandbox": "none", "python": str(test_python()), "checkers": ["ruff"]}
    session = open_session(FixParameters(repository=str(root), settings=settings))
    try:
        yield session
    finally:
        session.close()


class Meter:
    """The processor time of a suite's runs: of all that the process starts meanwhile, and that ends."""

    def __init__(self, suite: Suite) -> None:
        self.seconds = 0.0
        self._run = suite._run
        suite._run = self._metered  # type: ignore[method-assign]

    def _metered(self, tree: Path, asked: Any) -> tuple[SuiteRun, Contexts | None]:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        try:
            return self._run(tree, asked)
        finally:
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            self.seconds += after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def prove_each(root: Path, mode: str, patches: Sequence[tuple[str, str]]) -> tuple[Proven, list[Proven]]:
    """The baseline, and every patch (path, new source) proven by itself."""
    proven = []
    with opened(root, mode) as session:
        meter = Meter(session.suite)
        words = session.baselines.at(session.base).words
        baseline = Proven("", (), words, session.suite.seconds, meter.seconds)
        for path, source in patches:
            began, used = session.suite.seconds, meter.seconds
            with session.pool.lease(session.base) as tree:
                (tree.path / path).write_text(source, encoding="utf-8")
                patch = tree.patch(session.base)
                assert patch is not None
                job = FileJob(path=path, diagnostics=(Diagnostic(tool="ruff", code="F401", message="", path=path),))
                tested = judge_patch(session, diff_of(session, job, tree, patch), tree.path)
            seconds = session.suite.seconds - began
            cpu = meter.seconds - used
            proven.append(Proven(path, tuple(tested.judged.said[:3]), tested.words or "all tests", seconds, cpu))
            print(
                f"… {mode} {path}: {proven[-1].words}, {seconds:.1f} s, {len(tested.judged.broken)} broken",
                file=sys.stderr,
            )
        return baseline, proven


def compare(package: str, seed: int, most: int, skip: int = 0) -> Compared:
    """The same patches by `full` and by `quick`."""
    with tempfile.TemporaryDirectory(prefix="stomper-suites-") as name:
        root = Path(name).resolve() / package
        shutil.copytree(unpacked(package), root)
        chance, patches = random.Random(seed), []  # noqa: S311 - a seed, no secret
        for file in sorted((root / SOURCES[package]).rglob("*.py")):
            source = file.read_text(encoding="utf-8")
            file.write_text(with_unused(source), encoding="utf-8")
            if (bad := damaged(source, chance)) != source:
                patches.append((file.relative_to(root).as_posix(), bad))
        new_repository(root)
        patches = patches[skip : skip + most] if most else patches[skip:]
        results = {}
        for mode in ("quick", "full"):
            os.environ["STOMPER_HOME"] = str(Path(name) / mode)  # neither knows what the other has seen
            results[mode] = prove_each(root, mode, patches)
        return Compared(
            package, tuple(results["full"][1]), tuple(results["quick"][1]), results["full"][0], results["quick"][0]
        )


def main() -> int:
    """Measure, show, judge."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.suites", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="of the synthetic suite")
    parser.add_argument("--files", type=int, default=60)
    parser.add_argument("--culprits", type=int, default=3)
    parser.add_argument("--package", action="append", choices=sorted(SOURCES), help="default: all")
    parser.add_argument("--most", type=int, default=0, help="so many files of each package; 0 is all")
    parser.add_argument("--skip", type=int, default=0, help="so many files of each package")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=("final", "quick"), help="one of the two parts")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    good, told = True, dict[str, object]()
    console = Console(width=140)
    if given.only != "quick":
        final = run_final(given.files, given.culprits, given.seconds)
        told["final"] = asdict(final)
        good = (
            final.suite_runs <= 9
            and len(final.dropped) == final.culprits
            and final.landed == final.files - final.culprits
        )
        table = Table(
            "files", "culprits", "dropped", "runs of the suite", "runs of its failing tests", "test time / suite"
        )
        ratio = final.test_seconds / final.suite_seconds
        numbers = (final.files, final.culprits, len(final.dropped), final.suite_runs, final.part_runs)
        table.add_row(*map(str, numbers), f"{ratio:.1f}")
        console.print(table)
    if given.only != "final":
        table = Table(
            "package",
            "patches",
            "culprits by full",
            "by quick",
            "missed",
            "cpu time of tests, quick / full",
            "by the clock",
            "cpu time of the baseline, quick / full",
        )
        told["quick"] = packages = []
        for package in given.package or sorted(SOURCES):
            result = compare(package, given.seed, given.most, given.skip)
            packages.append(
                {**asdict(result), "missed": result.missed, "ratio": result.ratio, "wall_ratio": result.wall_ratio}
            )
            good = good and not result.missed and result.ratio <= 0.35
            found = [sum(bool(p.broken) for p in some) for some in (result.full, result.quick)]
            table.add_row(
                package, *map(str, (len(result.full), *found, len(result.missed))), f"{result.ratio:.2f}",
                f"{result.wall_ratio:.2f}", f"{result.quick_baseline.cpu_seconds / result.full_baseline.cpu_seconds:.2f}",
            )  # fmt: skip
        console.print(table)
    if given.json:
        given.json.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    print("ok" if good else "FAILED")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
