"""What stands in the way of a landing in the checkout: looked at directly before, whatever git has been told to overlook."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stomper.git.repository import WHOLE_INDEX, git, names
from stomper.landing.transaction.journal import Entry, place_of
from stomper.landing.transaction.staging import Move
from stomper.models import Change
from stomper.system.renaming import Place, enter

_GITLINK = "160000"
_NO_FOLDER = frozenset({errno.ENOTDIR, errno.ELOOP, errno.ENOENT})
_EDITED = "it was edited during the run: commit or stash the edits, then run again"
_GONE = "it was deleted during the run"
_REPLACED = "it is a folder or a link by now"
_STAGED = "changes of it were staged during the run: commit or unstage them, then run again"
_THERE = "a file of that name is there by now, which git does not track"
_PARENT = "a folder on the way to it is gone, or a link by now"


@dataclass(frozen=True)
class Seen:
    """What lies at the place of each file: what tells it, for the moment in which it is taken away."""

    files: Mapping[str, str]
    in_the_way: Mapping[str, str]
    """The files that cannot be landed, each with why."""


def hidden(move: Move, index: Path) -> tuple[frozenset[str], frozenset[str]]:
    """Return which of the files git is told not to look for in the checkout (`skip-worktree`), and whose changes it is told
    to overlook (`assume-unchanged`)."""
    listing = git((*WHOLE_INDEX, "ls-files", "-v", "-z"), cwd=move.root, env={"GIT_INDEX_FILE": str(index)})
    paths = {change.path for change in move.changes}
    flagged = [(name[0], name[2:]) for name in names(listing) if name[2:] in paths]
    skipped = frozenset(path for flag, path in flagged if flag in "Ss")
    return skipped, frozenset(path for flag, path in flagged if flag.islower())


def absent(move: Move, skipped: frozenset[str]) -> frozenset[str]:
    """Return which of the *skipped* files are not in the checkout, as in a sparse one: only the index is told of those."""
    return frozenset(path for path in skipped if not os.path.lexists(move.root / path))


def look(move: Move, index: Path, left_out: frozenset[str], scratch: Path) -> Seen:
    """Look at the place of each file of *move* but those *left_out*, by content. *index* is a copy of the checkout's."""
    found: dict[str, str] = {}
    wrong: dict[str, str] = {}
    for change in move.changes:
        if change.path in left_out:
            continue
        try:
            seen = _at(move.root, change)
        except OSError as error:
            wrong[change.path] = f"it cannot be read: {error.strerror}"
            continue
        if isinstance(seen, _Wrong):
            wrong[change.path] = seen.why
        else:
            found[change.path] = seen
    listing = git(
        (*WHOLE_INDEX, "diff-index", "--cached", "--name-only", "-z", "--no-renames", move.old),
        cwd=move.root,
        env={"GIT_INDEX_FILE": str(index)},
    )
    staged = frozenset(names(listing))
    paths = [c.path for c in move.changes if c.path not in wrong and c.path not in left_out]
    wrong |= {c.path: _STAGED for c in move.changes if c.path in staged}
    present = [c for c in move.changes if c.path in paths and int(c.old_mode, 8)]
    wrong |= {path: _EDITED for path in _edited(move, present, scratch) if path not in wrong}
    return Seen(found, wrong)


@dataclass(frozen=True)
class _Wrong:
    why: str


def tell(place: Place) -> str:
    """Return what tells the file at *place*: its inode, its mode and its content. Raises OSError."""
    about = os.stat(place.name, dir_fd=place.folder, follow_symlinks=False)
    return f"{about.st_ino} {about.st_mode} {hashlib.sha256(place.content()).hexdigest()}"


def _at(root: Path, change: Change) -> str | _Wrong:
    """Return what tells the file at the place of *change*; empty where there is none and should be none."""
    if _GITLINK in (change.old_mode, change.new_mode):
        return _Wrong("it is a submodule")
    if not int(change.old_mode, 8):
        return _free(root, change)
    try:
        with place_of(str(root), Entry(change.path, "replace", "")) as place:
            about = place.look()
            if about is None:
                return _Wrong(_GONE)
            kind = stat.S_ISLNK if change.old_mode == "120000" else stat.S_ISREG
            return tell(place) if kind(about.st_mode) else _Wrong(_REPLACED)
    except OSError as error:
        return _Wrong(_PARENT if error.errno in _NO_FOLDER else f"it cannot be read: {error.strerror}")


def _free(root: Path, change: Change) -> str | _Wrong:
    """Nothing, where a new file can be put; the folders on the way are there, or can be made."""
    parts = change.path.split("/")[:-1]
    for depth in range(len(parts) + 1):
        try:
            folder = enter(root, tuple(parts[:depth]))
        except FileNotFoundError:
            return ""
        except OSError:
            return _Wrong(_PARENT)
        try:
            if depth == len(parts) and Place(folder, change.path.rpartition("/")[2]).look():
                return _Wrong(_THERE)
        finally:
            os.close(folder)
    return ""


def _edited(move: Move, present: Sequence[Change], scratch: Path) -> list[str]:
    """Return which files are not as committed, by an index that knows nothing but what was: so that all are read."""
    if not present:
        return []
    env = {"GIT_INDEX_FILE": str(scratch)}
    listing = b"".join(f"{c.old_mode} {c.old_blob}\t".encode() + os.fsencode(c.path) + b"\0" for c in present)
    git((*WHOLE_INDEX, "update-index", "-z", "--index-info"), cwd=move.root, env=env, stdin=listing)
    git((*WHOLE_INDEX, "update-index", "-q", "--refresh"), cwd=move.root, env=env, ok=(0, 1))
    shown = ("diff-files", "--name-only", "-z", "--no-ext-diff", "--ignore-submodules=none")
    edited = names(git((*WHOLE_INDEX, *shown), cwd=move.root, env=env))
    scratch.unlink()
    return edited
