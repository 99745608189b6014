"""What a run says while it works, to whoever listens: the live display, plain lines, a test."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from stomper.models import Outcome, Report


@dataclass(frozen=True)
class Event:
    """Something that happened. Rooms above have events of their own."""


@dataclass(frozen=True)
class StageBegan(Event):
    """The run entered a stage, or one file did."""

    stage: str
    path: str = ""
    detail: str = ""


@dataclass(frozen=True)
class JobsSelected(Event):
    """How many files are to be repaired; *again*, how many of them once more."""

    files: int
    errors: int
    again: bool = False


@dataclass(frozen=True)
class AgentSaid(Event):
    """A model's answer about a file is arriving: so many characters of it so far, never the text."""

    path: str
    agent: str
    characters: int


@dataclass(frozen=True)
class FileDone(Event):
    """A file came to its end, as far as it goes alone."""

    outcome: Outcome


@dataclass(frozen=True)
class Violated(Event):
    """The user's repository changed while agents ran that no sandbox kept from it."""

    what: str
    agents: tuple[str, ...]


@dataclass(frozen=True)
class BudgetReached(Event):
    """The first file is left because of the run's budget: the limit in words, and what was spent by then."""

    limit: str
    spent_usd: float
    spent_tokens: int
    calls: int


@dataclass(frozen=True)
class Journalled(Event):
    """A step was written down and is about to be taken."""

    step: str
    detail: str


@dataclass(frozen=True)
class LandingStep(Event):
    """A step of the landing in the checkout is about to be taken, with *path* where it is about one file."""

    step: str
    path: str = ""


@dataclass(frozen=True)
class RunDone(Event):
    """The run came to its end."""

    report: Report


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
