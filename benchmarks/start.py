"""From the command line to the first call of an agent, against Prefect's import and its server's start, one after another.

`python -m benchmarks.start [--quick]`. The floor is measured beside it, on the same state folder, whose server has been
started once before. Then a run that finds nothing to fix, beside that floor. Then the first again beside `stomper server`,
and with a Prefect server of one's own. Exit code 1 when a file did not land.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.command import Asked, folder_of, run, write_config
from benchmarks.prefect_servers.servers import prefect_server
from benchmarks.results import Figure, Ratio, Result
from benchmarks.runs import BIN, Measured, environment, measured_fix
from benchmarks.server_watch import until_gone
from benchmarks.synthetic import Shape, make

_CHECKOUT = Path(__file__).resolve().parent.parent
_AGENT = """\
#!/bin/bash
# Says when it was called, and removes the unused import.
echo "$EPOCHREALTIME" >>"$1"
grep -v '^import json$' "$2" >"$2.new"
mv "$2.new" "$2"
"""


def first_call(
    folder: Path, home: Path, number: int, address: str = "", *, kept: bool = False
) -> tuple[float, Measured]:
    """Seconds from the start of the program to its first call of an agent, and the run."""
    place = folder / f"run-{number}"
    place.mkdir(parents=True)
    made = make(place / "repository", Shape(files=30, broken=1, seed=number))
    log, agent = place / "called", place / "agent.sh"
    agent.write_text(_AGENT, encoding="utf-8")
    agent.chmod(0o700)
    command = [str(agent), str(log), "{file}"]
    config = write_config(place, {"kind": "command", "command": command}, 2)
    began = time.time()
    # In a sandbox it could not write down when it was called.
    arguments = ["--config", str(config), "--set", "sandbox=none"]
    done = measured_fix(made.root, home, arguments, timeout_s=300, address=address, kept=kept)
    if not log.exists():
        raise SystemExit(f"no agent was called: {done.end}")
    return float(log.read_text(encoding="utf-8").split()[0]) - began, done


def prepare(home: Path) -> None:
    """Have the embedded server of *home* been started once: its first start makes a database that later ones copy."""
    floor(home)


def floor(home: Path) -> tuple[float, float, float]:
    """Seconds of Prefect's import, of the server's start, and of the whole program with the start of Python."""
    argv = (sys.executable, "-m", "benchmarks.start_floor", str(home))
    began = time.monotonic()
    done = subprocess.run(argv, cwd=_CHECKOUT, env=environment(home), capture_output=True, text=True, check=True)
    whole = time.monotonic() - began
    until_gone(home)
    imported, started = map(float, done.stdout.split())
    return imported, started, whole


def cold(folder: Path, asked: Asked) -> Result:
    """Without a server that runs: floor and Stomper in turn, on one state folder."""
    home = folder / "home"
    first, _ = first_call(folder, home, 0)  # as `prepare` does
    floors, calls, runs = list[tuple[float, float, float]](), list[float](), list[Measured]()
    for number in range(1, asked.rounds + 1):
        floors.append(floor(home))
        called, done = first_call(folder, home, number)
        calls.append(called)
        runs.append(done)
    sums = [imported + started for imported, started, _ in floors]
    stages = {name: tuple(m.stages.get(name, 0.0) for m in runs) for name in runs[0].stages}
    ratio = Ratio(
        name="first call of an agent over Prefect's import and server",
        values=tuple(c / s for c, s in zip(calls, sums, strict=True)),
        at_most=1.3,
    )
    return Result(
        benchmark="start",
        setup="a small repository, the embedded server",
        rounds=asked.rounds,
        quick=asked.quick,
        ratios=(ratio,),
        figures=(
            Figure(name="to the first call of an agent", values=tuple(calls)),
            Figure(name="the floor: Prefect's import", values=tuple(f[0] for f in floors)),
            Figure(name="the floor: the server's start", values=tuple(f[1] for f in floors)),
            Figure(name="the very first run of a user", values=(first,)),
            Figure(name="the whole run", values=tuple(m.seconds for m in runs)),
        ),
        profile=tuple(Figure(name=f"stage: {name}", values=values) for name, values in stages.items()),
        wrong=tuple(f"{len(m.end.landed)} of 1 landed {m.end.failure}" for m in runs if len(m.end.landed) != 1),
    )


def nothing(folder: Path, asked: Asked) -> Result:
    """A run that finds nothing to fix, and the floor that it need not wait for, in turn."""
    home = folder / "home"
    made = make(folder / "clean" / "repository", Shape(files=30, broken=0, seed=0))
    arguments = ["--config", str(write_config(folder / "clean", None, 2))]
    measured_fix(made.root, home, arguments, timeout_s=300)
    floors, runs = list[tuple[float, float, float]](), list[Measured]()
    for _ in range(asked.rounds):
        floors.append(floor(home))
        runs.append(measured_fix(made.root, home, arguments, timeout_s=300))
    ratio = Ratio(
        name="the whole run over Prefect's import and server",
        values=tuple(m.seconds / (imported + started) for m, (imported, started, _) in zip(runs, floors, strict=True)),
        at_most=0.6,
    )
    return Result(
        benchmark="start",
        setup="a small repository with nothing to fix, the embedded server",
        rounds=asked.rounds,
        quick=asked.quick,
        ratios=(ratio,),
        figures=(
            Figure(name="the whole run", values=tuple(m.seconds for m in runs)),
            Figure(name="the floor: Prefect's import", values=tuple(f[0] for f in floors)),
            Figure(name="the floor: the server's start", values=tuple(f[1] for f in floors)),
        ),
        profile=tuple(
            Figure(name=f"stage: {name}", values=tuple(m.stages.get(name, 0.0) for m in runs))
            for name in runs[0].stages
        ),
        wrong=tuple(f"something was done {m.end.failure}" for m in runs if m.end.outcomes or m.end.failure),
    )


def warm(folder: Path, asked: Asked) -> Result:
    """With a Prefect server of one's own that runs already."""
    with prefect_server(folder / "server") as server:
        first_call(folder / "warm", folder / "warm-home", 0, server.address)
        done = [first_call(folder / "warm", folder / "warm-home", n + 1, server.address) for n in range(asked.rounds)]
    return warm_result("a small repository, a server that runs already", asked, done)


