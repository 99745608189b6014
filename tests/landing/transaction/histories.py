"""Histories: a landing, and acts of a user between its steps; and what must hold at the end of each."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stomper import progress
from stomper.landing.transaction.transaction import Ending, carry_out
from stomper.state.locks import Lock
from tests.landing.transaction.world import ACTS, AFTER, BEFORE, LANDED, PLACES, World, move_in
from tests.support.repositories import git

_GONE_S = 30.0


@dataclass(frozen=True)
class Planned:
    """An act of the user before the n-th step of a landing."""

    step: int
    act: int
    place: int

    @property
    def words(self) -> str:
        """The act in words."""
        return f"{self.step}: {ACTS[self.act].__name__} {PLACES[self.place]}"


def play(template: Path, place: Path, plan: Sequence[Planned], *, killed_at: int = 0) -> tuple[World, str, float]:
    """Play one history in a copy of *template* at *place*: the landing with the acts of *plan*, killed at a step or not.

    Returns the world, how the landing ended, and how many seconds after a kill all was settled."""
    root = place / "repo"
    shutil.copytree(template, root, symlinks=True)
    git(root, "update-index", "-q", "--refresh")
    old, new = git(root, "rev-parse", "main", "refs/stomper/new").split()
    world = World(root, move_in(root, old, new))
    lock = place / "landing.lock"
    if not killed_at:
        return world, _land(world, lock, plan, 0).state, 0.0
    pid = os.fork()
    if pid == 0:
        try:
            _land(world, lock, plan, killed_at)
        finally:
            os._exit(0)
    _, status = os.waitpid(pid, 0)
    began = time.monotonic()
    ended = "killed" if os.waitstatus_to_exitcode(status) == -signal.SIGKILL else "ended"
    home = root / ".git" / "stomper-landing"
    while home.exists() and time.monotonic() - began < _GONE_S:
        time.sleep(0.01)
    return world, ended, time.monotonic() - began


def _land(world: World, lock: Path, plan: Sequence[Planned], killed_at: int) -> Ending:
    number = 0

    def listen(event: progress.Event) -> None:
        nonlocal number
        if not isinstance(event, progress.LandingStep):
            return
        number += 1
        for planned in plan:
            if planned.step == number:
                ACTS[planned.act](world, PLACES[planned.place])
        if number == killed_at:
            os.kill(os.getpid(), signal.SIGKILL)

    for planned in plan:
        if planned.step == 0:
            ACTS[planned.act](world, PLACES[planned.place])
    with progress.listening(listen), Lock(lock) as held:
        held.acquire()
        return carry_out(world.move, lock, wait_s=0.2)


def wrong(world: World, ended: str) -> list[str]:
    """What does not hold at the end; nothing when all does."""
    root, found = world.root, list[str]()
    own = root / ".git"
    left = [str(p.relative_to(root)) for p in own.rglob("*.lock") if p not in world.locks]
    if left or (own / "stomper-landing").exists():
        found.append(f"left behind: {left or 'stomper-landing'}")
    for place in world.locks:
        place.unlink(missing_ok=True)
    fsck = subprocess.run(
        ("git", "fsck", "--no-dangling", "--no-progress"), cwd=root, capture_output=True, text=True, check=False
    )
    if fsck.returncode:
        found.append(f"fsck: {fsck.stderr.strip()[:300]}")
    for commit in world.kept:
        if not world.git("cat-file", "-e", commit):
            found.append(f"a commit of the user is gone: {commit}")
    for path, content in world.files.items():
        now = _there(root / path)
        if now != content:
            found.append(f"{path}: the user left {content!r}, there is {now!r}")
    for path, entry in world.index.items():
        now_staged = git(root, "ls-files", "--stage", "--", path)
        if now_staged != entry:
            found.append(f"{path}: the user staged {entry}, there is {now_staged}")
    if not world.moved_on:
        found += _untouched(world, ended)
    return found


def _untouched(world: World, ended: str) -> list[str]:
    """What is not wholly as before or wholly as landed, of what the user did nothing to."""
    root, found = world.root, list[str]()
    tip = git(root, "rev-parse", "main")
    landed = tip == world.move.new
    if not landed and tip != world.move.old:
        found.append(f"main is at {tip}")
    if landed != (ended == "moved") and ended != "killed":
        found.append(f"it says {ended}, and main is at {tip}")
    wanted = {**BEFORE, "other.txt": "2\n", **(AFTER if landed else {})}
    if landed:
        wanted.pop("gone/d.py")
    for path in (*LANDED, "other.txt", "pkg/other.py"):
        if path in world.files or any(path.startswith(f"{touched}/") for touched in world.files):
            continue
        content = wanted.get(path)
        expected = content.encode() if isinstance(content, str) else content
        if (now := _there(root / path)) != expected:
            found.append(f"{path}: {now!r} instead of {expected!r}, landed: {landed}")
    listing = git(root, "status", "--porcelain=v2", "-z", "--no-renames")
    dirty = [line.split(" ", 1 if line[0] == "?" else 8)[-1].rstrip("/") for line in listing.split("\0") if line]
    mine = {*world.files, *world.index}
    for path in dirty:
        if not any(path == m or m.startswith(f"{path}/") or path.startswith(f"{m}/") for m in mine) and path != "moved":
            found.append(f"{path} is not as committed, and no user has touched it")
    return found


def _there(place: Path) -> bytes | None:
    if place.is_symlink():
        return os.fsencode(place.readlink())
    if place.is_dir():
        return b"a folder"
    return place.read_bytes() if place.exists() else None
