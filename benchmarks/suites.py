"""What proving by tests costs: `final` and `full` in runs of the suite, and `quick` beside `full` on packages from PyPI.

`python -m benchmarks.suites [--quick]`.

First a synthetic repository: each file has a test of its own that takes its share of the suite's seconds, and every
file is repaired, some of them wrongly; by `final`, and by `full` with four files at once for each run. Then each
source file of click and boltons gets an unused import; a scripted fix removes it and, with a seed, changes one
operator or constant in one of its functions. Each of these patches is proven as a file's patch is, by `full` and by
`quick`. Exit code 1 when `final` or `full` drops other files than the culprits, or `quick` misses a culprit that
`full` finds.
"""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.command import Asked, folder_of, run
from benchmarks.mutants import damaged, with_unused
from benchmarks.real_packages import PACKAGES, test_python, unpacked
from benchmarks.repositories import new_repository
from benchmarks.results import Figure, Ratio, Result
from benchmarks.runs import RunEnd, end_fix, start_fix
from stomper.config.parameters import FixParameters
from stomper.fixing.patch_tests import judge_patch
from stomper.fixing.proof import diff_of
from stomper.fixing.session import Session
from stomper.models import Diagnostic, FileJob
from stomper.run.open import open_session
from stomper.testing.shared_runs import suites_at_once

PACKAGES.update({"click": "8.5.1", "boltons": "26.2.0"})
SOURCES = {"click": "src/click", "boltons": "boltons"}
SEED, QUICK_FILES = 1, 4
AT_ONCE = 4 * suites_at_once(workers=256)
"""So many files that four can share a run, on a machine of any number of cores."""


@dataclass(frozen=True)
class Spent:
    """Seconds by the clock, and of processors by all processes that ended meanwhile."""

    wall_s: float = 0.0
    cpu_s: float = 0.0


@dataclass(frozen=True)
class Proven:
    """The baseline of one way to prove, and its patches: which it found to break tests, and what all of them took."""

    baseline: Spent
    patches: Spent
    broken: frozenset[str]


@dataclass(frozen=True)
class Shape:
    """A synthetic repository: so many files are fixed, some of them wrongly, and its suite takes so many seconds."""

    files: int
    culprits: int
    seconds: float

    def words(self, mode: str) -> str:
        """What a run over it does."""
        return f"`{mode}`: a suite of {self.seconds:g} s, {self.files} files fixed, {self.culprits} of them wrongly"


def repaired(shape: Shape, mode: str, *more: str) -> tuple[RunEnd, tuple[str, ...]]:
    """A run by *mode* over a repository of that *shape*, with *more* settings; and what should not be."""
    files, culprits, share = shape.files, shape.culprits, shape.seconds / shape.files
    wait = f"time.sleep({share})"
    if mode == "full":  # many at once sleep as well as one, which is not how tests are
        wait = f"until = time.process_time() + {share}\n    while time.process_time() < until:\n        pass"
    with folder_of("suites") as folder:
        root = folder / "repo"
        root.mkdir()
        names = [f"part{number:03}" for number in range(files)]
        for module in names:
            (root / f"{module}.py").write_text("import os\n\n\ndef value():\n    return 1\n", encoding="utf-8")
            (root / f"test_{module}.py").write_text(
                f"import time\n\nimport {module}\n\n\ndef test_value():\n    {wait}\n"
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
            "".join(f"{line}\n" for line in (f'test_validation = "{mode}"', *more))
            + f"python = {json.dumps(sys.executable)}\nmax_attempts = 1\ntest_command = {command}\n"
            '[checkers.ruff]\nargs = ["--select", "F401"]\n[checkers.mypy]\nenabled = false\n[agents.ruff]\n'
            f"enabled = false\n[agents.bench]\nkind = 'scripted'\nscript = {json.dumps(str(script))}\nmax_attempts = 1\n",
            encoding="utf-8",
        )
        end = end_fix(start_fix(root, folder / "home", ["--config", str(config)]), timeout_s=1800)
    dropped = {f"{module}.py" for module in names} - {entry.path for entry in end.landed}
    mistaken = sorted(dropped ^ {f"{module}.py" for module in wrong})
    return end, tuple(f"{path} is a culprit that landed, or none that was dropped" for path in mistaken)


def prove_together(shape: Shape, asked: Asked) -> Result:
    """`final` over a synthetic repository, some files of which are repaired wrongly."""
    end, wrong = repaired(shape, "final")
    return Result(
        benchmark="suites",
        setup=shape.words("final"),
        rounds=1,
        quick=asked.quick,
        ratios=(Ratio(name="runs of the complete suite", values=(float(end.test_runs),), unit="", at_most=9),),
        figures=(
            Figure(name="runs of its failing tests alone", values=(float(end.part_test_runs),), unit=""),
            Figure(name="all tests", values=(end.test_seconds,)),
            Figure(name="the whole run", values=(end.seconds,)),
        ),
        wrong=wrong,
    )


