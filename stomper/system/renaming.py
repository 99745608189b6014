"""Renames that overwrite nothing: two names change places in one step, or one moves to where there is nothing.

By renameat2 (Linux, most of its file systems); elsewhere by renames and links one after the other, which overwrite as little
but show in between that the name is gone. A place is a folder, as a descriptor, and a name in it: no link on the way to the
folder can lead anywhere else meanwhile."""

from __future__ import annotations

import ctypes
import errno
import functools
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_AT_ONCE = 1 << 20  # bytes
_NOREPLACE, _EXCHANGE = 1, 2
_NOT_HERE = frozenset({errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM})
_Rename = Callable[[int, bytes, int, bytes, int], int]


@dataclass(frozen=True)
class Place:
    """A *name* in an open *folder*."""

    folder: int
    name: str

    def look(self) -> os.stat_result | None:
        """Return what is there, of a link the link itself; None where there is nothing."""
        try:
            return os.stat(self.name, dir_fd=self.folder, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def content(self) -> bytes:
        """Return what is in the file, or where the link leads. Raises OSError."""
        try:
            number = os.open(self.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=self.folder)
        except OSError as error:
            if error.errno == errno.ELOOP:
                return os.fsencode(os.readlink(self.name, dir_fd=self.folder))
            raise
        try:
            parts = []
            while part := os.read(number, _AT_ONCE):
                parts.append(part)
            return b"".join(parts)
        finally:
            os.close(number)

    def tell(self) -> str:
        """Return what tells the file: its inode, its mode and its content. Raises OSError."""
        about = os.stat(self.name, dir_fd=self.folder, follow_symlinks=False)
        return told(about, self.content())


def told(about: os.stat_result, content: bytes) -> str:
    """Return what tells a file with this *content*, as `Place.tell` does."""
    return f"{about.st_ino} {about.st_mode} {hashlib.sha256(content).hexdigest()}"


def exchange(one: Place, other: Place) -> None:
    """Have what is at *one* and what is at *other* change places. Raises OSError, and then both are where they were."""
    if _renamed(one, other, _EXCHANGE):
        return
    aside = Place(one.folder, f"{one.name}.aside")
    move(other, aside)
    try:
        move(one, other)
    except OSError:
        move(aside, other)
        raise
    os.rename(aside.name, one.name, src_dir_fd=one.folder, dst_dir_fd=one.folder)


def move(source: Place, target: Place) -> None:
    """Move what is at *source* to *target*, where there is nothing. Raises FileExistsError where there is, or OSError."""
    if _renamed(source, target, _NOREPLACE):
        return
    try:
        os.link(source.name, target.name, src_dir_fd=source.folder, dst_dir_fd=target.folder, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError:  # no links here either: look, then rename
        if target.look():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target.name) from None
        os.rename(source.name, target.name, src_dir_fd=source.folder, dst_dir_fd=target.folder)
    else:
        os.unlink(source.name, dir_fd=source.folder)


def enter(root: Path | str, parts: tuple[str, ...]) -> int:
    """Open the folder *parts* below *root*, no part of it a link. Returns a descriptor. Raises OSError."""
    number = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    for part in parts:
        try:
            below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=number)
        finally:
            os.close(number)
        number = below
    return number


def _renamed(source: Place, target: Place, flags: int) -> bool:
    """Rename with *flags*. False where this system or file system knows no such thing; raises OSError for the rest."""
    call = _renameat2()
    if call is None:
        return False
    if call(source.folder, os.fsencode(source.name), target.folder, os.fsencode(target.name), flags) == 0:
        return True
    number = ctypes.get_errno()
    if number in _NOT_HERE:
        return False
    raise OSError(number, os.strerror(number), target.name)


@functools.cache
def _renameat2() -> _Rename | None:
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:
        return None
    call.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    call.restype = ctypes.c_int
    return call
