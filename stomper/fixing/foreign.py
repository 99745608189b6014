"""Files that a run leaves alone since they are somebody else's, or made by a tool that would undo a fix."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

from stomper.checkers.selection import Scope
from stomper.config.settings import Settings
from stomper.git.attributes import Linguist, linguist
from stomper.git.worktree_pool import Pool
from stomper.guards.vendored import VENDORED

_CURE = "to repair it all the same: --set guards_off='[\"generated\"]'"


@dataclass
class Foreign:
    """Which files of a commit are vendored, by their folders and by `linguist-vendored`, or `linguist-generated`.

    Where the guard for them is switched off, none is. Safe to call from threads."""

    clone: Path
    settings: Settings
    scope: Scope
    pool: Pool
    _said: dict[str, dict[str, dict[Linguist, bool]]] = field(default_factory=dict)
    _asking: threading.Lock = field(default_factory=threading.Lock)

    def owner(self, commit: str, path: str) -> str:
        """Return the folder or file under which a vendored file is left out, or one that was carried into the worktrees and
        is not tracked; empty for any other, and for one that was named by itself, which is reported instead."""
        if self.pool.files and self.pool.files.holds(path):
            return f"{path.rpartition('/')[0]}/" if "/" in path else path
        named = path in self.scope.paths or any(
            set(folder.split("/")) & set(VENDORED) for folder in self.scope.paths if path.startswith(f"{folder}/")
        )
        return "" if named else self._vendored(commit, path)

    def said(self, commit: str, path: str) -> str:
        """Return that a file is somebody else's or generated; empty where not."""
        if place := self._vendored(commit, path):
            return f"is somebody else's code ({place})"
        generated = self._attributes(commit).get(path, {}).get("generated")
        return "is generated, as .gitattributes says" if generated else ""

    def reason(self, commit: str, path: str) -> str:
        """Return why a file is not repaired; empty where it may be."""
        said = "" if "generated" in self.settings.guards_off else self.said(commit, path)
        return f"it {said}; {_CURE}" if said else ""

    def _vendored(self, commit: str, path: str) -> str:
        if "generated" in self.settings.guards_off:
            return ""
        said = self._attributes(commit).get(path, {}).get("vendored")
        parts = path.split("/")
        at = next((n for n, part in enumerate(parts[:-1]) if part in VENDORED), None)
        if said is False or (at is None and not said):
            return ""
        return path if at is None else "/".join((*parts[: at + 1], ""))

    def _attributes(self, commit: str) -> dict[str, dict[Linguist, bool]]:
        with self._asking:
            if commit not in self._said:
                self._said[commit] = linguist(self.clone, commit)
            return self._said[commit]
