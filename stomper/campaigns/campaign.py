"""A run's part in its campaign: what it need not pay for, what it leaves to people, and what it did in the end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from stomper.campaigns import connect, origin, pr_metadata, remote_state
from stomper.campaigns.codeowners import Owners
from stomper.campaigns.grouping import Grouping
from stomper.campaigns.origin import Origin
from stomper.campaigns.pr_metadata import Mark
from stomper.campaigns.remote_state import Look, Recorded
from stomper.config.pull_requests import PullRequestSettings
from stomper.forges.base import PullRequest, RequestState
from stomper.git.remotes import Remote
from stomper.git.repository import Target
from stomper.git.worktrees import SharedClone
from stomper.models import Diagnostic, FileJob, Outcome, Request

__all__ = ["Campaign", "Carried", "check", "join"]


@dataclass(frozen=True)
class Carried:
    """Fixes on the branches of files that this run did not aim at: those proven again, and the files of others by why
    not. *unsure* are branches with fixes for checkers that this run cannot ask."""

    outcomes: tuple[Outcome, ...]
    gone: frozenset[str]
    failed: dict[str, str]
    unsure: dict[str, str]


@dataclass
class Campaign:
    """One run's hold on the campaign's branches and pull requests; what it knows of them is as of the last look."""

    origin: Origin
    options: PullRequestSettings
    grouping: Grouping
    state: Look
    carried: Carried | None = None
    """What the last landing found on the branches beside the files of the run."""
    done: dict[str, Request] = field(default_factory=dict)
    """By branch, what was done with its pull request."""
    _gone: dict[str, PullRequest | None] = field(default_factory=dict)
    """By branches that are not there, the pull requests that there were."""

    @property
    def base(self) -> str:
        """The commit that pull requests are built on."""
        return self.state.tip

    def refresh(self) -> Look:
        """Look again at the branches and their pull requests. Raises StomperError when that cannot be done."""
        self.state = replace(remote_state.look(self.origin, self.grouping, files=False), others=self.state.others)
        self.grouping = replace(self.grouping, owners=Owners.at(self.origin.clone.path, self.base))
        return self.state

    def recorded(self, path: str) -> Recorded | None:
        """The fix of a file that is on the campaign's branch already."""
        return self.state.recorded.get(path)

    def held(self, job: FileJob) -> str:
        """Why a file is not worked on now; empty when it is."""
        kept = self.recorded(job.path)
        for branch in self.state.branches.values():
            if branch.left and job.path in branch.files:
                return branch.left
        group = self.grouping.group(job.path, job.diagnostics)
        there = self.state.branches.get(group.branch)
        if there and there.left:
            return there.left
        if kept and (said := self.declined(kept.branch, kept.digest)):
            return said
        if not kept and (said := self.state.others.get(job.path, "")):
            return said
        if not (there and there.open) and not kept and self.opened >= self.options.max_open:
            return f"{self.opened} pull request(s) of this campaign are open: pr.max_open = {self.options.max_open}"
        return ""

    def proposes(self, outcome: Outcome) -> bool:
        """Whether the campaign's branch has this very fix already: somebody agreed to it then."""
        kept = self.recorded(outcome.path)
        return (
            kept is not None
            and outcome.patch is not None
            and kept.digest == pr_metadata.digest(outcome.path, outcome.patch.diff)
        )

    def only_recorded(self, path: str) -> bool:
        """Whether what is on the branch is all that a file may get."""
        return path in self.state.others

    def declined(self, branch: str, fix: str) -> str:
        """Why a *fix* (its digest) is not proposed from *branch* again; empty when it may be."""
        request, mark = self.newest(branch), self.mark(branch)
        if not request or request.state is RequestState.MERGED:
            return ""
        if request.state is RequestState.OPEN:
            return "a pull request with this very fix was closed without merging it" if fix in mark.declined else ""
        return (
            f"{remote_state.shown(request)} with this very fix was closed without merging it"
            if fix in mark.unwanted
            else ""
        )

    def newest(self, branch: str) -> PullRequest | None:
        """The newest pull request from *branch*, also where that branch is deleted. Raises ForgeError."""
        if there := self.state.branches.get(branch):
            return there.request
        if branch not in self._gone:
            self._gone[branch] = self.origin.forge.latest_of(branch)
        return self._gone[branch]

    def mark(self, branch: str) -> Mark:
        """What that pull request says of itself."""
        request = self.newest(branch)
        return pr_metadata.read(request.body) if request else Mark()

    @property
    def opened(self) -> int:
        """How many pull requests of the campaign are open."""
        return sum(branch.open is not None for branch in self.state.branches.values())

    def widened(self, jobs: Sequence[FileJob], found: Iterable[Diagnostic]) -> tuple[FileJob, ...]:
        """*jobs* with those errors of *found* too that the campaign's own fixes of their files aim at."""
        paths = {job.path for job in jobs} & self.state.recorded.keys()
        there: dict[str, list[Diagnostic]] = {}
        for diagnostic in found:
            if diagnostic.path in paths:
                kept = self.state.recorded[diagnostic.path].part
                if f"{diagnostic.tool}:{diagnostic.code}" in kept.codes:
                    there.setdefault(diagnostic.path, []).append(diagnostic)
        return tuple(_with(job, there.get(job.path, ())) for job in jobs)

    def tell(self, request: Request) -> None:
        """Remember what was done with a branch's pull request. Who opened one and updates it has opened it."""
        before = self.done.get(request.branch)
        if before and before.done == "opened" and request.done in ("updated", "unchanged"):
            request = request.model_copy(update={"done": "opened"})
        self.done[request.branch] = request

    @property
    def requests(self) -> tuple[Request, ...]:
        """What was done, by branch."""
        return tuple(self.done[name] for name in sorted(self.done))


def _with(job: FileJob, more: Sequence[Diagnostic]) -> FileJob:
    new = [d for d in more if d not in job.diagnostics]
    return job.model_copy(update={"diagnostics": (*job.diagnostics, *new)}) if new else job


def check(target: Target, options: PullRequestSettings, *, named: bool) -> None:
    """Raise StomperError for what stands against pull requests from a checkout and can be told at once. *named*: the run
    itself names the token's variable, not the repository's settings."""
    place = connect.place_for(origin.address_of(target), options)
    origin.token_of(place, options, named=named)


def join(
    target: Target, clone: SharedClone, remote: Remote | None, options: PullRequestSettings, *, named: bool
) -> Campaign:
    """The run's part in the campaign, after a look at what there is. Raises StomperError with the way out."""
    at = origin.find(target, clone, remote, options, named=named)
    state = remote_state.look(at, Grouping(options), files=options.skip_files_in_open)
    return Campaign(at, options, Grouping(options, Owners.at(clone.path, state.tip)), state)
