"""Where Stomper keeps its state."""

from __future__ import annotations

import os
from pathlib import Path

from stomper.hashing import digest

_MEMORY = Path("/dev/shm")  # noqa: S108 - the folders made in it are ours alone


def home() -> Path:
    """Stomper's state folder: $STOMPER_HOME, else under $XDG_STATE_HOME, else ~/.local/state."""
    if given := os.environ.get("STOMPER_HOME"):
        return Path(given).resolve()
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return (Path(base) / "stomper").resolve()


def in_memory(run_id: str) -> Path:
    """Where the worktrees of a run are that has them in memory."""
    return _MEMORY / f"stomper-{os.getuid()}-{run_id}"


def landing_lock(repository: str) -> Path:
    """Where the landing lock of a repository is, by its git directory."""
    return home() / "locks" / digest(repository)
