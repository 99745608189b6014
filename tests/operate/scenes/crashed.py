"""The worker, or the process of a run, dies while agents work."""

from __future__ import annotations

import os
import signal
import subprocess

from benchmarks.prefect_servers.programs import parents
from tests.operate.repositories import CURABLE, commits, repository, slow_agent, sound
from tests.operate.stage import PREFECT, Line, Stage, until
from tests.support.processes import running

_TAG = "tag:stomper-process-file"


def worker_killed(stage: Stage) -> list[Line]:
    """SIGKILL for the worker and all below it, then for the server too: CI sees no success, and the next run works."""
    root = stage.folder / "worker-killed"
    settings, mark = slow_agent(root)
    repository(root, CURABLE, CURABLE, settings=f"max_parallel_files = 2\n{settings}")
    argv = (PREFECT, "deployment", "run", "fix-repository/ci", "-p", f"repository={root}", "--watch")
    watching = subprocess.Popen(
        (*argv, "--watch-timeout", "45"), cwd=stage.folder, env=stage.env, stdout=subprocess.PIPE, text=True
    )
    at_work = until(lambda: len(running(mark)) >= 4, 90)
    held = stage.slots(_TAG)
    stage.worker.kill()
    gone = until(lambda: not running(mark), 20)
    landed, whole = commits(root), sound(root)
    stage.server.restart()
    stage.worker.start()
    (root.with_name(f"{root.name}-agent")).write_text('#!/bin/sh\nsed -i "/^import os$/d" "$1"\n', encoding="utf-8")
    again = stage.run("fix-repository/ci", {"repository": str(root)})
    code = watching.wait(timeout=120)
    return [
        Line("agents at work", True, at_work),
        Line("slots held", 2, held),
        Line("agents gone with it", True, gone),
        Line("commits", 0, landed),
        Line("repository", "sound", whole),
        Line("CI sees no success", True, code != 0),
        *again.as_expected(0, "Completed", "2 error(s) fixed"),
        Line("commits", 2, commits(root)),
        Line("folders of dead runs", [], stage.left_of_runs()),
    ]


def slots_return(stage: Stage) -> list[Line]:
    """What the killed run held over a restart of the server is given back; so are all others' slots."""
    limits = [one["name"] for one in stage.api.post("/v2/concurrency_limits/filter", {"limit": 200})]
    ours = [name for name in limits if name.startswith((_TAG, "stomper-"))]
    until(lambda: not any(stage.slots(name) for name in ours), 100)
    return [Line(f"slots of {len(ours)} limits", 0, sum(stage.slots(name) for name in ours))]


def engine_killed(stage: Stage) -> list[Line]:
    """SIGKILL for the process of the run alone: the worker tells the server, and CI ends with 1."""
    root = stage.folder / "engine-killed"
    settings, mark = slow_agent(root)
    repository(root, CURABLE, settings=f"max_parallel_files = 1\n{settings}")
    run = stage.start("fix-repository/ci", {"repository": str(root)})
    at_work = until(lambda: len(running(mark)) >= 2, 90)
    for pid in _ancestors(running(mark), stage.worker.pid):
        os.kill(pid, signal.SIGKILL)
    return [
        Line("agents at work", True, at_work),
        Line("agents gone with it", True, until(lambda: not running(mark), 20)),
        Line("state", "Crashed", stage.ended(run, 60)),
        Line("commits", 0, commits(root)),
        Line("repository", "sound", sound(root)),
    ]


def _ancestors(pids: list[int], worker: int) -> list[int]:
    """The Python processes between the worker and *pids* that run flows: the eldest children of the worker."""
    above, found = parents(), set[int]()
    for pid in pids:
        chain = [pid]
        while chain[-1] in above and chain[-1] != worker:
            chain.append(above[chain[-1]])
        if worker in chain:
            found.add(chain[chain.index(worker) - 1])
    return sorted(found)
