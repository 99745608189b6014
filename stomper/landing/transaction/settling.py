"""The end of a landing: what is left to do once the branch has moved, and what becomes of one whose process is gone.

It is light to import: the process that watches over a landing has a second for all of it."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from stomper.errors import RepositoryError
from stomper.git.plumbing import WHOLE_INDEX, git, names
from stomper.landing.transaction.journal import Journal, has_moved, place, place_of, remove, stamp, take_back
from stomper.system.renaming import exchange, move

_SPARE_WORDS = re.compile(r" (blob|commit)(?= )| 0$")  # a type in trees, a stage in an index


@dataclass(frozen=True)
class Settled:
    """What became of a landing whose process is gone: it is *finished*, or taken back; but for what is *left* of the user's
    files in *folder*, to be tried again."""

    finished: bool
    left: tuple[str, ...] = ()
    folder: str = ""


def settle(journal: Journal) -> Settled:
    """Finish the landing of a process that is gone where the branch has moved, else take it back."""
    left = tuple[str, ...]()
    finished = has_moved(journal)
    if finished:
        written_late(journal, journal.seen())
        remove_empty_folders(journal)
        _release(journal)
    else:
        kept = _committed_since(journal)
        entries = tuple(entry for entry in journal.entries if entry.path not in kept)
        left = take_back(replace(journal, entries=entries), index=len(entries) == len(journal.entries))
        _release(journal)
        _unstage(journal, kept)
    if not left:
        remove(Path(journal.folder))
    return Settled(finished, left, journal.folder)


def written_late(journal: Journal, seen: Mapping[str, str]) -> list[str]:
    """Put back the files that somebody who had opened them before has written to since they were taken out of the checkout.

    Returns their paths. What the branch holds is none of it: they are edits of what was there before."""
    late = []
    for entry in journal.entries:
        with contextlib.suppress(OSError), place(entry.staged) as staged:
            if entry.way == "add" or seen.get(entry.path) in (None, staged.tell()):
                continue
            late.append(entry.path)
            with place_of(journal.root, entry) as there:
                about = there.look()
                if about is None and entry.way == "delete":
                    move(staged, there)
                elif about is not None and stamp(about) == entry.stamp:
                    exchange(staged, there)
    return late


def remove_empty_folders(journal: Journal) -> None:
    """Remove the folders that the deletions have left empty, as git does."""
    for entry in journal.entries:
        parts = entry.parts if entry.way == "delete" else ()
        with contextlib.suppress(OSError):
            while parts:
                Path(journal.root, *parts).rmdir()
                parts = parts[:-1]


def _committed_since(journal: Journal) -> frozenset[str]:
    """Which files are others in HEAD than before: what the user has amended, say, or has on a branch of another name."""
    with contextlib.suppress(RepositoryError):
        return _changed(journal, journal.old, "HEAD")
    return frozenset()


def _changed(journal: Journal, old: str, new: str) -> frozenset[str]:
    listing = git(("diff-tree", "-r", "-z", "--name-only", "--no-renames", old, new), cwd=Path(journal.root))
    return frozenset(names(listing))


def _unstage(journal: Journal, kept: frozenset[str]) -> None:
    """Take the landing out of an index that is not the one that was put in place: `git status` writes it anew, once
    somebody has removed the lock. What is in it otherwise stays."""
    root = Path(journal.root)
    with contextlib.suppress(RepositoryError):
        landed = _changed(journal, journal.old, journal.new) - kept
        staged = _files(git((*WHOLE_INDEX, "ls-files", "--stage", "-z"), cwd=root))
        before, after = (_files(git(("ls-tree", "-r", "-z", at), cwd=root)) for at in (journal.old, journal.new))
        ours = [path for path in landed if staged.get(path) == after.get(path)]
        if ours:
            nothing = f"0 {'0' * len(journal.old)}"
            info = [f"{before.get(path, nothing)}\t".encode() + os.fsencode(path) + b"\0" for path in ours]
            git(("update-index", "-z", "--index-info"), cwd=root, stdin=b"".join(info))
            git(("update-index", "-q", "--refresh"), cwd=root, ok=(0, 1))


def _files(listing: bytes) -> dict[str, str]:
    """Return the mode and the blob of each path in a *listing* of an index or a tree."""
    lines = (line.partition("\t") for line in names(listing))
    return {path: _SPARE_WORDS.sub("", about) for about, _, path in lines}


def _release(journal: Journal) -> None:
    """Remove git's locks where they are ours."""
    with contextlib.suppress(OSError):
        if journal.index_lock.lstat().st_ino == journal.lock:
            journal.index_lock.unlink()
    for lock, noted in journal.locks().items():
        with contextlib.suppress(OSError):
            if stamp(Path(lock).lstat()) == noted:
                Path(lock).unlink()
