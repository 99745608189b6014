"""Configuration that tools find outside of the checkout: in the folders above it, and where a file of ruff's in it extends
another. In a worktree they would look above that instead."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from stomper.environment.judges import CONFIGURATION
from stomper.git.plumbing import git, names

_RUFF = ("ruff.toml", ".ruff.toml", "pyproject.toml")


def configuration_above(root: Path) -> Mapping[str, Path]:
    """Return the files that are to lie in the folder above a worktree, by their paths there: the nearest of each name above
    *root*, and what is extended and lies beside it."""
    found: dict[str, Path] = {}
    for folder in root.parents:
        for name in CONFIGURATION:
            if name not in found and (folder / name).is_file():
                found[name] = folder / name
    tracked = names(git(("ls-files", "-z"), cwd=root))
    ours = [root / path for path in tracked if path.rpartition("/")[2] in _RUFF]
    for file in [*ours, *(found[name] for name in _RUFF if name in found)]:
        for target in _extended(file):
            beside = os.path.relpath(target, root.parent)
            if not target.is_relative_to(root) and not beside.startswith(".."):
                found.setdefault(beside, target)
    return found


def _extended(file: Path) -> Iterator[Path]:
    """The files that *file* extends by a path that is relative to it, and those that they extend."""
    seen: set[Path] = set()
    while file not in seen:
        seen.add(file)
        extends = _ruff_table(file).get("extend")
        if not isinstance(extends, str) or extends.startswith(("/", "~", "$")):
            return
        file = Path(os.path.normpath(file.parent / extends))
        if file.is_file():
            yield file


def _ruff_table(file: Path) -> Mapping[str, Any]:
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if file.name != "pyproject.toml":
        return data
    tool = data.get("tool")
    table = tool.get("ruff") if isinstance(tool, dict) else None
    return table if isinstance(table, dict) else {}
