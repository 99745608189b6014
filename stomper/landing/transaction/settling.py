"""What becomes of a landing whose process is gone: it is finished where the branch has moved, else taken back."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from pathlib import Path

from stomper.errors import RepositoryError
from stomper.git.repository import WHOLE_INDEX, git, names, read_changes
from stomper.landing.transaction.journal import Journal, has_moved, remove, stamp, take_back
from stomper.landing.transaction.swap import remove_empty_folders, written_late


def settle(journal: Journal) -> bool:
    """Finish the landing of a process that is gone where the branch has moved (then True), else take it back."""
    finished = has_moved(journal)
    if finished:
        written_late(journal, journal.seen())
        remove_empty_folders(journal)
        _release(journal)
    else:
        kept = _committed_since(journal)
        left = tuple(entry for entry in journal.entries if entry.path not in kept)
        take_back(replace(journal, entries=left), index=len(left) == len(journal.entries))
        _release(journal)
        _unstage(journal, kept)
    remove(Path(journal.folder))
    return finished


def _committed_since(journal: Journal) -> frozenset[str]:
    """Which files are others in HEAD than before: what the user has amended, say, or has on a branch of another name."""
    with contextlib.suppress(RepositoryError):
        return frozenset(c.path for c in read_changes(Path(journal.root), journal.old, "HEAD"))
    return frozenset()


def _unstage(journal: Journal, kept: frozenset[str]) -> None:
    """Take the landing out of an index that is not the one that was put in place: `git status` writes it anew, once
    somebody has removed the lock. What is in it otherwise stays."""
    root = Path(journal.root)
    with contextlib.suppress(RepositoryError):
        listing = names(git((*WHOLE_INDEX, "ls-files", "--stage", "-z"), cwd=root))
        now = {path: about for about, _, path in (line.partition("\t") for line in listing)}
        landed = [c for c in read_changes(root, journal.old, journal.new) if c.path not in kept]
        landed = [c for c in landed if now.get(c.path, "") == ("" if c.deleted else f"{c.new_mode} {c.new_blob} 0")]
        if landed:
            info = [f"{c.old_mode} {c.old_blob}\t".encode() + os.fsencode(c.path) + b"\0" for c in landed]
            git(("update-index", "-z", "--index-info"), cwd=root, stdin=b"".join(info))
            git(("update-index", "-q", "--refresh"), cwd=root, ok=(0, 1))


def _release(journal: Journal) -> None:
    """Remove git's locks where they are ours."""
    with contextlib.suppress(OSError):
        if journal.index_lock.lstat().st_ino == journal.lock:
            journal.index_lock.unlink()
    for lock, noted in journal.locks().items():
        with contextlib.suppress(OSError):
            if stamp(Path(lock).lstat()) == noted:
                Path(lock).unlink()
