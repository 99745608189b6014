"""What lies in the checkout and not in a worktree: files that git ignores, and the contents of submodules."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from stomper.git.plumbing import git, names

_MOST_FILES, _MOST_BYTES = 5_000, 200 * 1024**2
_CACHES = frozenset({
    ".git", "__pycache__", "node_modules", ".tox", ".nox", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis",
    "htmlcov", ".eggs",
})  # fmt: skip


def copy_ignored(root: Path, tree: Path) -> list[str]:
    """Copy into *tree* what the checkout at *root* has and git does not carry, caches and environments left out.

    Returns the paths, relative to the root. What is there already stays; a great deal is cut off."""
    copied: list[str] = []
    size = 0
    for path in _ignored(root):
        source, target = root / path, tree / path
        if len(copied) >= _MOST_FILES or target.exists() or target.is_symlink():
            continue
        try:
            size += source.stat().st_size
            if size > _MOST_BYTES:
                break
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
        except OSError:
            continue  # a socket, a file of somebody else's: the tests will say whether they miss it
        copied.append(path)
    return copied


def _ignored(root: Path) -> Iterator[str]:
    listed = names(git(("ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory"), cwd=root))
    modules = names(git(("ls-files", "-z", "--stage"), cwd=root))
    links = [entry.partition("\t")[2] for entry in modules if entry.startswith("160000")]
    for name in (*listed, *(f"{link}/" for link in links)):
        if _CACHES & set(name.split("/")):
            continue
        if name.endswith("/"):
            yield from _below(root, name.rstrip("/"))
        else:
            yield name


def _below(root: Path, folder: str) -> Iterator[str]:
    """The files in a folder of the checkout, as far as they are no cache and no environment."""
    for place, folders, files in os.walk(root / folder):
        here = Path(place)
        if here.name in _CACHES or (here / "pyvenv.cfg").exists():
            folders.clear()
            continue
        folders[:] = [name for name in folders if name not in _CACHES]
        yield from ((here / name).relative_to(root).as_posix() for name in files if name != ".git")