def kept(folder: Path, asked: Asked) -> Result:
    """With `stomper server` beside it."""
    home = folder / "home"
    with warm_server(home):
        first_call(folder / "kept", home, 0, kept=True)
        done = [first_call(folder / "kept", home, n + 1, kept=True) for n in range(asked.rounds)]
    until_gone(home)
    return warm_result("a small repository, `stomper server` beside it", asked, done)


@contextlib.contextmanager
def warm_server(home: Path) -> Iterator[None]:
    """`stomper server` over *home*, when its server answers."""
    argv = (str(BIN / "stomper"), "server")
    with subprocess.Popen(argv, cwd=home, env=environment(home), stdout=subprocess.PIPE, text=True) as process:
        try:
            if process.stdout is None or "is warm" not in process.stdout.readline():
                raise SystemExit("`stomper server` did not come up")
            yield
        finally:
            process.terminate()


def warm_result(setup: str, asked: Asked, done: Sequence[tuple[float, Measured]]) -> Result:
    """What the runs on a server that was there came to."""
    runs = [m for _, m in done]
    return Result(
        benchmark="start",
        setup=setup,
        rounds=asked.rounds,
        quick=asked.quick,
        ratios=(Ratio(name="to the first call of an agent", values=tuple(c for c, _ in done), unit="s", at_most=3.5),),
        figures=(Figure(name="the whole run", values=tuple(m.seconds for m in runs)),),
        profile=tuple(
            Figure(name=f"stage: {name}", values=tuple(m.stages.get(name, 0.0) for m in runs))
            for name in runs[0].stages
        ),
        wrong=tuple(f"{len(m.end.landed)} of 1 landed {m.end.failure}" for m in runs if len(m.end.landed) != 1),
    )


def measure(asked: Asked) -> Iterator[Result]:
    """All four."""
    with folder_of("start") as folder:
        yield cold(folder, asked)
        yield nothing(folder, asked)
        yield kept(folder, asked)
        yield warm(folder, asked)


if __name__ == "__main__":
    sys.exit(run("start", __doc__ or "", measure, rounds=5))
