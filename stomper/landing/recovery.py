"""A checkout in which a landing was cut off half-way, by a loss of power say: finished, or put back to what it was."""

from __future__ import annotations

from stomper.git.repository import Target
from stomper.landing.transaction.journal import found, home_of
from stomper.landing.transaction.settling import Settled, settle
from stomper.state import paths
from stomper.state.locks import Lock

_WAIT_S = 60.0


def heal(target: Target) -> list[str]:
    """Settle what landings in *target* left half done. Returns what was done, in words.

    Where somebody lands just now, nothing was left: the journal is theirs."""
    if not home_of(target.own_dir).exists():
        return []
    with Lock(paths.landing_lock(str(target.git_dir))) as held:
        if not held.acquire(timeout_s=_WAIT_S):
            return []
        return [_told(target, settle(journal)) for journal in found(target.own_dir)]


def _told(target: Target, settled: Settled) -> str:
    cut_off = f"a landing in {target.root} that was cut off"
    if settled.left:
        return (
            f"{cut_off} could not be taken back whole: {', '.join(settled.left)} cannot be written; what was there is in "
            f"{settled.folder}, and the next run tries again"
        )
    return f"{cut_off} was {'finished' if settled.finished else 'taken back'}"
