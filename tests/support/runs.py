"""Runs without Prefect, for tests: the agents they are given and what is asked of them afterwards."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from stomper.fixing.fix_file import process_file
from stomper.landing.approval import Answer
from stomper.landing.land import Landing, land
from stomper.landing.land_approved import Ask, land_and_ask
from stomper.models import FileJob, Outcome
from stomper.system import processes
from tests.support.repositories import git, open_run, write

# ruff's defaults change between its versions.
RULES: dict[str, object] = {"ruff": {"args": ["--select", "E4,E7,E9,F"]}}
# Keeps what it was told in a log beside the script; the second word says what to do to the file.
COMMAND = """\
import pathlib, sys
log, action, file = pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])
calls = log.read_text().count("=== call") if log.exists() else 0
prompt_file = pathlib.Path(sys.argv[4]).read_text() if len(sys.argv) > 4 else ""
with log.open("a") as out:
    out.write(f"=== call\\nargv {sys.argv[3:]}\\nstdin {sys.stdin.read()}\\nprompt_file {prompt_file}\\n")
source = file.read_text()
if action == "second" and not calls:
    file.write_text(source + "def broken(:\\n")
elif action in ("fix", "second"):
    file.write_text(source.replace("import os\\n", ""))
elif action == "delete":
    file.unlink()
elif action == "chmod":
    file.write_text(source.replace("import os\\n", ""))
    file.chmod(0o755)
elif action == "link":
    file.unlink()
    file.symlink_to("elsewhere.py")
elif action == "commit":
    import subprocess
    file.write_text(source.replace("import os\\n", ""))
    subprocess.run(["git", "-c", "user.name=A", "-c", "user.email=a@b", "commit", "-qam", "mine"], check=True)
elif action == "exit":
    file.write_text(source.replace("import os\\n", ""))
    sys.exit("out of credit")
"""


def scripted(root: Path, *rules: Mapping[str, object], **table: object) -> dict[str, object]:
    """The setting `agents` for a scripted agent alone that follows *rules*; what ends in `_` goes into its script."""
    script = root.parent / "script.json"
    own = {key.removesuffix("_"): table.pop(key) for key in list(table) if key.endswith("_")}
    script.write_text(json.dumps({"rules": rules, **own}), encoding="utf-8")
    return {"ruff": {"enabled": False}, "scripted": {"script": str(script), **table}}


def command(root: Path, action: str, **table: object) -> Mapping[str, object]:
    """The setting `agents` for a command agent alone that does *action*; it logs to `calls.log` beside the root."""
    program = root.parent / "agent.py"
    program.write_text(COMMAND, encoding="utf-8")
    argv = [sys.executable, str(program), str(root.parent / "calls.log"), action, "{file}", "{prompt_file}"]
    return {"ruff": {"enabled": False}, "mine": {"kind": "command", "command": argv, **table}}


def nobody(shown: Sequence[Outcome], timeout_s: float) -> Answer | None:
    """Asked, and no answer."""
    assert shown
    assert timeout_s > 0
    return None


def repair(
    root: Path, *, before_landing: Callable[[], object] | None = None, ask: Ask = nobody, **settings: object
) -> Landing:
    """Collect, select, process each file and land; *before_landing* happens in between. Without tests by default."""
    session = open_run(root, **{"checkers": RULES, "test_validation": "none", **settings})
    try:
        session.collect()
        outcomes = [process_file(session, job) for job in session.select()[0]]
        if before_landing is not None:
            before_landing()

        def again(jobs: Sequence[FileJob]) -> Sequence[Outcome]:
            return [process_file(session, job) for job in jobs]

        landing = land_and_ask(session, outcomes, contextlib.nullcontext, again, ask)
        session.store.forget(session.run_id, session.memory.waiting(landing.outcomes))  # as the flow does at its end
        return landing
    finally:
        session.close()


def only(landing: Landing) -> Outcome:
    """The one outcome of a run over one file."""
    (outcome,) = landing.outcomes
    return outcome


def nothing_landed(root: Path, landing: Landing) -> bool:
    """Whether the branch and the files are as `make_repo` left them."""
    return not landing.landed and git(root, "rev-list", "--count", "HEAD") == "1" and not git(root, "status", "--short")


def snapshot(folder: Path) -> dict[str, str]:
    """Every file under *folder* with its mode, time of change and content; links by where they point.

    Without the times of git's objects, which git itself renews when it meets the same content again.
    """
    found = {}
    for path in sorted(folder.rglob("*")):
        name, about = os.fspath(path.relative_to(folder)), path.lstat()
        if path.is_symlink():
            found[name] = f"link {path.readlink()}"
        elif path.is_file():
            changed = 0 if name.startswith(".git/objects/") else about.st_mtime_ns
            found[name] = f"{about.st_mode:o} {changed} {hashlib.sha256(path.read_bytes()).hexdigest()}"
    return found


def raw(root: Path, *arguments: str) -> bytes:
    """What git printed, as bytes."""
    return subprocess.run(("git", *arguments), cwd=root, check=True, capture_output=True).stdout


def commit(root: Path, name: str, content: str) -> str:
    """Commit one file in *root*. Returns the commit."""
    write(root, {name: content})
    git(root, "add", "--", name)
    git(root, "commit", "--quiet", "-m", f"user edits {name}", "--", name)
    return git(root, "rev-parse", "HEAD")


def by_path(landing: Landing) -> dict[str, Outcome]:
    """The outcomes by their paths."""
    return {o.path: o for o in landing.outcomes}


def land_with(root: Path, limit: Callable[[], contextlib.AbstractContextManager[None]]) -> Landing:
    """A run whose move of the branch happens inside *limit*."""
    session = open_run(root, checkers=RULES, test_validation="none")
    try:
        session.collect()
        return land(session, [process_file(session, job) for job in session.select()[0]], limit)
    finally:
        session.close()


@contextlib.contextmanager
def started() -> Iterator[list[tuple[str, ...]]]:
    """The command lines of all processes that are started in the block, as it goes on."""
    lines: list[tuple[str, ...]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(processes, "run", partial(_noted, lines, processes.run))
        yield lines


def _noted(
    lines: list[tuple[str, ...]], run: Callable[..., processes.Finished], argv: Sequence[str], **how: Any
) -> processes.Finished:
    lines.append(tuple(argv))
    return run(argv, **how)
