"""Attributes that an agent left in a worktree: they are read as files, and decide nothing.

When git makes blobs it takes the attributes that lie in the worktree, by which an agent could have its files read by another
filter, encoding or line ending than the repository has. So they are the base's while git looks. (Git 2.43 could be told to
take a commit's; 2.39 cannot.)"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stomper.errors import RepositoryError
from stomper.git.plumbing import names
from stomper.system.file_snapshot import put, remove

_NAME = ".gitattributes"
Git = Callable[..., bytes]


@dataclass
class Attributes:
    """The files of attributes of one worktree, by the commits that it was read against."""

    _at: dict[str, Mapping[str, bytes]] = field(default_factory=dict)
    _foreign: dict[str, bytes] = field(default_factory=dict)
    """What lay there instead, by its path, while those of the base do."""
    _gone: list[str] = field(default_factory=list)

    def put_aside(self, tree: Path, base: str, git: Git) -> None:
        """Have the attributes of *base* in *tree*, and remember what was there. Raises RepositoryError."""
        meant, there = self._of(base, git), _found(tree)
        other = {path: content for path, content in there.items() if not _alike(content, meant.get(path))}
        seen = self._not_ignored([path for path in other if path not in meant], git)
        self._foreign = {path: content for path, content in other.items() if path in meant or path in seen}
        self._gone = [path for path in meant if path not in there]
        for path in {*other, *self._gone}:
            if path in meant:
                _put_within(tree, path, meant[path])
            else:
                remove(tree / path)

    def take_in(self, git: Git) -> None:
        """Put into the index what lay there before, as it was: guards are to see it. Raises RepositoryError."""
        for path, content in self._foreign.items():
            blob = git("hash-object", "-w", "--stdin", stdin=content).decode().strip()
            git("update-index", "-z", "--index-info", stdin=b"100644 %s\t%s\0" % (blob.encode(), os.fsencode(path)))
        for path in self._gone:
            git("update-index", "--force-remove", "-z", "--stdin", stdin=os.fsencode(path) + b"\0")

    def _of(self, base: str, git: Git) -> Mapping[str, bytes]:
        if base not in self._at:
            listed = names(git("ls-tree", "-r", "-z", base))
            entries = (entry.partition("\t") for entry in listed if entry.endswith(_NAME))
            blobs = {path: about.split(" ")[2] for about, _, path in entries if Path(path).name == _NAME}
            self._at = {base: {path: git("cat-file", "blob", blob) for path, blob in blobs.items()}}
        return self._at[base]

    def _not_ignored(self, paths: list[str], git: Git) -> set[str]:
        """Return the new files, if *paths* are some, that git is not told to overlook: the others do not exist for it."""
        return set(names(git("ls-files", "-z", "--others", "--exclude-standard"))) if paths else set()


def _found(tree: Path) -> dict[str, bytes]:
    """What is in each file of attributes in *tree*, by its path; git follows no links to them. Raises RepositoryError."""
    found = {}
    for folder, _, files in os.walk(tree):
        if _NAME in files:
            file = Path(folder, _NAME)
            try:
                if file.is_file() and not file.is_symlink():
                    found[file.relative_to(tree).as_posix()] = file.read_bytes()
            except OSError as error:
                raise RepositoryError(f"{file} cannot be read: {error.strerror}") from None
    return found


def _alike(content: bytes, meant: bytes | None) -> bool:
    """Return whether git reads the same in both: a file may be checked out with other line endings than it is kept with."""
    return meant is not None and content.replace(b"\r\n", b"\n") == meant.replace(b"\r\n", b"\n")


def _put_within(tree: Path, path: str, content: bytes) -> None:
    """Write a file of *tree*, unless its folder is one no more: then it has no say either."""
    folder = (tree / path).parent
    if folder.is_dir() and os.path.realpath(folder) == os.path.normpath(folder):
        put(tree / path, content)
