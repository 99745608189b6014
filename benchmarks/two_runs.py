"""Two runs at once on two repositories, with one state folder: one server, one limit for both.

`python -m benchmarks.two_runs [--quick]`. The agents write down when they worked, since two runs have no clock in common but
the machine's. Exit code 1 when more agents were in work at once than the limit allows, or a file did not land.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.command import Asked, folder_of, run, write_config
from benchmarks.results import Figure, Ratio, Result
from benchmarks.runs import end_fix, most_at_once, start_fix
from benchmarks.synthetic import Shape, make

RECORDER = """\
import os, sys, time
log, latency, file = sys.argv[1], float(sys.argv[2]), sys.argv[3]
def note(step):
    handle = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(handle, f"{step} {time.time():.6f}\\n".encode())
    os.close(handle)
note("start")
time.sleep(latency)
lines = open(file, encoding="utf-8").read().splitlines(keepends=True)
open(file, "w", encoding="utf-8").write("".join(line for line in lines if line != "import json\\n"))
note("end")
"""


def once(folder: Path, files: int, latency_s: float, parallel: int) -> tuple[float, int, list[str]]:
    """First to last agent over the ideal, the most agents at once, and what is wrong."""
    log, program = folder / "agents.log", folder / "agent.py"
    program.write_text(RECORDER, encoding="utf-8")
    command = [sys.executable, str(program), str(log), str(latency_s), "{file}"]
    config = write_config(folder, {"kind": "command", "command": command}, parallel)
    places = [folder / "first", folder / "second"]
    for seed, place in enumerate(places):
        make(place, Shape.around(files, seed=seed))
    ideal = math.ceil(2 * files / parallel) * latency_s
    # In a sandbox they could not write down when they worked.
    arguments = ["--config", str(config), "--set", "sandbox=none"]
    running = [start_fix(place, folder / "home", arguments) for place in places]
    ends = [end_fix(process, timeout_s=20 * ideal + 300) for process in running]
    wrong = [f"{len(e.landed)} of {files} landed {e.failure}" for e in ends if len(e.landed) != files]
    moments = [(step, float(at)) for step, at in (x.split() for x in log.read_text(encoding="utf-8").splitlines())]
    starts = sorted(at for step, at in moments if step == "start")
    stops = sorted(at for step, at in moments if step == "end")
    # Which start belongs to which end does not matter to how many are open; one without an end stays open.
    most = most_at_once(zip(starts, [*stops, *[math.inf] * (len(starts) - len(stops))], strict=True))
    return (stops[-1] - starts[0]) / ideal, most, wrong


def measure(asked: Asked) -> Iterator[Result]:
    """Twice as many files as lanes are enough to see whether both are kept busy."""
    files, latency_s, parallel = (8, 1.0, 4) if asked.quick else (20, 2.0, 4)
    ratios, mosts, wrong = [], [], list[str]()
    for _ in range(asked.rounds):
        with folder_of("two-runs") as folder:
            ratio, most, bad = once(folder, files, latency_s, parallel)
        ratios.append(ratio)
        mosts.append(float(most))
        wrong += bad
    wrong += [f"{most:g} agents at once, {parallel} are allowed" for most in mosts if most > parallel]
    yield Result(
        benchmark="two_runs",
        setup=f"2 runs × {files} files × {latency_s:g} s, {parallel} at once over both",
        rounds=asked.rounds,
        quick=asked.quick,
        ratios=(Ratio(name="first to last agent over ideal", values=tuple(ratios)),),
        figures=(Figure(name="most agents at once", values=tuple(mosts), unit=""),),
        wrong=tuple(wrong),
    )


if __name__ == "__main__":
    sys.exit(run("two_runs", __doc__ or "", measure))
