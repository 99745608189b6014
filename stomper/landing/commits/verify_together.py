"""Verify patches together on one commit, as they would land; what objects to them drops the culprits."""

from __future__ import annotations

from collections.abc import Sequence

from stomper import progress
from stomper.analysis.fingerprints import compare
from stomper.checkers.verify import verify
from stomper.errors import CheckerError
from stomper.fixing.feedback import only_flaky_against
from stomper.fixing.session import Session
from stomper.landing.commits.bisect import drop_culprits
from stomper.landing.commits.breaking_patches import drop_breaking
from stomper.landing.commits.combine import combined, fit
from stomper.landing.commits.pre_commit_hook import refused_by_hook
from stomper.landing.evidence import steadily_tested
from stomper.models import Judge, Outcome, Status


def verify_together(
    session: Session, outcomes: Sequence[Outcome], tip: str, turned_down: dict[str, Outcome]
) -> list[Outcome]:
    """The outcomes whose patches hold together on *tip*; the others go to *turned_down* with the reason."""
    if not outcomes:
        return []
    progress.emit(progress.StageBegan("prove", detail=f"{len(outcomes)} file(s) together"))

    def turn_down(dropped: Sequence[tuple[Outcome, str]], judge: Judge) -> None:
        turned_down.update({
            o.path: o.rejected(why, judge="" if why.startswith("conflict") else judge) for o, why in dropped
        })  # fmt: skip

    kept, wrong = drop_culprits(list(outcomes), lambda some: _check(session, some, tip))
    turn_down(wrong, "checker")
    if kept and session.settings.run_hooks:
        kept, refused = drop_culprits(kept, lambda some: refused_by_hook(session, combined(session, some, tip), tip))
        turn_down(refused, "guard")
    if session.settings.test_validation != "none":
        session.baselines.at(tip)
        while True:
            kept, failing = drop_breaking(session, kept, tip)
            turn_down([(o, said.words) for o, said in failing if not said.flaky], "tests")
            tested = len(kept)
            kept, unproven = steadily_tested(session, kept, tip)
            doubtful = [(o, only_flaky_against(said.words)) for o, said in failing if said.flaky]
            turned_down.update({o.path: o.rejected(why, Status.WAITING) for o, why in (*doubtful, *unproven)})
            # Dropping a patch can bring back what another one relied on. What is left then was tested with it.
            while kept and (failing or unproven) and (said := _check(session, kept, tip)):
                turn_down([(kept.pop(), said)], "checker")
            if len(kept) in (0, tested):
                break
    return kept


def _check(session: Session, outcomes: Sequence[Outcome], tip: str) -> str:
    """What git and the checkers have against these patches together; empty when nothing."""
    fitted = fit(session, [o.patch for o in outcomes if o.patch], tip)
    if fitted.conflict:
        return fitted.conflict
    paths = sorted({path for patch in fitted.patches for path in patch.paths})
    with session.pool.lease(combined(session, outcomes, tip)) as tree:
        try:
            verdict = verify(tree.path, session.checkers, session.collected_at(tip), paths, session.environment.parser)
        except CheckerError as error:
            return f"unknown, so not a fix: {error}"
    if verdict.introduced:
        first = verdict.introduced[0]
        return f"together with the others, a new error: {first.path}:{first.line} {first.code} {first.message}"
    missing = compare([d for o in outcomes for d in o.fixed], verdict.fixed).fixed
    return f"together with the others, still there: {missing[0].path} {missing[0].code}" if missing else ""
