"""The user works on while a run goes on: what they do is theirs, bit for bit, whatever the moment."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stomper import progress
from stomper.fixing.fix_file import process_file
from stomper.landing.land import land
from tests.support.repositories import MakeRepo, git, open_run, write
from tests.support.runs import RULES

UNUSED = "import os\nx = 1\n"
MINE = "import os\n\nmine = 'ä\r\n'\n"


def edit(root: Path, name: str) -> None:
    """Write to it."""
    write(root, {name: MINE})


def stage(root: Path, name: str) -> None:
    """Write to it, stage that, and write to it again."""
    write(root, {name: MINE})
    git(root, "add", "--", name)
    write(root, {name: MINE + "# more\n"})


def delete(root: Path, name: str) -> None:
    """Delete it in the checkout only."""
    (root / name).unlink()


def commit(root: Path, name: str) -> None:
    """Commit a change of it."""
    write(root, {name: MINE})
    git(root, "commit", "--quiet", "-m", "mine", "--", name)


def create(root: Path, name: str) -> None:
    """Make a new file beside it."""
    write(root, {f"{name}.new": MINE})


def users(root: Path, names: list[str]) -> dict[str, str]:
    """The files and index entries of *names*, and what is stashed."""
    found = {"stash": git(root, "stash", "list"), "index": git(root, "ls-files", "--stage", "--", *names)}
    for name in names:
        path = root / name
        found[name] = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "gone"
    return found


@pytest.mark.parametrize("action", [edit, stage, delete, commit, create], ids=lambda action: action.__name__)
@pytest.mark.parametrize("moment", ["verify", pytest.param("prove", marks=pytest.mark.slow), "land", "moving"])
@pytest.mark.parametrize("name", ["b.py", pytest.param("other.txt", marks=pytest.mark.slow)])
def test_what_the_user_does_meanwhile(
    make_repo: MakeRepo, action: Callable[[Path, str], None], moment: str, name: str
) -> None:
    """A file edited, staged, deleted, committed or made at any moment, one with errors or another: it stays as the user
    left it, in the checkout and in the index; the user's commits stay; the other file's fix lands."""
    root = make_repo({"a.py": UNUSED, "b.py": UNUSED, "other.txt": "1\n"})
    mine = [name, f"{name}.new"]
    done: list[dict[str, str]] = []

    def listen(event: progress.Event) -> None:
        stage_now = event.step if isinstance(event, progress.Journalled) else getattr(event, "stage", "")
        if stage_now == moment and not done:
            action(root, name)
            done.append(users(root, mine))

    @contextlib.contextmanager
    def limit() -> Iterator[None]:
        yield

    with progress.listening(listen):
        session = open_run(root, checkers=RULES, test_validation="none")
        session.collect()
        outcomes = [process_file(session, job) for job in session.select()[0]]
        landing = land(session, outcomes, limit, lambda jobs: [process_file(session, job) for job in jobs])
        session.close()
    (theirs,) = done
    landed = {entry.path for entry in landing.landed}
    now = users(root, mine)
    if name in landed:  # its fix landed on top of the user's commit, or before the user touched it
        committed = git(root, "log", "--format=%s").splitlines()
        assert action is create or committed.count("mine") == (action is commit)
        now, theirs = ({k: v for k, v in side.items() if k not in (name, "index")} for side in (now, theirs))
    assert now == theirs
    if action is commit:
        assert "mine" in git(root, "log", "--format=%s").splitlines()
    assert "a.py" in landed
    assert git(root, "show", "HEAD:a.py") == "x = 1"
    assert git(root, "fsck", "--no-dangling") == ""
