"""Thousands of mapped files with an agent that does nothing: the time, the server's health, and the peak of memory.

`python -m benchmarks.many [--quick] [--rounds 1]`. Exit code 1 when a file is missing from the report, or the server did not
answer for its health in five seconds.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from benchmarks.command import Asked, folder_of, run, scripted, write_config
from benchmarks.profile import profile
from benchmarks.results import Figure, Ratio, Result
from benchmarks.runs import Measured, measured_fix
from benchmarks.synthetic import Shape, make

SIZES, QUICK = (500, 1000, 2000, 5000), (100, 200, 300)
PARALLEL = 4


def once(files: int) -> Measured:
    """One run over so many files, none of which it repairs."""
    with folder_of("many") as folder:
        made = make(folder / "repository", Shape.around(files))
        config = write_config(folder, scripted(folder, "no_op"), PARALLEL)
        return measured_fix(made.root, folder / "home", ["--config", str(config)], timeout_s=3 * files + 300)


def result(files: int, runs: list[Measured], asked: Asked) -> Result:
    """The runs over so many files as a result."""
    wrong = [f"{len(m.end.outcomes)} of {files} in the report {m.end.failure}" for m in runs]
    wrong = [line for line, m in zip(wrong, runs, strict=True) if len(m.end.outcomes) != files or m.end.failure]
    sick = [m.health.unanswered for m in runs if m.health.unanswered]
    wrong += [f"the server did not answer {n} time(s) when asked for its health" for n in sick]
    memory = tuple(m.end.effort.peak_memory_mib for m in runs)
    repair = tuple(m.stages.get("repair", 0.0) for m in runs)
    return Result(
        benchmark="many",
        setup=f"{files:,} mapped files, an agent that does nothing, {PARALLEL} at once",
        rounds=len(runs),
        quick=asked.quick,
        ratios=(Ratio(name="peak memory of Stomper's process", values=memory, unit="MiB", at_most=600),),
        figures=(
            Figure(name="a file", values=tuple(1000 * s / files for s in repair), unit="ms"),
            Figure(name="fan-out", values=repair),
            Figure(name="the whole run, start-up included", values=tuple(m.seconds for m in runs)),
            Figure(name="the server's slowest answer about its health", values=tuple(m.health.slowest_s for m in runs)),
            Figure(name="times it was asked", values=tuple(float(m.health.asked) for m in runs), unit=""),
        ),
        profile=profile(runs, files, PARALLEL),
        wrong=tuple(wrong),
    )


def measure(asked: Asked) -> Iterator[Result]:
    """The curve: each size in turn, so many rounds of it."""
    runs: dict[int, list[Measured]] = {}
    for _ in range(asked.rounds):
        for files in QUICK if asked.quick else SIZES:
            runs.setdefault(files, []).append(once(files))
    for files, done in runs.items():
        yield result(files, done, asked)


if __name__ == "__main__":
    sys.exit(run("many", __doc__ or "", measure, rounds=1))
