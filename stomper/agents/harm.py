"""Harm: changes of the user's repository that stop all landing, when they came while agents ran that no sandbox fenced in.

What landing, judges, hooks or configuration use, and what was lost: that is harm, whoever did it. The rest is what people
and their editors do all day: it is told, and stops nothing. The table is in docs/safety.md."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable
from dataclasses import dataclass

from stomper.environment.judges import CONFIGURATION

HARMLESS_SETTINGS = (
    "branch.*.vscode-*", "branch.*.github-*", "branch.*.gh-*", "branch.*.remote", "branch.*.merge", "branch.*.description",
    "gui.*", "gitgui.*", "gitk.*", "color.*", "lfs.*.access", "lfs.*.locksverify", "lfs.repositoryformatversion",
    "remote.*.gh-resolved", "safe.directory",
)  # fmt: skip
"""What editors and the user's own commands write beside their work, and nothing here reads."""
_LOADED = ("sitecustomize.py", "usercustomize.py")
_UNTRACKED = ("? ", "! ")


@dataclass(frozen=True)
class Harm:
    """Tells harm for a run that lands on *branch*. *forward* says of two commits whether the second has the first in it."""

    branch: str
    forward: Callable[[str, str], bool]

    def of(self, what: str, before: str, after: str) -> bool:
        """Return whether it is harm that *what*, a key of a look at the repository, is *after* and was *before*."""
        kind, _, name = what.partition(" ")
        if kind == "file":
            return _file(name, before, after)
        if kind == "ref":
            return self._ref(name, before, after)
        if kind == "setting":
            return not any(fnmatch.fnmatchcase(name.lower(), pattern) for pattern in HARMLESS_SETTINGS)
        if kind == "log":
            return _log(before, after)
        if what == "the index's entries":
            return 2 * int(after or 0) < int(before or 0)
        return what != "the index"

    def _ref(self, name: str, before: str, after: str) -> bool:
        if name.startswith("refs/bisect/"):
            return False
        if name == "refs/stash":
            return not after  # what it is now tells nothing: its log does
        if name.startswith("refs/replace/") or not after:
            return True
        if not before:
            return False
        grows = name.startswith(("refs/heads/", "refs/notes/"))
        return name == f"refs/heads/{self.branch}" or not grows or not self.forward(before, after)


def _log(before: str, after: str) -> bool:
    """Return whether a log is shorter, or does not begin as it did."""
    if not before:
        return False
    then, now = before.split(" "), (after or "0 ").split(" ")
    return int(now[0]) < int(then[0]) or now[1] != then[1]


def _file(name: str, before: str, after: str) -> bool:
    """Return whether a file that configures tools was touched, or uncommitted work of a tracked one is gone."""
    if (last := name.rpartition("/")[2]) in CONFIGURATION or last in _LOADED:
        return True
    held = bool(before) and not before.startswith(_UNTRACKED) and not before.endswith(" gone")
    return held and after.endswith(" gone")