def prove_shared(shape: Shape, asked: Asked) -> Result:
    """`full` over the same, in runs that files share, beside a run for each file, one at the base and one at the end."""
    end, wrong = repaired(shape, "full", f"max_parallel_files = {AT_ONCE}")
    apart = shape.files + 2
    return Result(
        benchmark="suites",
        setup=f"{shape.words('full')}, {AT_ONCE} at once",
        rounds=1,
        quick=asked.quick,
        ratios=(
            Ratio(
                name="runs of the complete suite, over one for each file, the base and what lands",
                values=(end.test_runs / apart,),
                at_most=0.6,
            ),
        ),
        figures=(
            Figure(name="runs of the complete suite", values=(float(end.test_runs),), unit=""),
            Figure(name="runs of its failing tests alone", values=(float(end.part_test_runs),), unit=""),
            Figure(name="all tests", values=(end.test_seconds,)),
            Figure(name="the whole run", values=(end.seconds,)),
        ),
        wrong=wrong,
    )


@contextmanager
def opened(root: Path, mode: str) -> Iterator[Session]:
    """A session on *root* with this `test_validation`."""
    settings = {"test_validation": mode, "sandbox": "none", "python": str(test_python()), "checkers": ["ruff"]}
    session = open_session(FixParameters(repository=str(root), settings=settings))
    try:
        yield session
    finally:
        session.close()


def spent() -> Spent:
    """Until now."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Spent(time.monotonic(), used.ru_utime + used.ru_stime)


def prove_each(root: Path, mode: str, patches: Sequence[tuple[str, str]]) -> Proven:
    """The baseline, and every patch (path, new source) proven by itself."""
    broken, wall_s, cpu_s = set[str](), 0.0, 0.0
    with opened(root, mode) as session:
        before = spent()
        session.baselines.at(session.base)
        after = spent()
        baseline = Spent(after.wall_s - before.wall_s, after.cpu_s - before.cpu_s)
        for path, source in patches:
            with session.pool.lease(session.base) as tree:
                (tree.path / path).write_text(source, encoding="utf-8")
                patch = tree.patch(session.base)
                assert patch is not None
                job = FileJob(path=path, diagnostics=(Diagnostic(tool="ruff", code="F401", message="", path=path),))
                diff, before = diff_of(session, job, patch), spent()
                tested = judge_patch(session, diff, tree)
                after = spent()
            wall_s, cpu_s = wall_s + after.wall_s - before.wall_s, cpu_s + after.cpu_s - before.cpu_s
            if tested.judged.broken:
                broken.add(path)
            told = f"{after.cpu_s - before.cpu_s:.1f} s, {len(tested.judged.broken)} broken"
            print(f"… {mode} {path}: {tested.words or 'all tests'}, {told}", file=sys.stderr)
    return Proven(baseline, Spent(wall_s, cpu_s), frozenset(broken))


def damage(root: Path) -> list[tuple[str, str]]:
    """Give each source file below *root* an unused import; what a wrong fix makes of each, by its path."""
    chance, patches = random.Random(SEED), []  # noqa: S311 - a seed, no secret
    for file in sorted(root.rglob("*.py")):
        source = file.read_text(encoding="utf-8")
        file.write_text(with_unused(source), encoding="utf-8")
        if (bad := damaged(source, chance)) != source:
            patches.append((str(file), bad))
    return patches


def compare(package: str, asked: Asked) -> Result:
    """The same patches by `quick` and by `full`."""
    with folder_of("suites") as folder:
        root = folder / package
        shutil.copytree(unpacked(package), root)
        made = [(Path(file).relative_to(root).as_posix(), bad) for file, bad in damage(root / SOURCES[package])]
        patches = made[:: max(1, len(made) // QUICK_FILES)] if asked.quick else made
        new_repository(root)
        proven = {}
        for mode in ("quick", "full"):
            os.environ["STOMPER_HOME"] = str(folder / "home" / mode)  # neither knows what the other has seen
            proven[mode] = prove_each(root, mode, patches)
    quick, full = proven["quick"], proven["full"]
    missed = sorted(full.broken - quick.broken)
    return Result(
        benchmark="suites",
        setup=f"`quick` beside `full`: {len(patches)} patches of {package}, one a file",
        rounds=1,
        quick=asked.quick,
        ratios=(
            Ratio(name="culprits missed", values=(float(len(missed)),), unit="", at_most=0),
            Ratio(
                name="processor time of the tests of all patches, `quick` over `full`",
                values=(quick.patches.cpu_s / full.patches.cpu_s,),
                at_most=0.35,
            ),
            Ratio(name="the same by the clock", values=(quick.patches.wall_s / full.patches.wall_s,)),
            Ratio(
                name="processor time of the baseline, `quick` over `full`",
                values=(quick.baseline.cpu_s / full.baseline.cpu_s,),
            ),
        ),
        figures=(
            Figure(name="culprits that `full` finds", values=(float(len(full.broken)),), unit=""),
            Figure(name="processor time of the tests by `full`", values=(full.patches.cpu_s,)),
        ),
        wrong=tuple(f"{path} breaks tests, and `quick` does not see it" for path in missed),
    )


def measure(asked: Asked) -> Iterator[Result]:
    """`final` first, then each package; once, since runs are counted and processor time hardly varies."""
    yield prove_together(Shape(12, 2, 3.0) if asked.quick else Shape(60, 3, 20.0), asked)
    yield prove_shared(Shape(12, 3, 3.0) if asked.quick else Shape(32, 3, 5.0), asked)
    for package in SOURCES:
        yield compare(package, asked)


if __name__ == "__main__":
    sys.exit(run("suites", __doc__ or "", measure, rounds=1))
