"""Files that many folders are lent: copied once, aside, and from there into each folder that has them.

Each folder gets copies of its own of what is small and may be written to. What is large is shared among them by links to
files that are read-only. Nothing leads back to where it was copied from."""

from __future__ import annotations

import contextlib
import fcntl
import filecmp
import hashlib
import os
import shutil
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from stomper.hashing import digest
from stomper.system.file_snapshot import Stamp, remove, stamp_of

_FICLONE = 0x40049409
_WRITABLE = 0o222


@dataclass
class LentFiles:
    """What is lent, kept in the folder *home*. Safe to use from threads."""

    home: Path
    files: int = 0
    size: int = 0
    """In bytes."""
    seconds: float = 0.0
    """How long the copying took."""
    _own: dict[str, Stamp | None] = field(default_factory=dict)
    """The files of which each folder gets a copy of its own, as they lie in *home*."""
    _shared: dict[str, dict[str, Stamp | None]] = field(default_factory=dict)
    """For each folder that is shared, the files below it."""
    _sources: dict[str, _Source] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, root: Path, own: Iterable[str] = (), shared: Iterable[str] = ()) -> None:
        """Copy files and folders of *root*, by their paths there. What cannot be read is left out: who misses it says so."""
        began = time.monotonic()
        for path in own:
            if self._copy(root, path, root / path):
                self._own[path] = stamp_of(self.home / path)
        for folder in shared:
            self.take_folder(root / folder, folder, root)
        self.seconds += time.monotonic() - began

    def take_folder(self, source: Path, folder: str, root: Path) -> None:
        """Copy all below *source*, to be shared as *folder*. A link that leads into *root* leads to the same there."""
        found = self._shared.setdefault(folder, {})
        for place, folders, names in os.walk(source):
            inside = os.path.relpath(place, source)
            below = folder if inside == "." else f"{folder}/{inside}"
            (self.home / below).mkdir(parents=True, exist_ok=True)
            links = [name for name in folders if os.path.islink(os.path.join(place, name))]  # noqa: PTH114, PTH118
            for name in (*names, *links):
                path = f"{below}/{name}"
                if name != ".git" and self._copy(root, path, Path(place, name)):
                    _make_read_only(self.home / path)
                    found[path] = stamp_of(self.home / path)

    @property
    def own(self) -> tuple[Path, ...]:
        """Where the files lie of which each folder gets a copy of its own."""
        return tuple(self.home / path for path in self._own)

    def digest(self) -> str:
        """Return what tells all of it from any other: what is shared by sizes and times, the rest by content."""
        parts = [f"{path} {hashlib.sha256((self.home / path).read_bytes()).hexdigest()}" for path in self._own]
        for path in (path for files in self._shared.values() for path in files):
            about = (self.home / path).lstat()
            leads = (self.home / path).readlink() if (self.home / path).is_symlink() else about.st_mtime_ns
            parts.append(f"{path} {about.st_size} {leads}")
        return digest(*parts)

    def holds(self, path: str) -> bool:
        """Return whether *path* is one of these files, or in a folder that is shared."""
        return path in self._own or any(path.startswith(f"{folder}/") for folder in self._shared)

    @property
    def shared(self) -> tuple[str, ...]:
        """The folders that are shared."""
        return tuple(self._shared)

    def lend(self, tree: Path) -> None:
        """Have all of it in *tree*, whatever lies there in its place: nothing else is in a shared folder. Raises OSError."""
        with self._lock:
            for path in self._own:
                self._mend(path, self._own)
                _copy_file(self.home / path, tree / path)
            for folder, files in self._shared.items():
                self._lend_shared(tree, folder, files)

    def _lend_shared(self, tree: Path, folder: str, files: dict[str, Stamp | None]) -> None:
        """Have in *tree* just *files* below *folder*. Many: names are put together here, and not by paths."""
        there, made = _inodes(tree, folder), set[str]()
        for path in there.keys() - files.keys():
            remove(tree / path)
        for path in files:
            stamp = self._mend(path, files)
            if stamp is None or there.get(path) == stamp[1]:
                continue
            above = path.rpartition("/")[0]
            if above not in made:
                _make_folder(tree, above)
                made.add(above)
            if path in there:
                remove(tree / path)
            try:
                os.link(f"{self.home}/{path}", f"{tree}/{path}", follow_symlinks=False)
            except OSError:  # another file system, or too many links
                _copy_file(self.home / path, tree / path)
            else:
                files[path] = stamp_of(f"{self.home}/{path}")  # the number of links is part of what changes an inode

    def _mend(self, path: str, files: dict[str, Stamp | None]) -> Stamp | None:
        """Copy it anew where somebody has been at it. Links that come and go are nobody's work. Returns its stamp."""
        if stamp_of(f"{self.home}/{path}") == files[path]:
            return files[path]
        place, source = self.home / path, self._sources[path]
        if not _are_alike(place, source.file):
            self._fetch(path, source)
            if files is not self._own:
                _make_read_only(place)
        files[path] = stamp_of(place)
        return files[path]

    def _copy(self, root: Path, path: str, file: Path) -> bool:
        source = _Source(file, root)
        try:
            if not file.is_symlink() and not file.is_file():
                return False
            self._fetch(path, source)
            self.size += file.lstat().st_size
        except OSError:
            return False
        self.files += 1
        self._sources[path] = source
        return True

    def _fetch(self, path: str, source: _Source) -> None:
        if source.file.is_symlink():
            _copy_link(source.root, path, source.file, self.home / path)
        else:
            _copy_file(source.file, self.home / path)


