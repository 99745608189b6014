"""Locks that the kernel frees when their holder dies: they prove who is alive."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from stomper.state.paths import in_memory
from stomper.system import processes
from stomper.system.own_folders import remove_own


class Lock:
    """An advisory lock on a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def acquire(self, *, shared: bool = False, timeout_s: float = 0.0) -> bool:
        """Take it, waiting up to *timeout_s*. False when another process holds it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        give_up = time.monotonic() + timeout_s
        while True:
            try:
                fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= give_up:
                    os.close(descriptor)
                    return False
                time.sleep(0.05)
            else:
                self._descriptor = descriptor
                return True

    def release(self) -> None:
        """Give it back."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def begin_run(folder: Path, run_id: str) -> Lock:
    """Sweep, then make the folder of a new run in *folder* and hold its `alive`, out of reach of another's sweep."""
    with Lock(folder.with_suffix(".lock")) as sweep:
        sweep.acquire(timeout_s=60)
        sweep_runs(folder)
        (folder / run_id).mkdir(parents=True)
        alive = Lock(folder / run_id / "alive")
        alive.acquire()
    return alive


def lives(folder: Path, run_id: str) -> bool:
    """Whether the run *run_id* in *folder* is under way. What a dead one left stays until the next run sweeps it."""
    if not (folder / run_id / "alive").exists():
        return False
    with Lock(folder.with_suffix(".lock")) as sweep:  # else a run that begins now could meet this look at its lock
        sweep.acquire(timeout_s=60)
        with Lock(folder / run_id / "alive") as alive:
            return not alive.acquire(shared=True)


def remove_run(folder: Path) -> None:
    """Remove the folder of a run, and the worktrees that lie elsewhere."""
    with contextlib.suppress(OSError):
        if (folder / "worktrees").readlink() == in_memory(folder.name):  # and nowhere else, whoever made that link
            remove_own(in_memory(folder.name))
    remove_own(folder)


def sweep_runs(folder: Path) -> list[str]:
    """Remove what dead runs left in *folder*; a run is dead when nobody holds its `alive` file. Returns their names."""
    swept = []
    for place in sorted(folder.glob("*")):
        lock = Lock(place / "alive")
        if (place / "alive").exists() and lock.acquire():
            processes.kill_run(place.name)
            remove_run(place)
            lock.release()
            swept.append(place.name)
    return swept
