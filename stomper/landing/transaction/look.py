"""What stands in the way of a landing in the checkout: looked at directly before, whatever git has been told to overlook."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stomper.git.plumbing import WHOLE_INDEX, git, names
from stomper.landing.transaction.journal import Entry, place_of
from stomper.landing.transaction.staging import Move
from stomper.models import Change
from stomper.system.renaming import Place, enter, told

_GITLINK = "160000"
_SHA1_DIGITS = 40
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


@dataclass(frozen=True)
class Listed:
    """A file of *move* as the checkout's index has it: how git lists its *flag*, *mode* and *blob*."""

    flag: str
    mode: str
    blob: str

    @property
    def skipped(self) -> bool:
        """Whether git is told not to look for it in the checkout (`skip-worktree`)."""
        return self.flag in "Ss"

    @property
    def overlooked(self) -> bool:
        """Whether git is told to overlook its changes (`assume-unchanged`)."""
        return self.flag.islower()


def listed(move: Move, index: Path) -> Mapping[str, Listed]:
    """Return the files of *move* that are in *index*. One that is unmerged has no blob."""
    listing = git((*WHOLE_INDEX, "ls-files", "-v", "--stage", "-z"), cwd=move.root, env={"GIT_INDEX_FILE": str(index)})
    paths = {change.path for change in move.changes}
    found = {}
    for about, _, path in (line.partition("\t") for line in names(listing)):
        if path in paths:
            flag, mode, blob, stage = about.split(" ")
            found[path] = Listed(flag, mode, blob if stage == "0" else "")
    return found


def absent(move: Move, index: Mapping[str, Listed]) -> frozenset[str]:
    """Return which files git is told not to look for, and are not in the checkout, as in a sparse one: only the index is
    told of those."""
    return frozenset(path for path, file in index.items() if file.skipped and not os.path.lexists(move.root / path))


def look(move: Move, index: Mapping[str, Listed], left_out: frozenset[str], scratch: Path) -> Seen:
    """Look at the place of each file of *move* but those *left_out*, by content. *index* is the checkout's."""
    found: dict[str, str] = {}
    wrong: dict[str, str] = {}
    unlike = []
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
            continue
        found[change.path] = seen.tells
        if not seen.as_committed:
            unlike.append(change)
    wrong |= {change.path: _STAGED for change in move.changes if _staged(change, index.get(change.path))}
    unlike = [change for change in unlike if change.path not in wrong]
    wrong |= dict.fromkeys(_edited(move, unlike, scratch), _EDITED)
    return Seen(found, wrong)


@dataclass(frozen=True)
class _Wrong:
    why: str


@dataclass(frozen=True)
class _There:
    """What lies there, if anything, and whether it is what is committed, byte for byte: else git has to say."""

    tells: str
    as_committed: bool


def _staged(change: Change, file: Listed | None) -> bool:
    """Return whether the index has another file than the commit that is checked out."""
    if file is None:
        return bool(int(change.old_mode, 8))
    return (file.mode, file.blob) != (change.old_mode, change.old_blob)


def _at(root: Path, change: Change) -> _There | _Wrong:
    """Return what is at the place of *change*. Raises OSError."""
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
            if not kind(about.st_mode):
                return _Wrong(_REPLACED)
            content = place.content()
            mode = "120000" if stat.S_ISLNK(about.st_mode) else "100755" if about.st_mode & stat.S_IXUSR else "100644"
            same = mode == change.old_mode and _blob(content, len(change.old_blob)) == change.old_blob
            return _There(told(about, content), same)
    except OSError as error:
        return _Wrong(_PARENT if error.errno in _NO_FOLDER else f"it cannot be read: {error.strerror}")


def _blob(content: bytes, digits: int) -> str:
    """Return the name of *content* as git stores it, in so many *digits*: by SHA-1, or by SHA-256."""
    hashed = hashlib.sha1(usedforsecurity=False) if digits == _SHA1_DIGITS else hashlib.sha256()
    hashed.update(b"blob %d\0" % len(content))
    hashed.update(content)
    return hashed.hexdigest()


def _free(root: Path, change: Change) -> _There | _Wrong:
    """Nothing, where a new file can be put; the folders on the way are there, or can be made."""
    parts = change.path.split("/")[:-1]
    for depth in range(len(parts) + 1):
        try:
            folder = enter(root, tuple(parts[:depth]))
        except FileNotFoundError:
            return _There("", as_committed=True)
        except OSError:
            return _Wrong(_PARENT)
        try:
            if depth == len(parts) and Place(folder, change.path.rpartition("/")[2]).look():
                return _Wrong(_THERE)
        finally:
            os.close(folder)
    return _There("", as_committed=True)


def _edited(move: Move, present: Sequence[Change], scratch: Path) -> list[str]:
    """Return which files are not as committed as git sees it, which may have checked them out in other bytes: by an index
    that knows nothing but what was, so that all are read."""
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
