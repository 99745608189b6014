"""What a run says while it works, to whoever listens: the live display, plain lines, a test."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stomper.models import Outcome, Report

if TYPE_CHECKING:
    from stomper.fleet import FleetReport


@dataclass(frozen=True)
class StageBegan:
    """The run entered a stage, or one file did."""

    stage: str
    path: str = ""
    detail: str = ""


@dataclass(frozen=True)
class JobsSelected:
    """How many files are to be repaired; *again*, how many of them once more."""

    files: int
    errors: int
    again: bool = False


@dataclass(frozen=True)
class AgentSaid:
    """A model's answer about a file is arriving: so many characters of it so far, never the text."""

    path: str
    agent: str
    characters: int


@dataclass(frozen=True)
class FileDone:
    """A file came to its end, as far as it goes alone."""

    outcome: Outcome


@dataclass(frozen=True)
class Violated:
    """The user's repository changed while agents ran that no sandbox kept from it."""

    what: str
    agents: tuple[str, ...]


@dataclass(frozen=True)
class BudgetReached:
    """The first file is left because of the run's budget: the limit in words, and what was spent by then."""

    limit: str
    spent_usd: float
    spent_tokens: int
    calls: int


@dataclass(frozen=True)
class Journalled:
    """A step was written down and is about to be taken."""

    step: str
    detail: str


@dataclass(frozen=True)
class RunDone:
    """The run came to its end."""

    report: Report


@dataclass(frozen=True)
class FleetDone:
    """All repositories of a fleet came to their ends."""

    report: FleetReport


Event = StageBegan | JobsSelected | AgentSaid | FileDone | Violated | BudgetReached | Journalled | RunDone | FleetDone
Listener = Callable[[Event], None]
_listeners: list[Listener] = []


def emit(event: Event) -> None:
    """Tell everyone. Called from several threads at once: a listener must be ready for that."""
    for listener in _listeners:
        listener(event)


@contextlib.contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Hear every event of this process inside the block."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)
