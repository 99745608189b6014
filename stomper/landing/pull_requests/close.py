"""The end of a run: pull requests that have nothing left are closed, and branches that have done their part go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from stomper.campaigns import escaping, pr_metadata
from stomper.campaigns.campaign import Campaign
from stomper.campaigns.remote_state import Branch
from stomper.errors import RepositoryError
from stomper.fixing.session import Session
from stomper.forges.base import PullRequest, RequestState, Wanted
from stomper.models import Outcome, Request


def close_finished(session: Session, campaign: Campaign, outcomes: Sequence[Outcome]) -> None:
    """Settle the branches that no pull request of this run came from. Raises StomperError."""
    for name, branch in sorted(campaign.state.branches.items()):
        if name not in campaign.done:
            _settle(session, campaign, branch, {o.path: o for o in outcomes})


def _settle(session: Session, campaign: Campaign, branch: Branch, outcomes: dict[str, Outcome]) -> None:
    carried = campaign.carried
    kept = carried.unsure.get(branch.name, "") if carried else ""
    if branch.left:
        if branch.open:
            _tell(campaign, branch, "left to a human", branch.left)
        return
    if (
        branch.request
        and branch.request.state is RequestState.CLOSED
        and not pr_metadata.read(branch.request.body).closed
    ):
        return  # people closed it: the branch tells the runs to come what they did not want
    reasons = {path: _why(campaign, path, outcomes) for path in sorted(branch.files)}
    unseen = [path for path, why in reasons.items() if not why]
    if kept or unseen:
        names = ", ".join(unseen[:5])
        why = kept or f"{names}: its fix does not hold any more, and this run was not asked to repair it anew"
        if branch.open:
            _tell(campaign, branch, "left as it is", why)
        return
    if branch.open:
        if campaign.origin.tip_of(branch.name) != branch.content.tip:  # the proof took its time
            _tell(campaign, branch, "left as it is", "its branch was changed meanwhile: run again")
            return
        _close(campaign, branch.open, reasons)
    gone = _delete(session, campaign, branch)
    if branch.open:
        _tell(campaign, branch, "closed", *([] if gone else ["its branch was changed meanwhile, and is left"]))


def _why(campaign: Campaign, path: str, outcomes: dict[str, Outcome]) -> str:
    """Why a file has nothing in a pull request of this branch any more; empty when this run cannot tell."""
    if campaign.carried and path in campaign.carried.gone:
        return "its errors are gone"
    if any(path in request.files for request in campaign.done.values()):
        return "its fix is in another pull request of the campaign"
    if path in outcomes:
        outcome = outcomes[path]
        return "" if outcome.unknown else (outcome.reason.splitlines() or ["it is not repaired"])[0]
    recorded = campaign.recorded(path)
    in_base = not campaign.state.branches or recorded is None
    return "its fix is in the base" if in_base else ""


def _close(campaign: Campaign, request: PullRequest, reasons: dict[str, str]) -> None:
    """The mark first: what Stomper closed may be proposed again, should its errors come back."""
    mark = replace(pr_metadata.read(request.body), closed=True)
    said = pr_metadata.written_into(request.body, mark)
    wanted = Wanted(request.branch, request.base, request.title, said, draft=None)
    campaign.origin.forge.update(request.number, wanted)
    lines = [f"- {escaping.code(path)}: {escaping.code(why)}" for path, why in list(reasons.items())[:50]]
    campaign.origin.forge.close(
        request.number, "\n".join(["Nothing is left for this pull request.", "", *lines]).strip()
    )


def _delete(session: Session, campaign: Campaign, branch: Branch) -> bool:
    session.journal("deleting", f"{branch.name} {branch.content.tip}")
    try:
        return campaign.origin.push(branch.name, "", branch.content.tip)
    except RepositoryError as error:
        session.warnings.append(f"branch {branch.name} has done its part, and could not be deleted: {error}")
        return True


def _tell(campaign: Campaign, branch: Branch, done: str, *notes: str) -> None:
    request = branch.open
    campaign.tell(
        Request.model_validate(
            {
                "branch": branch.name,
                "done": done,
                "number": request.number if request else 0,
                "url": request.url if request else "",
                "notes": notes,
            }
        )
    )
