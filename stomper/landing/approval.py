"""What somebody has to agree to before it lands, and what their answer means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from stomper.config.settings import Settings
from stomper.models import Outcome, Status

Choice = Literal["everything", "only these codes", "nothing"]


@dataclass(frozen=True)
class Answer:
    """What may land of the fixes shown. *codes* count where only some were chosen; *dropped* files never land."""

    land: Choice
    codes: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()


def needs_answer(outcome: Outcome, settings: Settings) -> bool:
    """Whether the patch of *outcome* is proven and of a kind that somebody wants to see first."""
    return settings.approve and settings.land != "patch" and outcome.proven and outcome.risk in settings.approve_risks


def codes_of(outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    """The codes that the patches fix, sorted."""
    return tuple(sorted({d.code for o in outcomes for d in o.fixed}))


def answered(outcomes: Sequence[Outcome], answer: Answer) -> list[Outcome]:
    """*outcomes* with those that may not land waiting, and the reason why. A patch lands whole or not at all."""
    return [o.rejected(why, Status.WAITING) if (why := _against(o, answer)) else o for o in outcomes]


def unanswered(outcomes: Sequence[Outcome], why: str) -> list[Outcome]:
    """*outcomes*, none of which may land."""
    return [o.rejected(f"proven, and not approved: {why}", Status.WAITING) for o in outcomes]


def _against(outcome: Outcome, answer: Answer) -> str:
    if outcome.path in answer.dropped:
        return "proven, and not approved: the file was left out"
    if answer.land == "nothing":
        return "proven, and not approved: nothing was to land"
    more = sorted({d.code for d in outcome.fixed} - answer.codes)
    if answer.land == "only these codes" and more:
        return f"proven, and not approved: its patch fixes {', '.join(more)} too, which was not chosen"
    return ""
