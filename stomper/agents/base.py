"""What an agent is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from stomper.breaker import Trouble
from stomper.checkers.base import Checker
from stomper.environment import Environment
from stomper.models import FileJob
from stomper.sandbox import Sandbox
from stomper.settings import AgentSettings


@dataclass(frozen=True)
class AgentContext:
    """What every agent is made from. *scratch* is a folder of the run's own, outside every worktree."""

    name: str
    settings: AgentSettings
    environment: Environment
    checkers: tuple[Checker, ...]
    timeout_s: float
    scratch: Path
    sandbox: Sandbox


@dataclass(frozen=True)
class Request:
    """One call: the errors still there, the worktree to edit, and the prompt for those that read."""

    job: FileJob
    tree: Path
    prompt: str


@dataclass(frozen=True)
class Answer:
    """How the call went. Whether anything is fixed is never taken from here, only from the worktree."""

    problem: str = ""
    cost_usd: float | None = None
    tokens: int | None = None
    trouble: Trouble = ""
    retry_after_s: float | None = None
    made: bool = True
    """Whether the agent was called at all."""


class Agent(Protocol):
    """Edits files in a worktree."""

    name: str
    reads_prompt: bool
    """False for one that does the same whatever it is told: it gets one attempt."""
    reports_cost: bool
    """Whether its answers say what they cost."""
    contained: bool
    """Whether it cannot write to the user's checkout: known by what it is, or ensured by the sandbox."""

    def takes(self, job: FileJob) -> bool:
        """Whether there is anything in *job* it could repair."""
        ...

    def fix(self, request: Request) -> Answer:
        """Edit the worktree. A failure is an Answer with a problem; only bugs and Cancelled raise."""
        ...
