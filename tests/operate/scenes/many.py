"""More than one run at once."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import Any

from deployments.api import Unreachable
from stomper.git.repository import open_target
from tasks.limits import apply_limit_name
from tests.operate.repositories import CURABLE, commits, repository, sound, steady_agent
from tests.operate.stage import Ended, Line, Stage, until


def two_at_once(stage: Stage) -> list[Line]:
    """Two runs on one repository land one after the other: all of both, on one line of history."""
    root = stage.folder / "two"
    settings = steady_agent(root, 3)
    repository(root, *[CURABLE.replace("1", str(n)) for n in range(4)], settings=f"max_parallel_files = 1\n{settings}")
    ends: list[Ended] = []

    def run(*paths: str) -> None:
        ends.append(stage.run("fix-repository/ci", {"repository": str(root), "files": {"paths": list(paths)}}))

    threads = [threading.Thread(target=run, args=paths) for paths in (("m0.py", "m1.py"), ("m2.py", "m3.py"))]
    for thread in threads:
        thread.start()
    limit, taken = apply_limit_name(open_target(root).git_dir), list[int]()
    while any(thread.is_alive() for thread in threads):
        with contextlib.suppress(Unreachable, TypeError):  # it is made by the first of them
            taken.append(stage.slots(limit))
        time.sleep(0.1)
    spans = [stage.api.get(f"/flow_runs/{one.run}") for one in ends]
    return [
        Line("exit codes", [0, 0], [one.exit_code for one in ends]),
        Line("they overlapped", True, _overlap(spans)),
        Line("commits", 4, commits(root)),
        Line("repository", "sound", sound(root)),
        Line("landing slots taken at most", True, max(taken, default=0) <= 1),
    ]


def nightly_twice(stage: Stage) -> list[Line]:
    """A nightly run beside another is cancelled."""
    states, _ = _twice(stage, "nightly")
    return [Line("states", ["Cancelled", "Completed"], sorted(states))]


def on_demand_twice(stage: Stage) -> list[Line]:
    """A second run on demand waits for the first."""
    states, overlapped = _twice(stage, "on-demand")
    return [Line("states", ["Completed", "Completed"], states), Line("they overlapped", False, overlapped)]


def _twice(stage: Stage, name: str) -> tuple[list[str], bool]:
    roots = []
    for number in (1, 2):
        root = stage.folder / f"{name}-{number}"
        repository(root, CURABLE, settings=steady_agent(root, 5))
        roots.append(root)
    first = stage.start(f"fix-repository/{name}", {"repository": str(roots[0])})
    until(lambda: stage.state(first) == "Running", 60)
    second = stage.start(f"fix-repository/{name}", {"repository": str(roots[1])})
    states = [stage.ended(first), stage.ended(second)]
    return states, _overlap([stage.api.get(f"/flow_runs/{run}") for run in (first, second)])


def _overlap(runs: list[dict[str, Any]]) -> bool:
    spans = [(run["start_time"], run["end_time"]) for run in runs if run["start_time"] and run["end_time"]]
    return len(spans) == 2 and max(start for start, _ in spans) < min(end for _, end in spans)
