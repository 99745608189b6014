"""How close the fan-out over files comes to its ideal, on the embedded Prefect server and on one over PostgreSQL.

`python -m benchmarks.fan_out [--quick]`. The agent is scripted: it waits, and removes an unused import. The ideal packs its
waits over the lanes. Exit code 1 when more agents were in work at once than allowed, or a file did not land.
"""

from __future__ import annotations

import contextlib
import math
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.command import SCRIPTED, Asked, folder_of, run, scripted, write_config
from benchmarks.floors import packed_s
from benchmarks.prefect_servers.servers import prefect_server
from benchmarks.profile import profile
from benchmarks.results import Figure, Ratio, Result
from benchmarks.runs import Measured, measured_fix, most_at_once
from benchmarks.server_watch import ServerWatch
from benchmarks.synthetic import Shape, make
from deployments.api import Api

POSTGRES = Path("/usr/lib/postgresql")
_LIMIT = "/v2/concurrency_limits/tag:stomper-process-file"


@dataclass(frozen=True)
class Case:
    """So many files, each taking its agent so long, so many at once; and what the wall time may be of the ideal."""

    files: int
    latency_s: float
    parallel: int
    embedded: float
    postgres: float

    @property
    def words(self) -> str:
        return f"{self.files} files × {self.latency_s:g} s, {self.parallel} at once"

    @property
    def ideal_s(self) -> float:
        return packed_s([self.latency_s] * self.files, self.parallel)

    def limit(self, server: str) -> float:
        return self.postgres if server == "PostgreSQL" else self.embedded


CASES = (Case(40, 2.0, 4, 1.15, 1.08), Case(200, 1.0, 16, 1.3, 1.15))
QUICK = (Case(12, 2.0, 4, 1.15, 1.08), Case(64, 1.0, 16, 1.3, 1.15))


def once(folder: Path, case: Case, server: tuple[str, int] | None) -> Measured:
    """One run in a repository and, on the embedded server, a state of its own."""
    address, pid = server or ("", 0)
    root = folder / "repository"
    make(root, Shape.around(case.files))
    config = write_config(folder, scripted(folder, "drop_lines", case.latency_s), case.parallel)
    watch = None
    if server:
        watch = ServerWatch.at(address, pid)
        api = Api(address, timeout_s=30)
        if api.get(_LIMIT):  # it stays with the server, as the run that made it wanted it
            api.patch(_LIMIT, {"limit": case.parallel})
    arguments = ["--config", str(config)]
    timeout_s = 20 * case.ideal_s + 300
    done = measured_fix(root, folder / "home", arguments, timeout_s=timeout_s, address=address, server=watch)
    if server:
        assert Api(address, timeout_s=30).get(_LIMIT)["limit"] == case.parallel
    return done


def wall_s(done: Measured) -> float:
    """From the moment when the files are known to the last that is done; NaN when none is."""
    return max(done.done_at, default=math.nan) - done.begun_at


def result(case: Case, server: str, runs: list[Measured], asked: Asked) -> Result:
    """The runs of one case on one server as a result."""
    most = [most_at_once((s.start_s, s.end_s) for s in m.end.spans if s.stage == SCRIPTED) for m in runs]
    wrong = [
        f"{len(m.end.landed)} of {case.files} landed {m.end.failure}" for m in runs if len(m.end.landed) != case.files
    ]
    wrong += [f"{n} agents at once, {case.parallel} are allowed" for n in most if n > case.parallel]
    ratio = Ratio(
        name="fan-out over ideal", values=tuple(wall_s(m) / case.ideal_s for m in runs), at_most=case.limit(server)
    )
    figures = (
        Figure(name="ideal", values=(case.ideal_s,)),
        Figure(name="fan-out", values=tuple(wall_s(m) for m in runs)),
        Figure(name="the whole run, start-up included", values=tuple(m.seconds for m in runs)),
        Figure(name="most agents at once", values=tuple(map(float, most)), unit=""),
    )
    return Result(
        benchmark="fan_out",
        setup=f"{case.words}, {server}",
        rounds=len(runs),
        quick=asked.quick,
        ratios=(ratio,),
        figures=figures,
        profile=profile(runs, case.files, case.parallel),
        wrong=tuple(wrong),
    )


def measure(asked: Asked) -> Iterator[Result]:
    """Each case on each server, in turn."""
    cases = QUICK if asked.quick else CASES
    with folder_of("fan-out", in_memory=True) as folder, contextlib.ExitStack() as stack:
        servers: dict[str, tuple[str, int] | None] = {"embedded server": None}
        if POSTGRES.is_dir():
            # A database is on a disk, wherever the repositories are.
            place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="stomper-server-")))
            server = stack.enter_context(prefect_server(place, "postgres"))
            servers["PostgreSQL"] = (server.address, server.program.pid)
        runs: dict[tuple[Case, str], list[Measured]] = {}
        for number in range(asked.rounds):
            for case in cases:
                for name, where in servers.items():
                    place = folder / "runs" / f"{number}-{case.parallel}-{name.split()[0]}"
                    place.mkdir(parents=True)
                    runs.setdefault((case, name), []).append(once(place, case, where))
        for (case, name), done in runs.items():
            yield result(case, name, done, asked)


if __name__ == "__main__":
    sys.exit(run("fan_out", __doc__ or "", measure))
