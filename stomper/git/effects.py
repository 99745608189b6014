"""What a commit makes of each file, told apart by lines and their neighbours: the same after a rebase, a cherry-pick or an
edit elsewhere in the file."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from stomper.git.objects import read_blobs
from stomper.git.plumbing import AS_PATCH, git, names
from stomper.git.repository import changes_in
from stomper.models import Change

_Pairs = Counter[tuple[bytes, bytes]]
_ABSENT = "000000"
_NO_BLOB = (_ABSENT, "040000", "160000")


@dataclass(frozen=True)
class Effect:
    """The lines of one file that went and came, each with the line after it, and the file's modes."""

    gone: _Pairs
    come: _Pairs
    modes: tuple[str, str]

    @property
    def inverse(self) -> Effect:
        """Return what takes it back."""
        return Effect(self.come, self.gone, (self.modes[1], self.modes[0]))


@dataclass(frozen=True)
class Side:
    """A file in one tree; its mode is 000000 where there is none."""

    mode: str
    blob: str
    content: bytes

    @property
    def pairs(self) -> _Pairs:
        """Each line with the one after it."""
        lines = [b"^", *self.content.splitlines(keepends=True), b"$"] if self.mode != _ABSENT else []
        return Counter(itertools.pairwise(lines))


@dataclass(frozen=True)
class FileChange:
    """A file before and after."""

    path: str
    old: Side
    new: Side

    @property
    def effect(self) -> Effect:
        """Return what is left of both sides when what they share is taken away."""
        old, new = self.old.pairs, self.new.pairs
        return Effect(old - new, new - old, (self.old.mode, self.new.mode))


def changed_by(root: Path, commits: Sequence[str]) -> dict[str, tuple[Change, ...]]:
    """Return what each of the commits changes of its first parent, by one process; nothing for a merge
    and for a commit whose parent is not there."""
    asked = ("diff-tree", "--stdin", "-r", "-z", "--raw", "--no-renames", "--no-abbrev")
    listing = git(asked, cwd=root, stdin="".join(f"{commit}\n" for commit in commits).encode())
    found: dict[str, list[str]] = {commit: [] for commit in commits}
    fields = iter(names(listing))
    commit = ""
    for field in fields:
        if field.startswith(":"):
            found[commit] += [field, next(fields)]
        else:
            commit = field.strip()
    return {commit: tuple(changes_in(fields)) for commit, fields in found.items()}


def diff_of(root: Path, old: str, new: str) -> bytes:
    """Return the patch from one commit to another."""
    return git(("diff-tree", "-r", *AS_PATCH, old, new), cwd=root)


def filled(root: Path, changes: Iterable[Change]) -> dict[str, FileChange]:
    """Return the files of *changes* with what is in them, by path. Raises RepositoryError where a blob is missing."""
    changes = tuple(changes)
    wanted = {blob for c in changes for mode, blob in _sides(c) if mode not in _NO_BLOB}
    contents = read_blobs(root, wanted)

    def side(mode: str, blob: str) -> Side:
        return Side(mode, blob, contents.get(blob, blob.encode()))

    return {c.path: FileChange(c.path, *(side(*s) for s in _sides(c))) for c in changes}


def unchanged(root: Path, commit: str, paths: Sequence[str]) -> dict[str, FileChange]:
    """Return the files at *paths* in *commit* as changes that change nothing."""
    listing = names(git(("ls-tree", "-z", commit, "--", *paths), cwd=root)) if paths else []
    there = {path: meta.split(" ") for meta, _, path in (entry.partition("\t") for entry in listing)}
    found = [(path, *there.get(path, (_ABSENT, "", ""))) for path in paths]
    return filled(root, [Change(path=path, old_mode=m, new_mode=m, old_blob=b, new_blob=b) for path, m, _, b in found])


def _sides(change: Change) -> tuple[tuple[str, str], tuple[str, str]]:
    return (change.old_mode, change.old_blob), (change.new_mode, change.new_blob)


def takes_back(done: FileChange, fix: FileChange) -> bool:
    """Return whether *done* leaves nothing of *fix* in the file, and does nothing else.

    What others had taken back of it already, *done* need not do; but then it has to be so."""
    if (done.new.mode, done.new.blob) == (fix.old.mode, fix.old.blob):
        return True
    did, due = done.effect, fix.effect.inverse
    if did.gone - due.gone or did.come - due.come or did.modes[1] != fix.old.mode:
        return False
    there = done.new.pairs
    missing = (due.come - did.come) - there
    left = (due.gone - did.gone) & (there - fix.old.pairs)
    return not missing and not left
