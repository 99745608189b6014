"""The tag's limit on the embedded server: as many tasks at once as it has slots, which go from one task to the next."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = """\
import contextlib, functools, json, sys, threading, time
from stomper.server import embedded
from stomper.state import paths
from stomper.system import processes
embedded.prepare(paths.home())
from tasks import slot_reuse
from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.futures import as_completed
from prefect.task_runners import ConcurrentTaskRunner
asked = json.loads(sys.argv[1])
slot_reuse.KEPT_S = asked.get("kept_s", 5.0)
now, most, taken, lock = set(), [], [], threading.Lock()
increment = SyncPrefectClient.increment_concurrency_slots_with_lease

@functools.wraps(increment)
def counted(*arguments, **named):
    answer = increment(*arguments, **named)
    taken.append(answer.json()["lease_id"])
    return answer

SyncPrefectClient.increment_concurrency_slots_with_lease = counted

@task(tags=[asked.get("tag", "some-tag")], cache_policy=NO_CACHE, persist_result=False)
def work(name, fails):
    with lock:
        now.add(name)
        most.append(len(now))
    time.sleep(asked["each_s"])
    with lock:
        now.remove(name)
    if fails:
        raise ValueError("as asked")
    return time.monotonic()

def active():
    with get_client(sync_client=True) as client:
        return client.read_global_concurrency_limit_by_name("tag:some-tag").active_slots

@flow
def run(name, tasks, wide, fails):
    names = [f"{name}{number}" for number in range(tasks)]
    with slot_reuse.kept_slots(tasks), ConcurrentTaskRunner(max_workers=wide) as runner:
        futures = runner.map(work, {"name": names, "fails": [fails] * tasks})
        return [f.result(raise_on_failure=False) for f in as_completed(futures)]

@flow
def occupied():
    with get_client(sync_client=True) as client:
        increment(client, ["tag:some-tag"], asked["limit"], "concurrency", 60.0)
    threading.Timer(1.0, processes.stop_all).start()
    return run("stopped", asked["tasks"], asked["wide"], False)

if asked["limit"]:
    with get_client(sync_client=True) as client:
        client.upsert_global_concurrency_limit_by_name("tag:some-tag", asked["limit"])
ends = {}
def one(name):
    ends[name] = [end for end in run(name, asked["tasks"], asked["wide"], asked.get("fails", False))]
if asked.get("stopped"):
    ends["stopped"] = occupied()
else:
    threads = [threading.Thread(target=one, args=(f"run{number}-",)) for number in range(asked.get("runs", 1))]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
done = {name: len([end for end in some if isinstance(end, float)]) for name, some in ends.items()}
first = {name: min([end for end in some if isinstance(end, float)], default=0) for name, some in ends.items()}
last = {name: max([end for end in some if isinstance(end, float)], default=0) for name, some in ends.items()}
left = active() if asked["limit"] else 0
print(json.dumps({"most": max(most), "taken": len(set(taken)), "done": done, "left": left, "first": first, "last": last}))
"""


def ran(state: Path, **asked: Any) -> dict[str, Any]:
    """What came of runs of tasks that carry a tag."""
    env = {**os.environ, "PREFECT_HOME": str(state / "prefect"), "STOMPER_HOME": str(state)}
    argv = (sys.executable, "-c", SCRIPT, json.dumps(asked))
    done = subprocess.run(argv, env=env, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_no_more_tasks_at_once_than_slots(state: Path) -> None:
    """Six threads and two slots: two tasks at once, which take over the slots of those before them, and none is left."""
    found = ran(state, limit=2, tasks=12, wide=6, each_s=0.05)
    assert found["most"] == 2
    assert found["done"] == {"run0-": 12}
    assert found["taken"] == 2
    assert found["left"] == 0


@pytest.mark.slow
def test_tasks_that_fail_give_their_slots_back(state: Path) -> None:
    """A task that raises leaves its slot to the next one too."""
    found = ran(state, limit=2, tasks=6, wide=3, each_s=0.01, fails=True)
    assert found["done"] == {"run0-": 0}
    assert (found["most"], found["left"]) == (2, 0)


@pytest.mark.slow
def test_two_runs_share_the_slots(state: Path) -> None:
    """A run keeps its slots for a while only: neither is over before the other begins."""
    found = ran(state, limit=1, tasks=40, wide=2, each_s=0.1, runs=2, kept_s=0.3)
    assert found["most"] == 1
    assert found["done"] == {"run0-": 40, "run1-": 40}
    assert found["taken"] > 2
    assert max(found["first"].values()) < min(found["last"].values())
    assert found["left"] == 0


@pytest.mark.slow
def test_a_run_that_is_stopped_waits_for_no_slot(state: Path) -> None:
    """Somebody else has all of them, and goes on to."""
    found = ran(state, limit=2, tasks=4, wide=4, each_s=0.01, stopped=True)
    assert found["done"] == {"stopped": 4}
    assert (found["taken"], found["left"]) == (0, 2)


@pytest.mark.slow
def test_a_tag_without_a_limit_holds_nobody_back(state: Path) -> None:
    """As Prefect does it; the flow makes sure that its own tag has one."""
    found = ran(state, tag="another-tag", limit=0, tasks=4, wide=2, each_s=0.01)
    assert found["done"] == {"run0-": 4}


TOGETHER = """\
from concurrent.futures import ThreadPoolExecutor
from stomper.server import embedded
from stomper.state import paths
embedded.prepare(paths.home())
from tasks.limits import create_limits
def make(number):
    create_limits(tag_limit=3, apply=f"apply-{number}", agents={f"a{number}": 2})

with ThreadPoolExecutor(3) as pool:
    for number in range(3):
        list(pool.map(make, [number] * 3))
print("made")
"""


def test_runs_that_begin_together_make_their_limits(state: Path) -> None:
    """Each of them finds that a limit is missing, and one is the first to make it."""
    env = {**os.environ, "PREFECT_HOME": str(state / "prefect"), "STOMPER_HOME": str(state)}
    argv = (sys.executable, "-c", TOGETHER)
    done = subprocess.run(argv, env=env, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout.splitlines() == ["made"], done.stderr
