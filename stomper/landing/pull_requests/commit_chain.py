"""The commits of a campaign's branch: what they say, and how they are built."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from stomper.campaigns import escaping, seals
from stomper.campaigns.cost_trailer import Spent
from stomper.fixing.session import Session
from stomper.git.repository import identity
from stomper.landing.commits.build import message, signed
from stomper.models import Outcome, Patch


@dataclass(frozen=True)
class Piece:
    """One commit to be: a file's fix, or what belongs to no file."""

    words: bytes
    patch: Patch


def of_fix(run_id: str, outcome: Outcome, patch: Patch, spent: Spent) -> bytes:
    """The message of a fix, without its place among the others. Forges read messages: strangers' words are quieted."""
    head, _, trailers = message(run_id, outcome, patch).decode("utf-8", "surrogateescape").rpartition("\n\n")
    quieted = "\n".join(escaping.line(line) for line in head.split("\n"))
    fixed: dict[str, object] = {"path": outcome.path, "codes": sorted({f"{d.tool}:{d.code}" for d in outcome.fixed})}
    if outcome.cleaned_up:
        fixed["cleaned_up"] = [part.model_dump() for part in outcome.cleaned_up]
    more = f"Stomper-File: {json.dumps(fixed)}\nStomper-Spent: {spent.written}\n"
    return f"{quieted}\n\n{trailers}{more}".encode("utf-8", "surrogateescape")


def build(session: Session, pieces: Sequence[Piece], campaign: str, tip: str) -> list[str]:
    """A commit for each piece on top of *tip* in the private clone, sealed, and signed where the user's git signs."""
    author, committer = identity(session.target.root)
    placed = [
        (p.patch, p.words + f"Stomper-Campaign: {campaign} {number} of {len(pieces)}\n".encode())
        for number, p in enumerate(pieces, start=1)
    ]
    built = seals.build(session.clone, tip, placed, author=author, committer=committer)
    return signed(session, built, tip)
