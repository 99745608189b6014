"""From proven patches to commits on the user's branch: proven together, built apart, moved in by one step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Literal

from stomper import hashing, progress
from stomper.errors import Cancelled, StomperError
from stomper.fixing.session import Session
from stomper.git.repository import uncommitted
from stomper.landing.approval import needs_answer
from stomper.landing.commits import branch
from stomper.landing.commits.build import build, subject
from stomper.landing.commits.combine import combined, fit
from stomper.landing.commits.verify_together import verify_together
from stomper.landing.evidence import lacks, weighed
from stomper.landing.pull_requests.close import close_finished
from stomper.landing.pull_requests.land import land_requests
from stomper.models import FileJob, Landed, Outcome, Status
from stomper.state import paths
from stomper.system import processes

_TRIES = 5
_STOPPED = "proven, but nothing was landed: the run stopped"  # why is told once, by the run
Limit = Callable[[], AbstractContextManager[None]]
Again = Callable[[Sequence[FileJob]], Sequence[Outcome]]
Purpose = Literal["land", "propose", "land approved"]


@dataclass(frozen=True)
class Landing:
    """What landed, every outcome as it is now, and which files are worth another try on the tip that came of it."""

    outcomes: tuple[Outcome, ...]
    landed: tuple[Landed, ...]
    tip: str = ""
    again: tuple[str, ...] = ()
    failure: str = ""

    def then(self, second: Landing) -> Landing:
        """This landing and what came of those that were tried again on the new tip."""
        later = {o.path: o for o in second.outcomes}
        gone = {"status": Status.SKIPPED, "reason": "its errors went away while it was repaired", "remaining": ()}
        done = [
            _both(o, later.get(o.path, o.model_copy(update={**gone, "attempts": (), "spans": ()})))
            if o.path in self.again
            else o
            for o in self.outcomes
        ]
        return Landing(tuple(done), (*self.landed, *second.landed), second.tip, (), self.failure or second.failure)

    def beside(self, other: Landing) -> Landing:
        """This landing and a later one of other files."""
        both = (*self.outcomes, *other.outcomes)
        return Landing(both, (*self.landed, *other.landed), other.tip, (), self.failure or other.failure)


def _both(first: Outcome, second: Outcome) -> Outcome:
    """How a file ended that was worked on twice: what was paid the first time is paid, and why it failed is told."""
    changed: dict[str, object] = {
        "attempts": (*first.attempts, *second.attempts),
        "spans": (*first.spans, *second.spans),
    }
    if second.status is Status.FAILED:
        changed["reason"] = f"{first.reason}; once more: {second.reason}"
        if second.patch is None:
            changed |= {"patch": first.patch, "patch_file": first.patch_file}
    return second.model_copy(update=changed)


def land(
    session: Session,
    outcomes: Sequence[Outcome],
    limit: Limit,
    again: Again | None = None,
    *,
    purpose: Purpose = "land",
) -> Landing:
    """Land what is proven. What conflicts with the branch or with another fix, and what the tests turned down where an
    agent can be told of it, is repaired by *again* on what came of it, once, and landed then.

    To `propose` is to prove all of it and land none. What somebody has to agree to lands only where it is `approved`."""
    base, collected = session.base, session.collected
    try:
        landing = _land_twice(session, outcomes, limit, again, purpose)
        return _tidied(session, landing) if session.campaign and purpose != "propose" else landing
    finally:
        if purpose == "propose":  # what was only shown is part of nothing
            session.base, session.collected = base, collected


def _tidied(session: Session, landing: Landing) -> Landing:
    """Pull requests that have nothing left are closed."""
    if session.campaign is None or landing.failure:
        return landing
    try:
        close_finished(session, session.campaign, landing.outcomes)
    except Cancelled:
        raise
    except StomperError as error:
        return replace(landing, failure=f"a pull request that is done with could not be closed: {error}")
    return landing


def _land_twice(
    session: Session, outcomes: Sequence[Outcome], limit: Limit, again: Again | None, purpose: Purpose
) -> Landing:
    landing = _land_once(session, outcomes, limit, purpose)
    if again is None or not landing.again or landing.failure:
        return landing
    outcomes = ()
    try:
        jobs = session.requeue(landing.again, landing.tip)
        progress.emit(progress.JobsSelected(len(jobs), sum(len(job.diagnostics) for job in jobs), again=True))
        outcomes = again(jobs) if jobs else ()
        return landing.then(_land_once(session, outcomes, limit, purpose))
    except Cancelled:
        raise
    except StomperError as error:  # what has landed is told in any case
        failed = replace(landing, again=(), failure=str(error))
        return landing.then(_refuse(session, outcomes, str(error))) if outcomes else failed


def _land_once(session: Session, outcomes: Sequence[Outcome], limit: Limit, purpose: Purpose) -> Landing:
    """Prove the proven patches together, drop the culprits, and land the rest inside *limit*.

    The tip is read before the proof and compared when the branch is moved: if it moved meanwhile, the commits are built
    on the new tip and proven again.
    """
    turned_down: dict[str, Outcome] = {}
    if violations := session.watch.found():
        return _refuse(session, outcomes, session.keep_evidence(violations))
    if why := session.baselines.refusal(session.base):
        return _refuse(session, outcomes, why, reason="no test could judge it: the run stopped", kind="rejected")
    ready = []
    landed: list[Landed] = []
    failure = ""
    try:
        outcomes = [weighed(session, o) if o.proven and o.patch else o for o in outcomes]
        for outcome in (o for o in outcomes if o.proven and o.patch):
            if why := _waits(session, outcome, purpose):
                turned_down[outcome.path] = outcome.rejected(why, Status.WAITING)
            else:
                ready.append(outcome)
        if purpose == "propose":
            tip = branch.tip(session)
            tip = combined(session, verify_together(session, ready, tip, turned_down), tip)
        elif session.campaign:
            settled = land_requests(
                session,
                session.campaign,
                outcomes,
                ready=ready,
                limit=limit,
                turned_down=turned_down,
            )
            landed, failure, tip = settled.landed, "\n".join(settled.failures), session.campaign.base
        elif session.settings.land == "patch":
            kept = verify_together(session, ready, session.base, turned_down)
            paths, tip = {o.path for o in kept}, combined(session, kept, session.base)
            outcomes = [_write_patch(session, o, "proven") if o.path in paths else o for o in outcomes]
        else:
            landed = _land_commits(session, ready, limit, turned_down)
            tip = landed[-1].commit if landed else branch.tip(session)
    except Cancelled:
        raise
    except StomperError as error:  # what was paid and proven is told and kept in any case
        return _refuse(session, [turned_down.get(o.path, o) for o in outcomes], str(error))
    where = {entry.path: entry.commit for entry in landed}
    done = [o.model_copy(update={"commit": where[o.path]}) if o.path in where else o for o in outcomes]
    final = _finish(session, done, turned_down)
    session.memory.settle(final)
    again = [path for path, o in turned_down.items() if o.reason.startswith("conflict")]
    broken = [o for o in turned_down.values() if o.judge == "tests" and session.listens(o)]
    for outcome in broken:
        session.feedback.tell(outcome)
    again += [o.path for o in broken]
    return Landing(final, tuple(landed), tip, tuple(again), failure)


def asks(session: Session, outcome: Outcome) -> bool:
    """Whether somebody has to agree to *outcome* first. What a pull request proposes already was agreed to."""
    proposed = session.campaign is not None and session.campaign.proposes(outcome)
    return needs_answer(outcome, session.settings) and not proposed


def _waits(session: Session, outcome: Outcome, purpose: Purpose) -> str:
    """Why a proven patch is not to land now; empty when it is."""
    if purpose == "land" and asks(session, outcome):
        return "proven, and waits for you: it came of a second round, and was not among what was shown for approval"
    if purpose == "land" and outcome.risk not in session.settings.risks:
        return f"proven, and waits for you: its risk is {outcome.risk}"
    if purpose == "land" and (why := lacks(outcome)):
        return f"waits for you: {why}"
    return ""


def _land_commits(
    session: Session, ready: Sequence[Outcome], limit: Limit, turned_down: dict[str, Outcome]
) -> list[Landed]:
    for _ in range(_TRIES):
        tip = branch.tip(session)
        candidates = [o for o in ready if o.path not in turned_down]
        edited = uncommitted(session.target.root) if session.settings.land == "commit" else frozenset[str]()
        for outcome in candidates:
            if outcome.patch and edited & set(outcome.patch.paths):
                why = "it was edited during the run: commit or stash the edits, then run again"
                turned_down[outcome.path] = outcome.rejected(why)
        kept = verify_together(session, [o for o in candidates if o.path not in turned_down], tip, turned_down)
        if not kept:
            return []
        progress.emit(progress.StageBegan("land", detail=f"{len(kept)} file(s)"))
        fitted = fit(session, [o.patch for o in kept if o.patch], tip).patches
        built = build(session, kept, fitted, tip)
        with branch.repository_lock(session), limit(), processes.finishing():
            ending = branch.move(session, tip, built[-1])
        if ending.state == "moved":
            made = [Landed(commit=c, path=o.path, subject=subject(o)) for c, o in zip(built, kept, strict=True)]
            session.landed += made
            session.warnings += [
                f"{path} was edited in the moment of landing: its fix is committed" for path in ending.late
            ]
            return made
        if ending.state == "refused":
            waiting = f"proven, and waits for you: {ending.why}"
            turned_down.update({o.path: o.rejected(waiting, Status.WAITING) for o in kept})
            return []
        for outcome in kept:
            touched = outcome.patch.paths if outcome.patch else ()
            if path := next((path for path in touched if path in ending.files), ""):
                where = "" if path == outcome.path else f"{path}: "
                turned_down[outcome.path] = outcome.rejected(f"{where}{ending.files[path]}")
    for outcome in ready:
        why = f"the branch moved {_TRIES} times while this was proven"
        turned_down.setdefault(outcome.path, outcome.rejected(why))
    return []


def _refuse(
    session: Session, outcomes: Sequence[Outcome], why: str, *, reason: str = _STOPPED, kind: str = "proven"
) -> Landing:
    """Nothing lands; what is proven, but for the *reason*, is kept as patches."""
    done = [_write_patch(session, o.rejected(reason), kind) if o.proven else o for o in outcomes]
    return Landing(_finish(session, done, {}), (), failure=why)


def _finish(session: Session, outcomes: Sequence[Outcome], turned_down: dict[str, Outcome]) -> tuple[Outcome, ...]:
    final = []
    for outcome in outcomes:
        now = turned_down.get(outcome.path, outcome)
        kind = "proven" if now.status is Status.WAITING else "rejected"
        final.append(_write_patch(session, now, kind) if now.patch and not now.proven and not now.patch_file else now)
    return tuple(final)


def _write_patch(session: Session, outcome: Outcome, kind: str) -> Outcome:
    """Keep the patch as a file: the way to land by `patch`, and what keeps rejected work from being lost."""
    if outcome.patch is None:
        return outcome
    folder = paths.home() / "patches" / session.run_id / kind
    folder.mkdir(parents=True, exist_ok=True)
    stem = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in outcome.path)[-80:]
    file = folder / f"{stem}.{hashing.digest(outcome.path)[:8]}.patch"
    file.write_bytes(outcome.patch.diff)
    return outcome.model_copy(update={"patch_file": str(file)})