@dataclass(frozen=True)
class _Source:
    """A *file* below *root*."""

    file: Path
    root: Path


def _make_folder(tree: Path, folder: str) -> None:
    """Have *folder* in *tree*, whatever is in its place or on the way."""
    place = tree
    for name in folder.split("/"):
        place /= name
        if place.is_symlink() or place.is_file():
            place.unlink()
    place.mkdir(parents=True, exist_ok=True)


def _are_alike(copy: Path, source: Path) -> bool:
    """Return whether two files have the same content. Of links nobody knows: one may have been led elsewhere on purpose."""
    try:
        plain = not copy.is_symlink() and not source.is_symlink()
        return plain and not copy.stat().st_mode & _WRITABLE and filecmp.cmp(copy, source, shallow=False)
    except OSError:
        return False


def _copy_link(root: Path, path: str, source: Path, target: Path) -> None:
    """Copy a link: one that leads to a place in *root* by its whole name leads there in the new tree instead."""
    leads = source.readlink()
    if leads.is_absolute() and leads.is_relative_to(root):
        leads = Path(os.path.relpath(leads.relative_to(root), Path(path).parent))
    target.parent.mkdir(parents=True, exist_ok=True)
    remove(target)
    target.symlink_to(leads)


def _copy_file(source: Path, target: Path) -> None:
    """Copy a file or a link with its mode and times, by sharing its blocks where the file system can."""
    target.parent.mkdir(parents=True, exist_ok=True)
    remove(target)
    if source.is_symlink():
        target.symlink_to(source.readlink())
        return
    with source.open("rb") as old, target.open("xb") as new:
        try:
            fcntl.ioctl(new.fileno(), _FICLONE, old.fileno())
        except OSError:
            shutil.copyfileobj(old, new, 1 << 20)
    shutil.copystat(source, target)


def _make_read_only(file: Path) -> None:
    if not file.is_symlink():
        file.chmod(file.stat().st_mode & 0o777 & ~_WRITABLE)


def _inodes(tree: Path, folder: str) -> dict[str, int]:
    """The inode of each file below *folder* of *tree*; what is no folder on the way is removed."""
    found: dict[str, int] = {}
    top = tree / folder
    if top.is_symlink() or (os.path.lexists(top) and not top.is_dir()):
        top.unlink()
    waiting = [folder]
    while waiting:
        below = waiting.pop()
        with contextlib.suppress(FileNotFoundError), os.scandir(tree / below) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(f"{below}/{entry.name}")
                else:
                    found[f"{below}/{entry.name}"] = entry.inode()
    return found
