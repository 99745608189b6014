"""Which rules ruff checks where the target says nothing of them: without configuration that is up to each ruff's default."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from stomper.checkers.selection import matches_code

DEFAULT_RULES = ("E4", "E7", "E9", "F")
"""The small set that ruff's documentation names as its default; newer releases switch on hundreds of rules more."""
_FIXABLE = ("--fixable", "--extend-fixable")
_SELECTS = re.compile(r"select\s*=")  # in TOML, as `--config` takes it; `--select` would hide its `extend-select`
_NEVER_CHECKED = frozenset((".git", ".venv", "venv", "node_modules"))


@dataclass
class Configured:
    """Tells which files of *tree* have a configuration of ruff's in it, as ruff finds it: the nearest up the folders."""

    tree: Path
    _folders: dict[PurePosixPath, bool] = field(default_factory=dict)

    @property
    def root(self) -> bool:
        """Whether the root has one, and with it every file."""
        return self._has(PurePosixPath())

    def file(self, path: str) -> bool:
        """Return whether a configuration in the tree counts for *path*."""
        return self._has(PurePosixPath(path).parent)

    def anywhere(self) -> bool:
        """Return whether any folder has one."""
        return any(_configures(Path(folder)) for folder, _ in _folders(self.tree))

    def lacking(self) -> bool:
        """Return whether there is a Python file that none counts for."""
        return not self.root and any(
            not self.file((Path(folder) / name).relative_to(self.tree).as_posix())
            for folder, names in _folders(self.tree)
            for name in names
            if name.endswith((".py", ".pyi", ".ipynb"))
        )

    def _has(self, folder: PurePosixPath) -> bool:
        if folder not in self._folders:
            # Above the worktree lies what lies above the checkout.
            above = self._has(folder.parent) if folder != folder.parent else _configures(self.tree.parent)
            self._folders[folder] = above or _configures(self.tree / folder)
        return self._folders[folder]


def _folders(tree: Path) -> Iterator[tuple[str, list[str]]]:
    for folder, inside, names in os.walk(tree):
        inside[:] = [name for name in inside if name not in _NEVER_CHECKED]
        yield folder, names


def _configures(folder: Path) -> bool:
    if (folder / "ruff.toml").is_file() or (folder / ".ruff.toml").is_file():
        return True
    try:
        data = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return False
    except (OSError, ValueError):
        return True  # what is wrong with it, ruff says
    tool = data.get("tool")
    return isinstance(tool, dict) and "ruff" in tool


def user_configuration() -> Path | None:
    """Return the user's own configuration of ruff, which is no part of any repository."""
    folder = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "ruff"
    names = (".ruff.toml", "ruff.toml", "pyproject.toml")
    return next((folder / name for name in names if (folder / name).is_file()), None)


def chooses_rules(args: Sequence[str]) -> bool:
    """Return whether these arguments of ruff say by themselves which rules are checked."""
    for number, word in enumerate(args):
        name, _, value = word.partition("=")
        if name == "--select":
            return True
        if name == "--config":
            value = value or "".join(args[number + 1 : number + 2])
            if "=" not in value or _SELECTS.search(value):
                return True
    return False


def ignores_configuration(args: Sequence[str]) -> bool:
    """Return whether these arguments of ruff switch every configuration off."""
    return "--isolated" in args


def without_fixable(args: Sequence[str]) -> tuple[str, ...]:
    """Return the arguments without those that say what is fixed: ruff adds up all that it is given."""
    kept: list[str] = []
    words = iter(args)
    for word in words:
        if word in _FIXABLE:
            next(words, None)
        elif not word.startswith(tuple(f"{name}=" for name in _FIXABLE)):
            kept.append(word)
    return tuple(kept)


def rules(select: Collection[str], known: Collection[str]) -> tuple[str, ...]:
    """Return the rules to check without configuration: the small default, and what the user selects of ruff's *known*."""
    asked = [code for code in select if code == "ALL" or any(matches_code(k, [code]) for k in known)]
    more = [code for code in asked if not matches_code(code, DEFAULT_RULES)]
    return tuple(dict.fromkeys((*DEFAULT_RULES, *more)))
