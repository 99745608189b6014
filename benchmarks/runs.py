"""Stomper as a program, run and measured from outside: its report, its time, its processes, and its server's."""

from __future__ import annotations

import contextlib
import itertools
import math
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import BaseModel

from benchmarks.server_watch import Health, ServerWatch, until_gone
from stomper.models import Effort, Landed, Span

BIN = Path(sys.executable).parent
_REPAIR = "repair"


class FileEnd(BaseModel):
    """What a benchmark reads of one file's outcome."""

    path: str
    status: str
    reason: str = ""
    spans: tuple[Span, ...] = ()


class RunEnd(BaseModel):
    """What a benchmark reads of `stomper fix --json`: the report without the patches, which it does not print."""

    run_id: str
    outcomes: tuple[FileEnd, ...] = ()
    landed: tuple[Landed, ...] = ()
    warnings: tuple[str, ...] = ()
    tests: str = ""
    test_runs: int = 0
    part_test_runs: int = 0
    test_seconds: float = 0.0
    failure: str = ""
    seconds: float = 0.0
    effort: Effort = Effort()

    @property
    def spans(self) -> tuple[Span, ...]:
        """The stages of all files."""
        return tuple(span for outcome in self.outcomes for span in outcome.spans)


@dataclass(frozen=True)
class Measured:
    """A run that has ended, and what was seen of it from outside. Times are seconds since the program was started."""

    end: RunEnd
    seconds: float
    cpu_s: float
    """User and system time of the program and of all it waited for."""
    server_cpu_s: float
    """Of the Prefect server from the moment when the files to repair were known: its start is not in it."""
    health: Health
    lines: tuple[tuple[float, str], ...] = field(default=(), repr=False)
    """What it said on stderr, and when."""

    @property
    def stages(self) -> dict[str, float]:
        """Seconds of the run's stages, by the lines in which it tells that one begins; the files' work is `repair`."""
        marks = [(0.0, "import")]
        for at, line in self.lines:
            word = line.partition(" ")[0]
            if "error(s) in" in line:
                word = _REPAIR
            if word in ("start", "initialize", "collect", _REPAIR, "prove", "land", "cleanup"):
                marks.append((at, word))
        marks.append((self.seconds, ""))
        found: dict[str, float] = {}
        for (at, word), (until, _) in itertools.pairwise(marks):
            found[word] = found.get(word, 0.0) + until - at
        return found

    @property
    def done_at(self) -> tuple[float, ...]:
        """When each file was done."""
        return tuple(at for at, line in self.lines if line.startswith("["))

    @property
    def begun_at(self) -> float:
        """When the files to repair were known: the earliest that the first could begin. NaN where it was not told."""
        return next((at for at, line in self.lines if "error(s) in" in line), math.nan)


def environment(home: Path, address: str = "") -> dict[str, str]:
    """The environment of a run with *home* as its state, and the Prefect server at *address* or its own."""
    kept = {k: v for k, v in os.environ.items() if k != "PREFECT_API_URL" and not k.startswith("STOMPER_")}
    path = f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    own = {"STOMPER_HOME": str(home), "PATH": path, **({"PREFECT_API_URL": address} if address else {})}
    return {**kept, **own}


def start_fix(repository: Path, home: Path, arguments: Sequence[str], *, address: str = "") -> subprocess.Popen[str]:
    """`stomper fix --json` in *repository*, with *home* as its state and the Prefect server at *address*, or its own."""
    return subprocess.Popen(
        [str(BIN / "stomper"), "fix", "--json", *arguments],
        cwd=repository,
        env=environment(home, address),
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def end_fix(running: subprocess.Popen[str], *, timeout_s: float) -> RunEnd:
    """The report of a run. Ends the benchmark when there is none."""
    try:
        out, err = running.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        running.terminate()
        running.communicate()
        raise SystemExit(f"stomper took more than {timeout_s:g} s") from None
    return report_in(running.returncode, out, err)


def report_in(returncode: int, out: str, err: str) -> RunEnd:
    """The report that a run has printed. Ends the benchmark when it could not do its job."""
    if returncode not in (0, 1) or not out:
        raise SystemExit(f"stomper ended with exit code {returncode}\n{out[-2000:]}\n{err[-4000:]}")
    return RunEnd.model_validate_json(out)


def measured_fix(
    repository: Path,
    home: Path,
    arguments: Sequence[str],
    *,
    timeout_s: float,
    address: str = "",
    server: ServerWatch | None = None,
    kept: bool = False,
) -> Measured:
    """Run `stomper fix --json` to its end and measure it. *server* is whom to watch in place of the embedded one, which is
    waited for to end unless somebody keeps it.

    Ends the benchmark when there is no report."""
    watch = server or ServerWatch.embedded(home)
    with tempfile.TemporaryFile("w+") as out, watch:
        began = time.monotonic()
        process = subprocess.Popen(
            [str(BIN / "stomper"), "fix", "--json", *arguments],
            cwd=repository,
            env=environment(home, address),
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.PIPE,
        )
        lines: list[tuple[float, str]] = []

        def read() -> None:
            assert process.stderr is not None
            lines.extend((time.monotonic() - began, line.rstrip("\n")) for line in process.stderr)

        killer = threading.Timer(timeout_s, process.terminate)
        killer.start()
        reader = threading.Thread(target=read)
        reader.start()
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.monotonic() - began
        killer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        reader.join(10)
        with contextlib.suppress(OSError):
            if process.stderr:
                process.stderr.close()
        out.seek(0)
        text = out.read()
    if not address and not kept:
        until_gone(home)  # whoever measures next wants the machine for itself
    end = report_in(process.returncode, text, "\n".join(line for _, line in lines))
    done = Measured(end, seconds, used.ru_utime + used.ru_stime, 0.0, watch.health, tuple(lines))
    return replace(done, server_cpu_s=watch.cpu_s_after(began + done.begun_at))


def most_at_once(intervals: Iterable[tuple[float, float]]) -> int:
    """The largest number of *intervals* that share a moment; one that ends as another begins does not share it."""
    moments = [moment for start, end in intervals for moment in ((start, 1), (end, -1))]
    running = most = 0
    for _, step in sorted(moments):
        running += step
        most = max(most, running)
    return most
