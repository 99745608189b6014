"""What there is already: the campaign's branches and pull requests, and the files that others' pull requests touch."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from stomper.campaigns import pr_metadata, seals
from stomper.campaigns.grouping import Grouping
from stomper.campaigns.origin import Origin
from stomper.campaigns.seals import Chain, Foreign, Part
from stomper.forges.base import PullRequest, RequestState
from stomper.git.plumbing import AS_PATCH, names


@dataclass(frozen=True)
class Branch:
    """A branch of the campaign as the remote has it, and its open pull request or else its newest."""

    name: str
    content: Chain | Foreign
    files: frozenset[str]
    request: PullRequest | None = None

    @property
    def open(self) -> PullRequest | None:
        """The pull request that is open."""
        return self.request if self.request and self.request.state is RequestState.OPEN else None

    @property
    def parts(self) -> tuple[Part, ...]:
        """Stomper's commits on it; none when it is not Stomper's alone."""
        return self.content.parts if isinstance(self.content, Chain) else ()

    @property
    def left(self) -> str:
        """Why the branch is left as it is; empty when it is Stomper's."""
        if not isinstance(self.content, Foreign):
            return ""
        where = f"{shown(self.request)} is " if self.open else f"branch {self.name} is "
        return f"{where}left to people: {self.content.words}"


@dataclass(frozen=True)
class Recorded:
    """A fix that is on the campaign's branch already."""

    branch: str
    part: Part
    diff: bytes

    # As an agent it has a name, and is told nothing.
    reads_prompt = False

    @property
    def name(self) -> str:
        """Who made it."""
        return self.part.agent or "stomper"

    @property
    def digest(self) -> str:
        """What it does, wherever in the file."""
        return pr_metadata.digest(self.part.file, self.diff)


@dataclass(frozen=True)
class Look:
    """The state of the remote at one moment."""

    tip: str
    """The base that pull requests are for."""
    branches: dict[str, Branch] = field(default_factory=dict)
    recorded: dict[str, Recorded] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)
    """Why a file is not to be touched, by its path."""


def look(origin: Origin, grouping: Grouping, *, files: bool) -> Look:
    """The state now; with *files* also those of others' pull requests, which takes a question for each.

    Raises StomperError when the remote or the forge cannot be asked."""
    opened = origin.forge.open_requests()
    tips = origin.fetch(grouping.prefix, f"{grouping.prefix}.*")
    tip = tips[origin.branch]
    branches, recorded = {}, {}
    for name in sorted(t for t in tips if grouping.owns(t) and t != origin.branch):
        branch = _branch(origin, grouping, name, tips[name], tip)
        request = next((p for p in opened if p.own and p.branch == name), None) or origin.forge.latest_of(name)
        branches[name] = branch = _merged(replace(branch, request=request))
        for part in branch.parts:
            if part.file and part.file not in recorded:
                recorded[part.file] = Recorded(name, part, _diff(origin, part))
    others: dict[str, str] = {}
    if files:
        bases = {origin.branch, *(p.branch for p in opened)}  # one on top of another comes to the base in the end
        for request in opened:
            if request.base in bases and not (request.own and grouping.owns(request.branch)):
                for path in origin.forge.files_of(request.number):
                    others.setdefault(path, f"touched by open {shown(request)}")
    return Look(tip, branches, recorded, others)


def _branch(origin: Origin, grouping: Grouping, name: str, at: str, tip: str) -> Branch:
    content = seals.read(origin.clone.path, at, tip, grouping.options.campaign)
    files = {p.file for p in content.parts if p.file} if isinstance(content, Chain) else _touched(origin, at, tip)
    return Branch(name, content, frozenset(files))


def _merged(branch: Branch) -> Branch:
    """Of a branch that was merged as it is now, whatever it holds, nothing can be lost any more."""
    done, content = branch.request, branch.content
    if isinstance(content, Foreign) and done and done.state is RequestState.MERGED and done.head == content.tip:
        return replace(branch, content=Chain(content.tip, content.tip))
    return branch


def _touched(origin: Origin, at: str, tip: str) -> set[str]:
    done = origin.talk("diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", f"{tip}...{at}")
    return set(names(done.stdout)) if done.returncode == 0 else set()


def _diff(origin: Origin, part: Part) -> bytes:
    done = origin.talk("diff-tree", "-r", *AS_PATCH, part.parent, part.commit)
    if done.returncode or done.timed_out:
        raise origin.mirror.error("read the campaign's branch of", done)
    return done.stdout


def shown(request: PullRequest | None) -> str:
    """A pull request for people."""
    return f"pull request #{request.number} ({request.url})" if request else "no pull request"
