"""A run is cancelled while its agents work."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from tests.operate.repositories import CURABLE, commits, repository, slow_agent, sound
from tests.operate.stage import PREFECT, Line, Stage, until
from tests.support.processes import running

WITHIN_S = 5.0


def by_command(stage: Stage) -> list[Line]:
    """`prefect flow-run cancel`."""

    def cancel(run: str) -> None:
        threading.Thread(target=stage.command, args=(PREFECT, "flow-run", "cancel", run)).start()

    return _cancelled(stage, "by-command", cancel)


def by_api(stage: Stage) -> list[Line]:
    """The state is set as the UI's button sets it."""

    def cancel(run: str) -> None:
        stage.api.post(f"/flow_runs/{run}/set_state", {"state": {"type": "CANCELLING", "name": "Cancelling"}})

    return _cancelled(stage, "by-api", cancel)


def _cancelled(stage: Stage, name: str, cancel: Callable[[str], None]) -> list[Line]:
    root = stage.folder / name
    settings, mark = slow_agent(root)
    repository(root, *[CURABLE] * 4, settings=f"max_parallel_files = 2\n{settings}")
    run = stage.start("fix-repository/ci", {"repository": str(root)})
    at_work = until(lambda: len(running(mark)) >= 4, 90)
    cancel(run)
    until(lambda: stage.state(run) != "Running", 30)
    took = time_until_gone(mark)
    stage.leftovers.append(f"{name}: the last agent was gone {took:.1f} s after the cancel had reached the server")
    return [
        Line("agents at work", True, at_work),
        Line(f"agents gone within {WITHIN_S:g} s", True, took <= WITHIN_S),
        Line("state", "Cancelled", stage.ended(run, 60)),
        Line("commits", 0, commits(root)),
        Line("repository", "sound", sound(root)),
        Line("its clone", True, until(lambda: not _of(stage, root), 20)),
    ]


def time_until_gone(mark: str) -> float:
    """Seconds until no process of the agent is left."""
    began = time.monotonic()
    until(lambda: not running(mark), 60)
    return time.monotonic() - began


def _of(stage: Stage, root: object) -> list[str]:
    """What is left of runs over *root*: clones that borrow its objects."""
    runs = stage.state_folder / "runs"
    borrowed = [p for p in runs.glob("*/*/objects/info/alternates") if str(root) in p.read_text()]
    borrowed += [p for p in runs.glob("*/*/.git/objects/info/alternates") if str(root) in p.read_text()]
    return [str(p) for p in borrowed]
