"""Real repositories in temporary folders, and sessions on them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from stomper.config.parameters import FixParameters
from stomper.fixing.session import Session
from stomper.run.open import open_session

MakeRepo = Callable[..., Path]
"""The fixture `make_repo`: makes a repository with one commit of the given files."""


def git(root: Path, *arguments: str) -> str:
    """Run git in *root* and return what it printed."""
    done = subprocess.run(("git", *arguments), cwd=root, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def write(root: Path, files: Mapping[str, str | bytes]) -> None:
    """Write *files* (relative path → content) under *root*."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def open_run(root: Path, **settings: object) -> Session:
    """A session on *root* with these settings over the defaults, without a sandbox; close it."""
    return open_session(FixParameters(repository=str(root), settings={"sandbox": "none", **settings}))
