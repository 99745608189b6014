"""What proves a patch beside the checkers, and how much of that it needs to land unattended."""

from __future__ import annotations

from stomper.agents.ruff import RuffAgent
from stomper.fixing.session import Session
from stomper.models import Evidence, Outcome, enough
from stomper.testing.results import SuiteState


def weighed(session: Session, outcome: Outcome) -> Outcome:
    """Return *outcome* with the evidence that the complete suite gives it, and with what it needs.

    Raises SuiteError when the tests at the base prove nothing."""
    there: Evidence = "tests passed" if _tested(session) else "none"
    return outcome.model_copy(update={"evidence": there, "required": _required(session, outcome)})


def lacks(outcome: Outcome) -> str:
    """Return why the evidence of *outcome* does not do, as it is told to people; empty when it does."""
    if enough(outcome.evidence, outcome.required):
        return ""
    return (
        f"its evidence is `{outcome.evidence}`, and a change of {outcome.risk} by {outcome.agent} needs "
        f"`{outcome.required}`: look at it, or --allow-unproven"
    )


def _tested(session: Session) -> bool:
    """Return whether there are tests that every landing is held to."""
    if session.settings.test_validation == "none":
        return False
    return session.baselines.at(session.base).state is not SuiteState.NONE


def _required(session: Session, outcome: Outcome) -> Evidence:
    chosen = session.settings.allow_unproven or session.settings.test_validation == "none"
    if chosen or (not _tested(session) and _harmless(session, outcome)):
        return "none"
    return "tests passed"


def _harmless(session: Session, outcome: Outcome) -> bool:
    """Return whether a patch may land where there are no tests at all: layout, types, and what ruff calls safe."""
    safe = {
        a.name for a in session.agents if isinstance(a, RuffAgent) and not session.settings.agents[a.name].unsafe_fixes
    }
    return outcome.risk in ("cosmetic", "typing") or outcome.agent in safe
