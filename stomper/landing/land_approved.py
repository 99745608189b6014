"""Landing where somebody wants to see some of it first: prove, show, wait for the answer, prove again, land."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from stomper.errors import Cancelled, StomperError
from stomper.fixing.session import Session
from stomper.landing.approval import Answer, answered, unanswered
from stomper.landing.land import Again, Landing, Limit, asks, land
from stomper.models import Outcome

Ask = Callable[[Sequence[Outcome], float], Answer | None]
"""Shows what is proven and waits so many seconds: the answer, or None when there was none."""


def land_and_ask(session: Session, outcomes: Sequence[Outcome], limit: Limit, again: Again, ask: Ask) -> Landing:
    """Land what needs no approval at once, then of the rest what *ask* allows. Raises Cancelled."""
    asked = [o for o in outcomes if asks(session, o)]
    landing = land(session, [o for o in outcomes if o not in asked], limit, again)
    if not asked:
        return landing
    if landing.failure:
        return landing.beside(land(session, unanswered(asked, landing.failure), limit, purpose="land approved"))
    proposed = land(session, asked, limit, again, purpose="propose")
    return landing.beside(_land_approved(session, proposed, limit, ask))


def _land_approved(session: Session, proposed: Landing, limit: Limit, ask: Ask) -> Landing:
    shown = [o for o in proposed.outcomes if o.proven]
    if proposed.failure or not shown:
        return proposed
    others = replace(proposed, outcomes=tuple(o for o in proposed.outcomes if not o.proven))
    seconds, failure = session.settings.approve_timeout_s, ""
    why = f"nobody answered within {seconds:g} s"
    try:
        answer = ask(shown, seconds)
    except Cancelled:
        raise
    except StomperError as error:
        answer, why, failure = None, str(error), str(error)
    decided = answered(shown, answer) if answer else unanswered(shown, why)
    landing = others.beside(land(session, decided, limit, purpose="land approved"))
    return replace(landing, failure=landing.failure or failure)
