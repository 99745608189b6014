"""Folders of ours in which other people's programs work: nothing is removed in them before it is seen that they are still
the ones that were made, and no link or mount leads out of them to what is somebody else's."""

from __future__ import annotations

import os
import shutil
import weakref
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")


class Moved(OSError):
    """A folder is not there any more, or is another one by now."""


class OwnFolder:
    """A folder that we have made, held open: what is done in it is done there, whatever its name leads to meanwhile."""

    def __init__(self, path: Path) -> None:
        """Make it where it is not there yet. Raises OSError."""
        path.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._real = os.path.realpath(path)
        self._number = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        self.close = weakref.finalize(self, os.close, self._number)

    def find(self) -> None:
        """Raise Moved unless its name still leads to it."""
        try:
            here = os.path.samestat(self.path.stat(), os.fstat(self._number))
        except OSError:
            here = False
        if not here or os.path.realpath(self.path) != self._real:
            raise Moved(f"{self.path} is not the folder any more that it was")

    def check(self) -> None:
        """Raise Moved unless its name still leads to it, and nothing is mounted in it."""
        self.find()
        if mounts := mounted_below(self.path):
            raise Moved(f"{mounts[0]} was mounted in {self.path}")

    def clear(self, *, but: str) -> None:
        """Have nothing in it but what is called *but*. Raises OSError."""
        self.check()
        with os.scandir(self._number) as entries:
            others = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries if entry.name != but]
        for name, is_folder in others:
            if is_folder:
                shutil.rmtree(name, dir_fd=self._number)
            else:
                os.unlink(name, dir_fd=self._number)


def mounted_below(folder: Path) -> list[str]:
    """Return the places in *folder*, itself included, at which something is mounted; Linux tells."""
    top = os.path.realpath(folder)
    try:
        lines = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return []
    places = (line.split(" ")[4].encode("latin-1", "replace").decode("unicode_escape") for line in lines)
    return [place for place in places if place == top or place.startswith(f"{top}/")]


def remove_own(folder: Path) -> None:
    """Remove a folder of ours, as far as that can be done; not where a link is in its place, or something is mounted in
    it."""
    if not folder.is_symlink() and not mounted_below(folder):
        shutil.rmtree(folder, ignore_errors=True)
