"""Files that stay as they are, whoever writes to them."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from stomper.system.own_folders import OwnFolder

Stamp = tuple[int, ...]


class KeptFiles:
    """What is in some files, nothing where there is none; of a folder *home* of ours, if that is given. Safe to use from
    threads."""

    def __init__(self, files: Iterable[Path] = (), home: OwnFolder | None = None) -> None:
        self._home = home
        self._contents: dict[Path, bytes | None] = {}
        self._stamps: dict[Path, Stamp | None] = {}
        """What told each file from any other when it was last seen to be as it should."""
        self.keep(files)

    def keep(self, files: Iterable[Path] = ()) -> None:
        """Take what is in the kept files now, and in these *files* too, to be meant so."""
        for file in [*self._contents, *files]:
            self._stamps[file] = stamp_of(file)
            self._contents[file] = _content(file)

    def restore(self) -> list[Path]:
        """Put back what is not as it was, and return it. Raises OSError where that cannot be done."""
        if self._home:
            self._home.find()
        return [file for file in self._contents if not self._is_right(file) and self._put_back(file)]

    def _is_right(self, file: Path) -> bool:
        return stamp_of(file) == self._stamps[file]

    def _put_back(self, file: Path) -> bool:
        """Make *file* what it was; False where it had another stamp only."""
        content, wrong = self._contents[file], not _holds(file, self._contents[file])
        if wrong:
            put(file, content)
        self._stamps[file] = stamp_of(file)
        return wrong


def stamp_of(file: Path | str) -> Stamp | None:
    """Return what tells a file from any other at its place and from itself before a change, None where there is nothing.

    The time of the last change of its inode is part of it, which nobody can set back."""
    try:
        about = os.lstat(file)
    except OSError:
        return None
    return about.st_mode, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns


def put(file: Path, content: bytes | None) -> None:
    """Make *file* hold *content*, or be nothing, whatever is in its place or in that of its folder. Raises OSError."""
    remove(file)
    if content is None:
        return
    if file.parent.is_symlink() or file.parent.is_file():
        file.parent.unlink()
    file.parent.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(dir=file.parent)
    with os.fdopen(number, "wb") as made:
        made.write(content)
    Path(name).chmod(0o644)
    with contextlib.suppress(FileNotFoundError):  # somebody is at it too
        Path(name).replace(file)


def remove(place: Path) -> None:
    """Have nothing at *place*; what a link there leads to stays. Raises OSError."""
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    elif not place.parent.is_symlink():
        place.unlink(missing_ok=True)


def _content(file: Path) -> bytes | None:
    try:
        return file.read_bytes() if file.is_file() else None  # a pipe would never end
    except OSError:
        return None


def _holds(file: Path, content: bytes | None) -> bool:
    if content is None:
        return not os.path.lexists(file)
    return not file.is_symlink() and not file.parent.is_symlink() and _content(file) == content
