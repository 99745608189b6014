"""An object that holds something else than its name says is seen; what git and its users do to objects is not."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from stomper.git.object_stamps import ObjectStamps
from tests.support.repositories import MakeRepo, git, write


def loose(root: Path) -> Path:
    """The file of the object of `a.py` at HEAD."""
    name = git(root, "rev-parse", "HEAD:a.py")
    return root / ".git" / "objects" / name[:2] / name[2:]


def _touched(root: Path) -> None:
    git(root, "hash-object", "-w", "a.py")
    os.utime(loose(root))


def _committed(root: Path) -> None:
    write(root, {"b.py": "y = 1\n"})
    git(root, "add", "b.py")
    git(root, "commit", "--quiet", "-m", "more")


def _freshened(root: Path) -> None:
    git(root, "gc", "--quiet")
    stamps = ObjectStamps(root / ".git" / "objects")
    stamps.look()
    for pack in (root / ".git" / "objects" / "pack").glob("*.pack"):
        os.utime(pack)
    assert stamps.forged() == []


USUAL: dict[str, Callable[[Path], object]] = {
    "another commit": _committed,
    "packed": lambda root: git(root, "gc", "--quiet"),
    "written once more": _touched,
    "written although it is packed": _freshened,
}


@pytest.mark.parametrize("what", USUAL)
def test_what_git_does(make_repo: MakeRepo, what: str) -> None:
    """It forges nothing."""
    root = make_repo({"a.py": "x = 1\n"})
    stamps = ObjectStamps(root / ".git" / "objects")
    stamps.look()
    USUAL[what](root)
    assert stamps.forged() == []


@pytest.mark.parametrize("content", [zlib.compress(b"blob 6\0x = 2\n"), b"nothing that git can read"])
def test_another_content_under_the_same_name(make_repo: MakeRepo, content: bytes) -> None:
    """Also with the times of before."""
    root = make_repo({"a.py": "x = 1\n"})
    stamps, file = ObjectStamps(root / ".git" / "objects"), loose(root)
    stamps.look()
    about = file.stat()
    file.chmod(0o644)
    file.write_bytes(content)
    os.utime(file, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert stamps.forged() == [str(file)]
    assert stamps.forged() == []
