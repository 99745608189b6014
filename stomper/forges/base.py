"""What Stomper asks of a forge, the place where a repository's pull requests are (GitLab calls them merge requests)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from stomper.errors import StomperError


class ForgeError(StomperError):
    """A forge did not do what was asked; the message says what it said and the next step, never a token."""


class RequestState(StrEnum):
    """How a pull request stands."""

    OPEN = "open"
    MERGED = "merged"
    CLOSED = "closed"


@dataclass(frozen=True)
class PullRequest:
    """One pull request as the forge has it. `own` is False for one whose branch is in a fork."""

    number: int
    url: str
    state: RequestState
    branch: str
    base: str
    head: str
    title: str
    body: str
    draft: bool
    own: bool


@dataclass(frozen=True)
class Wanted:
    """A pull request as it should be. Labels and reviewers are added; those of others are left.

    A name with a slash among *reviewers* is a team's (GitHub). *draft* None leaves an open one as people have set it."""

    branch: str
    base: str
    title: str
    body: str
    draft: bool | None = False
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    auto_merge: bool = False


class Forge(Protocol):
    """The pull requests of one repository. Every method raises ForgeError in clear words.

    What is wanted beside the pull request itself (labels, reviewers, draft, auto-merge) and cannot be had is no error: it
    is said in `notes`."""

    notes: list[str]

    def open_requests(self) -> Sequence[PullRequest]:
        """All that are open, the oldest first."""

    def latest_of(self, branch: str) -> PullRequest | None:
        """The newest, in any state, from *branch* of this very repository."""

    def files_of(self, number: int) -> frozenset[str]:
        """The paths that a pull request touches, the old names of renamed ones too."""

    def create(self, wanted: Wanted) -> PullRequest:
        """Open one. Where one from that branch is open already, that one is updated and returned, a draft or not
        as it is."""

    def update(self, number: int, wanted: Wanted) -> PullRequest:
        """Make title, body and the rest as wanted; what is so already is not written again."""

    def close(self, number: int, why: str) -> None:
        """Close it, with *why* as a comment. No error when it is closed already."""
