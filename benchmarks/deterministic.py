"""ruff's own fixes, tests off, against a plain shell loop over the same files and `ruff check --fix` over the whole tree.

`python -m benchmarks.deterministic [--quick]`. In a large repository the loop is measured on 10 files and scaled; in a small
one it repairs every file. Exit code 1 when a file did not land.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.command import Asked, folder_of, run, write_config
from benchmarks.floors import Loop, shell_loop, whole_tree_s
from benchmarks.profile import cpu_ms, profile
from benchmarks.results import Figure, Ratio, Result
from benchmarks.runs import Measured, measured_fix
from benchmarks.start import prepare
from benchmarks.synthetic import Made, Shape, make

PARALLEL = max(2, os.cpu_count() or 2)


@dataclass(frozen=True)
class Case:
    """So many files to repair in a repository of so many; on how many the loop is measured; how much faster to be."""

    broken: int
    files: int
    looped: int
    faster: float
    overhead_ms: float | None = None

    @property
    def words(self) -> str:
        return f"{self.broken} files in a repository of {self.files:,}"


CASES = (Case(200, 7000, 10, 20.0), Case(150, 300, 150, 2.0, 25.0))
QUICK = (Case(100, 2000, 5, 20.0), Case(60, 300, 30, 2.0, 25.0))


@dataclass(frozen=True)
class Round:
    """Everything measured in turn, on repositories that are one commit."""

    stomper: Measured
    loop: Loop
    whole_s: float


def once(folder: Path, case: Case) -> Round:
    """One round. The state is new each time, but for the empty database that a user's very first run makes."""
    shape = Shape(files=case.files, broken=case.broken, functions=4)
    made = make(folder / "loop", shape)
    whole_s = whole_tree_s(made.root)
    loop = shell_loop(made.root, case.looped, folder / "scratch")
    made = make(folder / "stomper", shape)
    prepare(folder / "home")
    stomper = fix(folder, made)
    return Round(stomper, loop, whole_s)


def fix(folder: Path, made: Made) -> Measured:
    """Let Stomper repair all of it."""
    arguments = ["--config", str(write_config(folder, None, PARALLEL))]
    return measured_fix(made.root, folder / "home", arguments, timeout_s=1800)


def overhead_s(done: Measured) -> float:
    """Wall time from collecting to the end of landing, without what the processes that were started take.

    Their CPU time is packed over the cores: no order in which they run side by side makes them end sooner."""
    stages = done.stages
    wall = sum(stages.get(name, 0.0) for name in ("collect", "repair", "prove", "land"))
    return wall - sum(p.cpu_s for p in done.end.effort.programs) / (os.cpu_count() or 1)


def result(case: Case, rounds: list[Round], asked: Asked) -> Result:
    """The rounds of one case as a result."""
    runs = [r.stomper for r in rounds]
    wrong = [
        f"{len(m.end.landed)} of {case.broken} landed {m.end.failure}" for m in runs if len(m.end.landed) != case.broken
    ]
    faster = tuple(r.loop.scaled_s(case.broken) / r.stomper.seconds for r in rounds)
    ratios = [
        Ratio(name="shell loop over Stomper, start-up included", values=faster, at_least=case.faster),
        Ratio(name="Stomper over `ruff check --fix`", values=tuple(r.stomper.seconds / r.whole_s for r in rounds)),
    ]
    overhead = tuple(1000 * overhead_s(m) / case.broken for m in runs)
    name = "a file, all but the processes of checkers and git"
    ratios.append(Ratio(name=name, values=overhead, unit="ms", at_most=case.overhead_ms))
    ours = tuple(sum(list(cpu_ms(m, case.broken).values())[:2]) for m in runs)
    looped = "the shell loop" if case.looped == case.broken else f"the shell loop, from {case.looped} files"
    figures = (
        Figure(name="Stomper, start-up included", values=tuple(m.seconds for m in runs)),
        Figure(name="its run alone", values=tuple(m.end.seconds for m in runs)),
        Figure(name=looped, values=tuple(r.loop.scaled_s(case.broken) for r in rounds)),
        Figure(name="`ruff check --fix` over the tree", values=tuple(r.whole_s for r in rounds)),
        Figure(name="a file, CPU of Stomper's process and the server", values=ours, unit="ms"),
        Figure(name="peak memory", values=tuple(m.end.effort.peak_memory_mib for m in runs), unit="MiB"),
    )
    return Result(
        benchmark="deterministic",
        setup=f"{case.words}, {PARALLEL} at once",
        rounds=len(rounds),
        quick=asked.quick,
        ratios=tuple(ratios),
        figures=figures,
        profile=profile(runs, case.broken, PARALLEL),
        wrong=tuple(wrong),
    )


def measure(asked: Asked) -> Iterator[Result]:
    """Each case, in turn."""
    rounds: dict[Case, list[Round]] = {}
    for _ in range(asked.rounds):
        for case in QUICK if asked.quick else CASES:
            with folder_of("deterministic") as folder:
                rounds.setdefault(case, []).append(once(folder, case))
    for case, done in rounds.items():
        yield result(case, done, asked)


if __name__ == "__main__":
    sys.exit(run("deterministic", __doc__ or "", measure))
