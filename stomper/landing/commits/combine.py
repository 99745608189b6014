"""Patches that were made apart, one after the other on one tip: as they are where nothing else touched their files, by a
three-way merge where something did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stomper.errors import RepositoryError
from stomper.fixing.session import Session
from stomper.git.repository import blobs_at
from stomper.git.worktrees import build_commits
from stomper.models import Outcome, Patch

_NOBODY = "Stomper <stomper@localhost> 0 +0000"


@dataclass(frozen=True)
class Fitted:
    """The patches as they are to be committed, in their order; or what conflicts."""

    patches: tuple[Patch, ...]
    conflict: str = ""


def fit(session: Session, patches: Sequence[Patch], tip: str) -> Fitted:
    """*patches*, each on top of *tip* and those before it."""
    there = _blobs(session, patches, tip)
    result: list[Patch] = []
    for patch in patches:
        fits = all(there.get(c.path, _none(c.old_blob)) == c.old_blob for c in patch.changes)
        now = patch if fits else _merged(session, patch, result, tip)
        if now is None:
            return Fitted(
                tuple(result), f"conflict: {', '.join(patch.paths)} was changed on the branch or by another fix"
            )
        there |= {c.path: c.new_blob for c in now.changes}
        result.append(now)
    return Fitted(tuple(result))


def combined(session: Session, outcomes: Sequence[Outcome], tip: str) -> str:
    """A commit in the private clone with the patches of all *outcomes* on *tip*; *tip* itself when there are none."""
    patches = fit(session, [o.patch for o in outcomes if o.patch], tip).patches
    return _built(session, tip, patches) if patches else tip


def _built(session: Session, tip: str, patches: Sequence[Patch]) -> str:
    return build_commits(session.clone, tip, [(p, b"\n") for p in patches], author=_NOBODY, committer=_NOBODY)[-1]


def _blobs(session: Session, patches: Sequence[Patch], tip: str) -> dict[str, str]:
    if all(patch.base == tip for patch in patches):
        return {c.path: c.old_blob for patch in patches for c in patch.changes}
    return blobs_at(session.clone.path, tip, (path for patch in patches for path in patch.paths))


def _none(blob: str) -> str:
    return "0" * len(blob)


def _merged(session: Session, patch: Patch, before: Sequence[Patch], tip: str) -> Patch | None:
    """The patch as it is on top of the others; None when git cannot merge it."""
    onto = _built(session, tip, before) if before else tip
    with session.pool.lease(onto) as tree:
        try:
            tree.apply(patch.diff, three_way=True)
        except RepositoryError:
            return None
        return tree.patch(onto)
