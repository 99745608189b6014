"""Play every scene: `python -m tests.operate [--server sqlite|postgres|servers|both|files] [--only SCENE ...]`.

`servers` are the two, `both` the servers, and then the files: Dockerfile, compose.yaml and units, carried out without
containers.

Prints what was expected and seen. Exit code 1 on any difference, 2 when a scene could not be played."""

from __future__ import annotations

import argparse
import contextlib
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import get_args

from benchmarks.prefect_servers.servers import RECOMMENDED, Kind, environment, prefect_server, worker
from tests.operate.containers import compose_works, image_is_made, units_work
from tests.operate.image import Image, build
from tests.operate.repositories import CURABLE, repository
from tests.operate.scenes import Scene, groups
from tests.operate.stage import STOMPER, Line, Stage

_AT_ONCE = 4
FILES: dict[str, Callable[[Image, Path], list[Line]]] = {
    "image": image_is_made,
    "compose": compose_works,
    "units": units_work,
}
# What waits for its turn on the server tries again soon.
_SETTINGS = {
    **RECOMMENDED,
    "PREFECT_SERVER_DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS": "2",
    "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "3",
}


def played(name: str, scene: Scene, stage: Stage) -> bool:
    """Play one scene on a stage."""
    return shown(stage.kind, name, partial(scene, stage))


def shown(where: str, name: str, scene: Callable[[], list[Line]]) -> bool:
    """Play one scene and print it; whether all was as expected."""
    began = time.monotonic()
    try:
        lines = scene()
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        lines = [Line("the scene", "played", f"{type(error).__name__}: {error}")]
    good = all(line.good for line in lines)
    told = [f"{'ok' if good else 'WRONG':6}{where:9} {name}  ({time.monotonic() - began:.0f} s)"]
    told += [
        f"      {'' if line.good else 'WRONG '}{line.what}: expected {line.expected!r}, seen {line.seen!r}"
        for line in lines
    ]
    print("\n".join(told), flush=True)
    return good


def play(kind: Kind, only: Collection[str]) -> bool:
    """All scenes on one server; whether all was as expected."""
    with tempfile.TemporaryDirectory(prefix="stomper-operate-") as name, contextlib.ExitStack() as stack:
        folder = Path(name).resolve()
        (folder / "home").mkdir()
        server = stack.enter_context(prefect_server(folder / "server", kind, _SETTINGS))
        project = repository(folder / "project", CURABLE, CURABLE)
        done = deploy(folder, server.address, project)
        if done.returncode:
            raise SystemExit(f"stomper deploy ended with {done.returncode}: {done.stderr}")
        print(done.stdout, end="", flush=True)
        working = stack.enter_context(worker(folder / "home", server.address))
        stage = Stage(kind, server, working, folder)
        # The scenes share it, and what one of them kills holds its slots for a while.
        stage.api.patch("/v2/concurrency_limits/tag:stomper-process-file", {"limit": 16})
        good = True
        for group in groups():
            chosen = {name: scene for name, scene in group.items() if not only or name in only}
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                ends = [pool.submit(played, name, scene, stage) for name, scene in chosen.items()]
            good = all([end.result() for end in ends]) and good  # noqa: C419 - every one is waited for
        for line in stage.leftovers:
            print(f"      {kind}: {line}")
        if not good:
            print(working.tail(6000), server.program.tail(3000), sep="\n")
    return good


def play_files(only: Collection[str]) -> bool:
    """The Dockerfile, compose.yaml and the units, carried out; whether all was as expected."""
    good = True
    with tempfile.TemporaryDirectory(prefix="stomper-operate-") as name:
        folder = Path(name).resolve()
        if only and not set(FILES) & set(only):
            return True
        began = time.monotonic()
        image = build(folder / "image")
        print(f"      files: the Dockerfile's instructions took {time.monotonic() - began:.0f} s")
        for title, scene in FILES.items():
            if not only or title in only:
                good = shown("files", title, partial(scene, image, folder)) and good
    return good


def deploy(folder: Path, address: str, project: Path) -> subprocess.CompletedProcess[str]:
    """`stomper deploy --create-pool`."""
    env = environment(folder / "home", address)
    argv = (STOMPER, "deploy", "--create-pool", str(project))
    return subprocess.run(argv, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=200)


def main() -> int:
    """Parse, play, judge."""
    parser = argparse.ArgumentParser(prog="python -m tests.operate", description=__doc__)
    parser.add_argument("--server", choices=("sqlite", "postgres", "servers", "both", "files"), default="both")
    parser.add_argument("--only", default=(), nargs="+", metavar="SCENE", help="by their names in the table")
    given = parser.parse_args()
    names = {name for group in groups() for name in group} | set(FILES)
    if not set(given.only) <= names:
        parser.error(f"--only: one of {', '.join(sorted(names))}")
    # All that was started is ended then too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    servers = get_args(Kind)
    kinds: dict[str, tuple[Kind, ...]] = {"both": servers, "servers": servers, **{kind: (kind,) for kind in servers}}
    good = [
        play(kind, given.only) for kind in kinds.get(given.server, ()) if not given.only or set(given.only) - set(FILES)
    ]
    if given.server in ("both", "files"):
        good.append(play_files(given.only))
    print("ok" if all(good) else "WRONG")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
