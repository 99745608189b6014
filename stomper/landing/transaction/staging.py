"""The new files of a landing, made beside the checkout as git's own checkout would write them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stomper.git.plumbing import WHOLE_INDEX, git
from stomper.landing.transaction.journal import FILES, Entry, Journal, stamp
from stomper.models import Change

_NEW, _OLD, _WHOLE, _LOCK = "new", "old", "whole.index", "lock"


@dataclass(frozen=True)
class Move:
    """A branch that is checked out at *root*, and where it is to go: from commit *old* to *new*.

    *own_dir* is what git keeps for that checkout alone, *git_dir* what it keeps for all of the repository's."""

    root: Path
    own_dir: Path
    git_dir: Path
    branch: str
    old: str
    new: str
    changes: tuple[Change, ...]
    message: str = field(default="stomper", kw_only=True)
    objects: Path | None = field(default=None, kw_only=True)
    """Where the objects of *new* are that the repository may not have yet."""

    @property
    def reference(self) -> str:
        """The branch's full name."""
        return f"refs/heads/{self.branch}"


def stage(move: Move, folder: Path, left_out: frozenset[str]) -> Journal:
    """Make the new files of *move* in *folder*, but for those *left_out*, whose place in the checkout is empty on purpose.

    The journal is written when this returns. Raises RepositoryError and OSError."""
    wanted = [change for change in move.changes if change.path not in left_out]
    (folder / _LOCK).touch(mode=0o644)
    files = (folder / FILES).resolve()
    (files / _OLD).mkdir()
    _check_out(move, folder / _WHOLE, files / _NEW, [change.path for change in wanted if not change.deleted])
    journal = Journal(
        folder=str(folder),
        root=str(move.root),
        own_dir=str(move.own_dir),
        reference=move.reference,
        old=move.old,
        new=move.new,
        lock=(folder / _LOCK).lstat().st_ino,
        entries=tuple(_entry(change, files, number) for number, change in enumerate(wanted)),
    )
    journal.write()
    return journal


def lock_file(journal: Journal) -> Path:
    """Return the file that becomes git's `index.lock`."""
    return Path(journal.folder, _LOCK)


def _check_out(move: Move, index: Path, folder: Path, paths: Sequence[str]) -> None:
    env = {"GIT_INDEX_FILE": str(index)}
    if move.objects:
        env["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = str(move.objects)
    git((*WHOLE_INDEX, "read-tree", move.new), cwd=move.root, env=env)
    listing = b"\0".join(os.fsencode(path) for path in paths)
    prefix = f"--prefix={folder}/"
    if paths:
        git((*WHOLE_INDEX, "checkout-index", "-z", "--stdin", "--force", prefix), cwd=move.root, env=env, stdin=listing)
    index.unlink()


def _entry(change: Change, files: Path, number: int) -> Entry:
    if change.deleted:
        return Entry(change.path, "delete", str(files / _OLD / str(number)))
    staged = f"{files}/{_NEW}/{change.path}"
    added = int(change.old_mode, 8) == 0
    return Entry(change.path, "add" if added else "replace", staged, stamp(os.lstat(staged)))
