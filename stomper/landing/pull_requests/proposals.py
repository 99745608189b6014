"""The pull request of one branch: what it is to be, and what was done with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stomper.campaigns import escaping, pr_metadata
from stomper.campaigns.campaign import Campaign
from stomper.campaigns.cost_trailer import Spent
from stomper.campaigns.grouping import Group
from stomper.campaigns.pr_metadata import Mark
from stomper.fixing.session import Session
from stomper.forges.base import RequestState, Wanted
from stomper.landing.pull_requests import body
from stomper.landing.pull_requests.body import Facts
from stomper.models import Outcome, Request
from stomper.testing.results import SuiteState


@dataclass(frozen=True)
class Draft:
    """One pull request to be: its fixes, and the commits they are in, which are there already when *same*."""

    group: Group
    members: tuple[Outcome, ...]
    commits: tuple[str, ...]
    tip: str
    before: str
    same: bool


def propose(
    session: Session, campaign: Campaign, draft: Draft, left_out: Sequence[Outcome], spent: Sequence[Spent]
) -> Request:
    """Open the pull request of *draft*, or make the open one as it is to be. Raises ForgeError."""
    facts = _facts(session, campaign, draft, left_out, spent)
    options, forge = campaign.options, campaign.origin.forge
    hide = campaign.origin.mirror.credentials.hidden
    there = campaign.state.branches.get(draft.group.branch)
    before = there.open if there else None
    wanted = Wanted(
        branch=draft.group.branch,
        base=campaign.origin.branch,
        title=hide(session.secrets.hidden(body.title(options, facts))),
        body=hide(session.secrets.hidden(body.text(facts))),
        draft=None if before else options.draft,  # how it is opened; then people decide
        labels=options.labels,
        reviewers=options.reviewers,
        auto_merge=options.auto_merge,
    )
    said = len(forge.notes)
    request = forge.update(before.number, wanted) if before else forge.create(wanted)
    alike = before and draft.same and (before.title, before.body) == (wanted.title, wanted.body)
    return Request(
        branch=draft.group.branch,
        done="unchanged" if alike else "updated" if before else "opened",
        number=request.number,
        url=request.url,
        files=tuple(o.path for o in draft.members),
        notes=tuple(hide(note) for note in forge.notes[said:]),
    )


def _facts(
    session: Session, campaign: Campaign, draft: Draft, left_out: Sequence[Outcome], spent: Sequence[Spent]
) -> Facts:
    baseline = session.baselines.known(campaign.base) or session.baselines.known(session.base)
    after = "With all fixes of this pull request together no test is worse."
    if session.settings.test_validation == "none":
        after = "They were not run on the fixes (`test_validation` is `none`)."
    elif baseline is not None and baseline.state is SuiteState.NONE:
        after = "There is none to run on the fixes."
    branch = draft.group.branch
    old = campaign.mark(branch)
    declined = sorted(old.unwanted) if _closed(campaign.newest(branch)) else list(old.declined)
    fixes = tuple(sorted(pr_metadata.digest(o.path, o.patch.diff if o.patch else b"") for o in draft.members))
    return Facts(
        group=draft.group.name,
        outcomes=draft.members,
        commits=draft.commits,
        checkers=session.checker_runs,
        tests_before=baseline.words.partition(" (as a run saw")[0] if baseline else "not run",
        tests_after=after,
        spent=sum(spent, Spent()),
        left_out=tuple(f"{escaping.code(o.path)}: {escaping.code(_first_line(o.reason))}" for o in left_out),
        mark=Mark(fixes, tuple(declined)),
    )


def _first_line(words: str) -> str:
    return next(iter(words.strip().splitlines()), "")


def _closed(request: object) -> bool:
    return getattr(request, "state", None) is RequestState.CLOSED
