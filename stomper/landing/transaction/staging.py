"""The new files of a landing, made beside the checkout as git's own checkout would write them."""

from __future__ import annotations

import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stomper.git.repository import WHOLE_INDEX, git
from stomper.landing.transaction.journal import Entry, Journal, home_of, stamp
from stomper.models import Change

_NEW, _WHOLE, _LOCK = "new", "whole.index", "lock"


@dataclass(frozen=True)
class Move:
    """A branch that is checked out at *root*, and where it is to go: from commit *old* to *new*, which lacks nothing.

    *own_dir* is what git keeps for that checkout alone, *git_dir* what it keeps for all of the repository's."""

    root: Path
    own_dir: Path
    git_dir: Path
    branch: str
    old: str
    new: str
    changes: tuple[Change, ...]
    message: str = field(default="stomper", kw_only=True)

    @property
    def reference(self) -> str:
        """The branch's full name."""
        return f"refs/heads/{self.branch}"


def make_folder(move: Move) -> Path:
    """Make a folder for all that *move* needs on disk. Raises OSError."""
    home = home_of(move.root, move.own_dir)
    folder = home / uuid.uuid4().hex[:12]
    folder.mkdir(parents=True, mode=0o700)
    if home.parent == move.root:
        (home / ".gitignore").write_text("*\n", encoding="utf-8")
    return folder


def stage(move: Move, folder: Path, left_out: frozenset[str]) -> Journal:
    """Make the new files of *move* in *folder*, but for those *left_out*, whose place in the checkout is empty on purpose.

    The journal is written when this returns. Raises RepositoryError and OSError."""
    wanted = [change for change in move.changes if change.path not in left_out]
    (folder / _LOCK).touch(mode=0o644)
    (folder / "old").mkdir()
    _check_out(move, folder, [change.path for change in wanted if not change.deleted])
    journal = Journal(
        folder=str(folder),
        root=str(move.root),
        own_dir=str(move.own_dir),
        reference=move.reference,
        old=move.old,
        new=move.new,
        lock=(folder / _LOCK).lstat().st_ino,
        entries=tuple(_entry(change, folder, number) for number, change in enumerate(wanted)),
    )
    journal.write()
    return journal


def lock_file(journal: Journal) -> Path:
    """Return the file that becomes git's `index.lock`."""
    return Path(journal.folder, _LOCK)


def _check_out(move: Move, folder: Path, paths: Sequence[str]) -> None:
    env = {"GIT_INDEX_FILE": str(folder / _WHOLE)}
    git((*WHOLE_INDEX, "read-tree", move.new), cwd=move.root, env=env)
    listing = b"\0".join(os.fsencode(path) for path in paths)
    prefix = f"--prefix={folder / _NEW}/"
    if paths:
        git((*WHOLE_INDEX, "checkout-index", "-z", "--stdin", "--force", prefix), cwd=move.root, env=env, stdin=listing)
    (folder / _WHOLE).unlink()


def _entry(change: Change, folder: Path, number: int) -> Entry:
    if change.deleted:
        return Entry(change.path, "delete", str(folder / "old" / str(number)))
    staged = folder / _NEW / change.path
    added = int(change.old_mode, 8) == 0
    return Entry(change.path, "add" if added else "replace", str(staged), stamp(staged.lstat()))
