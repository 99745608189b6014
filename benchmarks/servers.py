"""What differs between Prefect servers: the embedded one, `prefect server start` on SQLite, and on PostgreSQL.

`python -m benchmarks.servers [--files 40] [--latency 0.5] [--parallel 4]`. Prints a table: how close the fan-out comes to
its ideal, how long it takes to get the limit around landing, and whether a slot comes back that a killed program held.
Times are printed and never judged. Exit code 1 when a file did not land.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.command import scripted, write_config
from benchmarks.floors import packed_s
from benchmarks.prefect_servers.servers import RECOMMENDED, Kind, Server, environment, prefect_server
from benchmarks.runs import end_fix, start_fix
from benchmarks.synthetic import Shape, make
from deployments.api import Api

_ACQUIRE = """\
import sys, time
from tasks.limits import applying, create_limits
create_limits(tag_limit=4, apply="stomper-apply-bench")
times = []
for _ in range(20):
    began = time.perf_counter()
    with applying("stomper-apply-bench"):
        times.append(time.perf_counter() - began)
print(sorted(times)[10])
"""
_HOLD = """\
import time
from prefect.concurrency.sync import concurrency
from tasks.limits import create_limits
create_limits(tag_limit=4, apply="stomper-apply-held")
with concurrency("stomper-apply-held", strict=True, lease_duration=60):
    print("held", flush=True)
    time.sleep(1000)
"""
_PATIENCE_S = 100.0
_SERVERS: tuple[tuple[Kind, str], ...] = (("sqlite", "filesystem"), ("sqlite", "memory"), ("postgres", "filesystem"))


def fan_out(folder: Path, name: str, address: str, given: argparse.Namespace) -> float:
    """Wall time of the fan-out over its ideal; NaN when a file did not land."""
    root = folder / f"repository-{name}"
    make(root, Shape.around(given.files))
    config = write_config(folder, scripted(folder, "drop_lines", given.latency), given.parallel)
    ideal = packed_s([given.latency] * given.files, given.parallel)
    running = start_fix(root, folder / f"home-{name}", ["--config", str(config)], address=address)
    end = end_fix(running, timeout_s=20 * ideal + 300)
    spans = [span for outcome in end.outcomes for span in outcome.spans]
    wall = max(s.end_s for s in spans) - min(s.start_s for s in spans)
    return wall / ideal if len(end.landed) == given.files else math.nan


def acquisition_ms(folder: Path, address: str) -> float:
    """Milliseconds to get the limit around landing, nobody else wanting it: the median of twenty."""
    env = environment(folder, address)
    done = subprocess.run((sys.executable, "-c", _ACQUIRE), env=env, capture_output=True, text=True, check=True)
    return float(done.stdout) * 1000


def back_after_s(folder: Path, server: Server, *, restart: bool) -> float:
    """Seconds until a slot is back whose holder was killed; NaN when it is not within `_PATIENCE_S`."""
    env = environment(folder, server.address)
    with subprocess.Popen((sys.executable, "-c", _HOLD), env=env, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        os.kill(holder.pid, signal.SIGKILL)
    began = time.monotonic()
    if restart:
        server.restart()
    api = Api(server.address, timeout_s=30)
    while time.monotonic() - began < _PATIENCE_S:
        with contextlib.suppress(Exception):
            if not api.get("/v2/concurrency_limits/stomper-apply-held")["active_slots"]:
                return time.monotonic() - began
        time.sleep(1)
    with contextlib.suppress(Exception):
        api.patch("/v2/concurrency_limits/stomper-apply-held", {"active_slots": 0})
    return math.nan


def measured(given: argparse.Namespace) -> Iterator[tuple[str, float, str, str, str]]:
    """One row a server."""
    with tempfile.TemporaryDirectory(prefix="stomper-bench-") as name:
        folder = Path(name)
        yield "embedded", fan_out(folder, "embedded", "", given), "-", "-", "-"
        for kind, leases in _SERVERS:
            own = folder / f"{kind}-{leases}"
            settings = RECOMMENDED if leases == "filesystem" else {}
            with prefect_server(own, kind, settings) as server:
                ratio = fan_out(folder, own.name, server.address, given)
                taken = f"{acquisition_ms(own, server.address):.0f} ms"
                back = [_words(back_after_s(own, server, restart=restart)) for restart in (False, True)]
            yield f"{kind}, leases: {leases}", ratio, taken, back[0], back[1]


def _words(seconds: float) -> str:
    return f"never seen ({_PATIENCE_S:g} s)" if math.isnan(seconds) else f"{seconds:.0f} s"


def main() -> int:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.servers", description=__doc__)
    parser.add_argument("--files", type=int, default=40)
    parser.add_argument("--latency", type=float, default=0.5)
    parser.add_argument("--parallel", type=int, default=4)
    given = parser.parse_args()
    print("| Server | Fan-out, times its ideal | Landing limit | Slot back after `kill -9` | and a restart |")
    print("| --- | --- | --- | --- | --- |")
    good = True
    for server, ratio, taken, killed, restarted in measured(given):
        print(f"| {server} | {ratio:.2f} | {taken} | {killed} | {restarted} |", flush=True)
        good = good and not math.isnan(ratio)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
