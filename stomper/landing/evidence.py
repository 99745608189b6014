"""What proves a patch beside the checkers, and how much of that it needs to land unattended."""

from __future__ import annotations

from collections.abc import Sequence

from stomper.agents.ruff import RuffAgent
from stomper.fixing.proof import diff_of
from stomper.fixing.session import Session
from stomper.models import Evidence, FileJob, Outcome, enough
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


def steadily_tested(
    session: Session, outcomes: Sequence[Outcome], tip: str
) -> tuple[list[Outcome], list[tuple[Outcome, str]]]:
    """Part *outcomes*, whose patches passed the suite on *tip*: those with the evidence that they need, and those that only
    flaky tests speak for, which is none, with the reason."""
    kept, waiting = list[Outcome](), list[tuple[Outcome, str]]()
    for outcome in outcomes:
        flaky = _only_flaky(session, outcome, tip) if outcome.required != "none" else ()
        if flaky:
            said = f"waits for you: only flaky tests speak for it ({', '.join(flaky)}): look at it, or --allow-unproven"
            waiting.append((outcome.model_copy(update={"evidence": "none"}), said))
        else:
            kept.append(outcome)
    return kept, waiting


def _only_flaky(session: Session, outcome: Outcome, tip: str) -> list[str]:
    """Return the tests that pass and reach the patch, where all of these are flaky; else none."""
    if not session.suite.flaky or outcome.patch is None:
        return []
    diff = diff_of(session, FileJob(path=outcome.path, diagnostics=outcome.fixed), outcome.patch)
    reached = session.baselines.selector(tip).select(outcome.patch.changes, diff.before.get, diff.after.get).keys
    if reached is None:
        return []
    passing = {key for key, test in session.baselines.at(tip).worst().items() if test.status == "passed"}
    speaking = reached & passing
    return sorted(speaking) if speaking <= session.suite.flaky else []


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
