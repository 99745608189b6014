"""Landing by pull requests: proven together, parted into groups, each proven alone, pushed, and proposed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from stomper import progress
from stomper.campaigns import pr_metadata
from stomper.campaigns.campaign import Campaign, Carried
from stomper.campaigns.grouping import Group
from stomper.campaigns.seals import Chain
from stomper.errors import RepositoryError
from stomper.fixing.session import Session
from stomper.forges.base import ForgeError
from stomper.git import history
from stomper.git.plumbing import git
from stomper.landing.commits import branch
from stomper.landing.commits.combine import fit
from stomper.landing.commits.verify_together import verify_together
from stomper.landing.pull_requests import blame_ignore, carried_fixes, commit_chain, proposals
from stomper.landing.pull_requests.proposals import Draft
from stomper.models import Landed, Outcome, Request, Status
from stomper.system import processes

Limit = Callable[[], AbstractContextManager[None]]


@dataclass
class Settled:
    """What came of it: the commits that are in pull requests, and in words what the forge or the remote did not do."""

    landed: list[Landed] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def land_requests(
    session: Session,
    campaign: Campaign,
    outcomes: Sequence[Outcome],
    *,
    ready: Sequence[Outcome],
    limit: Limit,
    turned_down: dict[str, Outcome],
) -> Settled:
    """Bring the campaign's pull requests to what is proven of *ready* and of what they hold already.

    Of *outcomes*, those that do not land are put into *turned_down*. Raises StomperError when the remote or the forge
    cannot be asked; what they refuse of a single pull request is said in the result."""
    tip = campaign.refresh().tip
    # What a branch has of a file stays on it where something better waits for somebody.
    aimed = [o.path for o in outcomes if turned_down.get(o.path, o).status is not Status.WAITING]
    back = campaign.carried = carried_fixes.carried(session, campaign, aimed)
    settling = _Settling(session, campaign, back, turned_down)
    kept = settling.proven([*back.outcomes, *ready], tip)
    drafts = settling.drafts(kept, tip)
    settled = Settled()
    if drafts:
        progress.emit(progress.StageBegan("land", detail=f"{len(drafts)} pull request(s)"))
    pushed = settling.push(drafts, limit, settled)
    for draft in pushed:
        settling.propose(draft, outcomes, settled)
    session.landed += settled.landed
    rebuilt = {draft.group.branch for draft in pushed if not draft.same}
    for path, why in sorted(back.failed.items()):
        there = campaign.recorded(path)
        if there and there.branch in rebuilt:
            session.warnings.append(
                f"the fix of {path} was taken off branch {there.branch}: it does not hold now: {why}"
            )
    return settled


@dataclass
class _Settling:
    session: Session
    campaign: Campaign
    back: Carried
    turned_down: dict[str, Outcome]

    def proven(self, outcomes: Sequence[Outcome], tip: str) -> list[Outcome]:
        """Those of *outcomes* that hold together on *tip*; the others are turned down."""
        down: dict[str, Outcome] = {}
        kept = verify_together(self.session, outcomes, tip, down)
        for outcome in down.values():
            self._drop(outcome, outcome.reason, outcome)
        return kept

    def _drop(
        self, outcome: Outcome, why: str, as_it_is: Outcome | None = None, status: Status = Status.WAITING
    ) -> None:
        if any(o.path == outcome.path for o in self.back.outcomes):
            self.back.failed[outcome.path] = why  # no file of this run
        else:
            self.turned_down[outcome.path] = as_it_is or outcome.rejected(why, status)

    def drafts(self, outcomes: Sequence[Outcome], tip: str) -> list[Draft]:
        """The pull requests that *outcomes* make, built on *tip*: within the limits, and none that people closed."""
        campaign, groups, opened, drafts = self.campaign, [], self.campaign.opened, list[Draft]()
        for group, members in carried_fixes.grouped(campaign, outcomes):
            there = campaign.state.branches.get(group.branch)
            wanted = self._wanted(group, members)
            if wanted and not (there and there.open):
                if opened >= campaign.options.max_open:
                    why = f"proven, and waits: pr.max_open = {campaign.options.max_open} pull requests are open"
                    for outcome in wanted:
                        self._drop(outcome, why)
                    continue
                opened += 1
            groups.append((group, wanted))
        for group, wanted in groups:
            # As they will be merged: each alone. What a limit took out was part of the proof so far.
            alone = self.proven(wanted, tip) if wanted and len(wanted) < len(outcomes) else wanted
            if alone:
                drafts.append(self._built(group, alone, tip, first=not drafts))
        return drafts

    def _wanted(self, group: Group, members: Sequence[Outcome]) -> list[Outcome]:
        campaign = self.campaign
        there = campaign.state.branches.get(group.branch)
        most, wanted = campaign.options.max_files, list[Outcome]()
        for outcome in members:
            fix = pr_metadata.digest(outcome.path, outcome.patch.diff if outcome.patch else b"")
            if there and there.left:
                self._drop(outcome, f"proven, but {there.left}", status=Status.SKIPPED)
            elif why := self.back.unsure.get(group.branch, ""):
                self._drop(outcome, f"proven, and waits: branch {group.branch} is left as it is: {why}")
            elif why := campaign.declined(group.branch, fix):
                self._drop(outcome, why, status=Status.SKIPPED)
            elif most and len(wanted) >= most:
                self._drop(outcome, f"proven, and waits: its pull request has pr.max_files = {most} already")
            else:
                wanted.append(outcome)
        return wanted

    def _built(self, group: Group, members: Sequence[Outcome], tip: str, *, first: bool) -> Draft:
        session, campaign = self.session, self.campaign
        members = sorted(members, key=lambda o: o.path)
        fitted = fit(session, [o.patch for o in members if o.patch], tip).patches
        pieces = [
            commit_chain.Piece(commit_chain.of_fix(session.run_id, o, patch, carried_fixes.spent(campaign, o)), patch)
            for o, patch in zip(members, fitted, strict=True)
        ]
        # In one of them alone, or they would conflict.
        wanted = campaign.options.blame_ignore_revs and first
        extra = blame_ignore.piece(session.clone.path, tip, session.environment.parser) if wanted else None
        if extra:
            pieces.append(extra)
        built = commit_chain.build(session, pieces, campaign.options.campaign, tip)
        there = campaign.state.branches.get(group.branch)
        content = there.content if there else None
        same = isinstance(content, Chain) and content.base == tip and _alike(session, content, built, members)
        commits = [p.commit for p in content.parts] if isinstance(content, Chain) and same else built
        return Draft(group, tuple(members), tuple(commits), commits[-1], content.tip if content else "", same)

    def push(self, drafts: Sequence[Draft], limit: Limit, settled: Settled) -> list[Draft]:
        """Push the branches that are new or other than they were; those that are now as they are to be."""
        moved = [draft for draft in drafts if not draft.same]
        done = [draft for draft in drafts if draft.same]
        if not moved:
            return done
        with branch.repository_lock(self.session), limit(), processes.finishing():
            for draft in moved:
                name = draft.group.branch
                self.session.journal("pushing", f"{name} {draft.before or '-'} {draft.tip}")
                try:
                    there = self.campaign.origin.push(name, draft.tip, draft.before)
                except RepositoryError as error:
                    self._refused(draft, f"branch {name} could not be pushed: {error}", settled)
                    continue
                if there:
                    self.session.journal("pushed", f"{name} {draft.tip}")
                    done.append(draft)
                else:
                    self._overtaken(draft)
        return sorted(done, key=lambda d: d.group.branch)

    def _refused(self, draft: Draft, why: str, settled: Settled) -> None:
        settled.failures.append(why)
        self.campaign.tell(Request(branch=draft.group.branch, done="failed", notes=(why,)))
        for outcome in draft.members:
            self._drop(outcome, f"proven, but {why.splitlines()[0]}")

    def _overtaken(self, draft: Draft) -> None:
        """Somebody pushed between our look and our push."""
        name = draft.group.branch
        there = self.campaign.refresh().branches.get(name)
        why = (there.left if there else "") or f"branch {name} was changed by somebody else meanwhile: run again"
        for outcome in draft.members:
            self._drop(outcome, f"proven, but {why}", status=Status.SKIPPED)

    def propose(self, draft: Draft, outcomes: Sequence[Outcome], settled: Settled) -> None:
        """Open the pull request of a branch that is pushed, or bring it up to date."""
        inside = {o.path for o in draft.members}
        mine = [
            self.turned_down.get(o.path, o)
            for o in outcomes
            if o.path not in inside and self.campaign.grouping.group(o.path, carried_fixes.aims(o)) == draft.group
        ]
        spent = [carried_fixes.spent(self.campaign, o) for o in draft.members]
        try:
            request = proposals.propose(self.session, self.campaign, draft, mine, spent)
        except ForgeError as error:
            self._refused(
                draft, f"branch {draft.group.branch} is pushed, but its pull request failed: {error}", settled
            )
            return
        self.campaign.tell(request)
        carried = {o.path for o in self.back.outcomes}
        for outcome, commit in zip(draft.members, draft.commits, strict=False):
            if outcome.path not in carried:
                subject = history.one(self.session.clone.path, commit).subject
                settled.landed.append(Landed(commit=commit, path=outcome.path, subject=subject))


def _alike(session: Session, chain: Chain, built: Sequence[str], members: Sequence[Outcome]) -> bool:
    """Whether the commits that are there make the same of the same files as those that were built."""
    asked = "".join(f"{commit}^{{tree}}\n" for commit in built).encode()
    trees = git(("cat-file", "--batch-check=%(objectname)"), cwd=session.clone.path, stdin=asked).decode().split()
    return [p.tree for p in chain.parts] == trees and [p.file for p in chain.parts if p.file] == [
        o.path for o in members
    ]
