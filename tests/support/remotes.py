"""Bare repositories as remotes, and runs over them by their addresses, without Prefect."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from stomper.config.parameters import FixParameters
from stomper.fixing.fix_file import process_file
from stomper.git import remotes
from stomper.git.remotes import Remote
from stomper.landing.land import Landing, land
from stomper.run.open import open_session
from tests.support.repositories import git, write
from tests.support.runs import RULES

UNUSED = "import os\n\n\ndef one() -> int:\n    return 1\n"
FIXED = "\n\ndef one() -> int:\n    return 1\n"


def bare(folder: Path, files: dict[str, str], name: str = "origin.git") -> Path:
    """A bare repository in *folder* with one commit on `main`."""
    place, work = folder / name, folder / f"{name}.work"
    work.mkdir(parents=True)
    git(work, "init", "--quiet", "-b", "main")
    write(work, files)
    git(work, "add", "--all")
    git(work, "commit", "--quiet", "-m", "start")
    git(folder, "clone", "--quiet", "--bare", str(work), str(place))
    git(work, "remote", "add", "origin", str(place))
    git(place, "config", "http.receivepack", "true")
    git(place, "config", "uploadpack.allowFilter", "true")
    return place


def commit_on(place: Path, name: str, content: str, branch: str = "main") -> str:
    """Somebody else pushes one file to the remote. Returns the commit."""
    work = place.with_name(f"{place.name}.work")
    git(work, "fetch", "--quiet", "origin")
    git(work, "checkout", "--quiet", "--detach", f"origin/{branch}")
    write(work, {name: content})
    git(work, "add", "--", name)
    git(work, "commit", "--quiet", "-m", f"somebody edits {name}")
    git(work, "push", "--quiet", "origin", f"HEAD:refs/heads/{branch}")
    return git(work, "rev-parse", "HEAD")


def hook(place: Path, name: str, script: str) -> None:
    """Put a hook into the remote."""
    file = place / "hooks" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def hold(address: str, token: str = "", **more: object) -> Remote:
    """The remote of a run; close it."""
    remote = remotes.opened(FixParameters.model_validate({"repository": address, **more}), token)
    assert remote is not None
    return remote


def repair_at(
    address: str, *, before_landing: Callable[[], object] | None = None, token: str = "", **more: object
) -> Landing:
    """A run over *address*; *before_landing* happens once all files are proven."""
    settings = {"sandbox": "none", "checkers": RULES, "test_validation": "none"}
    parameters = FixParameters.model_validate({"repository": address, "settings": settings, **more})
    remote = remotes.opened(parameters, token)
    assert remote is not None
    session = open_session(parameters, remote=remote)
    try:
        session.collect()
        outcomes = [process_file(session, job) for job in session.select()[0]]
        if before_landing is not None:
            before_landing()
        landing = land(session, outcomes, contextlib.nullcontext, lambda jobs: [process_file(session, j) for j in jobs])
        session.store.forget(session.run_id)
        return landing
    finally:
        session.close()


def file_at(place: Path, name: str, branch: str = "main") -> str:
    """What the remote has in a file."""
    return git(place, "show", f"{branch}:{name}")


def count(place: Path, branch: str = "main") -> int:
    """How many commits a branch of the remote has."""
    return int(git(place, "rev-list", "--count", branch))
