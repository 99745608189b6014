"""Work that is not committed yet, as a commit to run on."""

from __future__ import annotations

from stomper.checkers.selection import Scope, within
from stomper.git.repository import Target
from stomper.git.worktrees import SharedClone


def base_of(clone: SharedClone, target: Target, scope: Scope) -> str:
    """Return the commit to run on: HEAD, or one of *clone* with what *scope* asks for: what is staged, what is changed, or
    the files as they lie in the checkout, of which those that git does not track come along only where they are named."""
    if not scope.uncommitted:
        return target.head
    if scope.uncommitted == "changed":
        return clone.snapshot(taken=target.dirty)
    if scope.uncommitted == "staged":
        return clone.snapshot(staged=scope.index)
    return clone.snapshot(staged=scope.index, on_disk=True, taken=_named(target, scope))


def _named(target: Target, scope: Scope) -> frozenset[str]:
    """The files in the checkout that are named, and the untracked ones in the folders that are."""
    inside = within(scope.paths)
    files = {path for path in scope.paths if (target.root / path).is_file()}
    below = {path for path in target.dirty if inside(path) and (target.root / path).is_file()}
    return frozenset(files | below) if scope.paths else frozenset()
