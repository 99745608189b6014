"""The objects of a repository as they were: what is under a name stays what it is, and git mostly believes that."""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Iterator
from pathlib import Path

_Stamps = dict[str, tuple[int, int, int]]
_SHA1_DIGITS = 40


class ObjectStamps:
    """Stamps of all files with objects in the folder *objects*, taken by the first look."""

    def __init__(self, objects: Path) -> None:
        self._objects = objects
        self._before: _Stamps | None = None

    def look(self) -> None:
        """Take the stamps, once."""
        if self._before is None:
            self._before = dict(self._stamps())

    def forged(self) -> list[str]:
        """Return the files that hold something else than their names say since the last look. New ones, and those that git
        has packed or removed, are none; a pack never gets another size, and is not read again."""
        before, now = self._before or {}, dict(self._stamps())
        self._before = now
        others = [path for path, stamp in now.items() if path in before and before[path] != stamp]
        return [path for path in others if path.endswith(".pack") or not _is_what_it_is_called(Path(path))]

    def _stamps(self) -> Iterator[tuple[str, tuple[int, int, int]]]:
        for folder in ("pack", *(f"{number:02x}" for number in range(256))):
            try:
                with os.scandir(self._objects / folder) as entries:
                    for entry in entries:
                        if folder != "pack" or entry.name.endswith(".pack"):
                            about = entry.stat(follow_symlinks=False)
                            # git sets the times of a pack anew whenever something is written that is in it already.
                            changed = 0 if folder == "pack" else about.st_ctime_ns
                            yield entry.path, (about.st_ino, about.st_size, changed)
            except OSError:
                continue


def _is_what_it_is_called(file: Path) -> bool:
    """Return whether a loose object has the content that its name is the hash of."""
    name = f"{file.parent.name}{file.name}"
    hashed = hashlib.sha1(usedforsecurity=False) if len(name) == _SHA1_DIGITS else hashlib.sha256()
    try:
        hashed.update(zlib.decompress(file.read_bytes()))
    except (OSError, zlib.error):
        return not file.exists()
    return hashed.hexdigest() == name
