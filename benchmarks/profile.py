"""Where the time of measured runs went: by the run's stages, by the stages of a file, by program."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from benchmarks.results import Figure, Unit
from benchmarks.runs import Measured

_PROGRAMS = 8


def profile(runs: Sequence[Measured], files: int, lanes: int) -> tuple[Figure, ...]:
    """Seconds of each stage of the run; for one file the mean of each of its stages, the processes and the CPU time.

    With so many *lanes*, what of their time is in no stage of a file is Prefect's, and that of lanes without work."""
    found = _figures("stage", [m.stages for m in runs], "s")
    found += _figures("a file", [_mean_spans(m, files, lanes) for m in runs], "ms")
    found += _figures("a file, processes", [_started(m, files) for m in runs], "")
    found += _figures("a file, CPU", [cpu_ms(m, files) for m in runs], "ms")
    return tuple(found)


def cpu_ms(run: Measured, files: int) -> dict[str, float]:
    """CPU milliseconds for each file: of Stomper's own process since the run began, of the server, of each program."""
    programs = {p.program: p.cpu_s for p in run.end.effort.programs[:_PROGRAMS]}
    seconds = {"Stomper's process": run.end.effort.cpu_s, "the Prefect server": run.server_cpu_s, **programs}
    return {name: 1000 * value / files for name, value in seconds.items()}


def _mean_spans(run: Measured, files: int, lanes: int) -> dict[str, float]:
    total: dict[str, float] = {}
    for span in run.end.spans:
        total[span.stage] = total.get(span.stage, 0.0) + 1000 * (span.end_s - span.start_s) / files
    lane_ms = 1000 * lanes * run.stages.get("repair", 0.0) / files
    return {**total, "in no stage of it": lane_ms - sum(total.values())}


def _started(run: Measured, files: int) -> dict[str, float]:
    return {p.program: p.started / files for p in run.end.effort.programs[:_PROGRAMS]}


def _figures(kind: str, rounds: Sequence[Mapping[str, float]], unit: Unit) -> list[Figure]:
    names: Iterable[str] = dict.fromkeys(name for one in rounds for name in one)
    return [Figure(name=f"{kind}: {n}", values=tuple(r.get(n, 0.0) for r in rounds), unit=unit) for n in names]
