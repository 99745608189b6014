"""A thousand files fixed and landed: commits per second, and whether the last hundred cost what the first hundred did.

`python -m benchmarks.landing [--quick]`. ruff's own fixes, tests off. Exit code 1 when a file did not land.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence

from benchmarks.command import Asked, folder_of, run, write_config
from benchmarks.deterministic import PARALLEL
from benchmarks.profile import profile
from benchmarks.results import Figure, Ratio, Result
from benchmarks.runs import Measured, measured_fix
from benchmarks.synthetic import Shape, make

FILES, QUICK = 1000, 200


def flatness(begun_at: float, done_at: Sequence[float]) -> float:
    """How long the last tenth of the files took over how long the first tenth did, each up to its last file.

    NaN for less than ten files."""
    if len(done_at) < 10:
        return math.nan
    tenth = len(done_at) // 10
    return (done_at[-1] - done_at[-1 - tenth]) / (done_at[tenth - 1] - begun_at)


def landing_s(done: Measured) -> float:
    """Seconds of proving all together and landing."""
    return done.stages.get("prove", math.nan) + done.stages.get("land", math.nan)


def measure(asked: Asked) -> Iterator[Result]:
    """The same repository each round, made anew."""
    files, runs = QUICK if asked.quick else FILES, list[Measured]()
    for _ in range(asked.rounds):
        with folder_of("landing") as folder:
            made = make(folder / "repository", Shape.around(files, functions=4))
            arguments = ["--config", str(write_config(folder, None, PARALLEL))]
            runs.append(measured_fix(made.root, folder / "home", arguments, timeout_s=3600))
    ratios = (
        Ratio(
            name="commits per second, proving together and landing",
            values=tuple(len(m.end.landed) / landing_s(m) for m in runs),
            unit="1/s",
            at_least=60,
        ),
        Ratio(
            name="commits per second, from the first line to the last",
            values=tuple(len(m.end.landed) / m.seconds for m in runs),
            unit="1/s",
        ),
        Ratio(
            name="the last tenth of the files over the first",
            values=tuple(flatness(m.begun_at, m.done_at) for m in runs),
            at_most=1.3,
        ),
    )
    figures = (
        Figure(name="the whole run, start-up included", values=tuple(m.seconds for m in runs)),
        Figure(name="proving together and landing", values=tuple(map(landing_s, runs))),
        Figure(name="peak memory", values=tuple(m.end.effort.peak_memory_mib for m in runs), unit="MiB"),
    )
    yield Result(
        benchmark="landing",
        setup=f"{files:,} files fixed and landed, {PARALLEL} at once",
        rounds=asked.rounds,
        quick=asked.quick,
        ratios=ratios,
        figures=figures,
        profile=profile(runs, files, PARALLEL),
        wrong=tuple(
            f"{len(m.end.landed)} of {files} landed {m.end.failure}" for m in runs if len(m.end.landed) != files
        ),
    )


if __name__ == "__main__":
    sys.exit(run("landing", __doc__ or "", measure))
