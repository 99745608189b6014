"""What an agent is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from stomper.agents.protocol.circuit_breaker import Trouble
from stomper.checkers.base import Checker
from stomper.config.secrets import Secrets
from stomper.config.settings import AgentSettings
from stomper.environment.python import Environment
from stomper.environment.sandbox import Sandbox
from stomper.models import CleanUp, FileJob
from stomper.system.processes import Finished


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
    secrets: Secrets
    prompt_tokens: int = 8000


@dataclass(frozen=True)
class Request:
    """One call: the errors still there, the worktree to edit, and the prompt for those that read."""

    job: FileJob
    tree: Path
    prompt: str


@dataclass(frozen=True)
class Usage:
    """The tokens of a call as its provider counts them. What came from a cache is part of `input_tokens`."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True)
class Answer:
    """How the call went. Whether anything is fixed is never taken from here, only from the worktree.

    *cost_usd* and *usage* are None when the agent does not say them. *model* is what answered, where that is known: it
    prices the tokens of an agent that says no cost."""

    problem: str = ""
    cost_usd: float | None = None
    usage: Usage | None = None
    model: str = ""
    session: str = ""
    """The agent's own name for the call, to look it up in its records."""
    stop: str = ""
    """Why it stopped, in the agent's own word."""
    said: str = ""
    """What it said, for its transcript."""
    trouble: Trouble = ""
    retry_after_s: float | None = None
    made: bool = True
    """Whether the agent was called at all."""
    cleaned_up: tuple[CleanUp, ...] = ()
    """What it repaired beside the errors it was given, since its own fixes had brought it about."""

    @property
    def tokens(self) -> int | None:
        """All tokens, None when unknown."""
        return None if self.usage is None else self.usage.total


def spoken(done: Finished) -> str:
    """What a program printed, for its transcript."""
    parts = ((done.text, ""), (done.stderr.decode(errors="replace"), "\n--- stderr ---\n"))
    return "".join(f"{title}{text}" for text, title in parts if text.strip())


class Agent(Protocol):
    """Edits files in a worktree."""

    name: str
    reads_prompt: bool
    """False for one that does the same whatever it is told: it gets one attempt."""
    runs_code: bool
    """Whether programs or code that are not ours work in the worktree: then what they leave there is believed as a patch
    alone, which is proven elsewhere."""
    contained: bool
    """Whether it cannot write to the user's checkout: known by what it is, or ensured by the sandbox."""

    @property
    def reports_cost(self) -> bool:
        """Whether what its calls cost is known after them: from its answers, or by the price of its model."""
        ...

    @property
    def reports_tokens(self) -> bool:
        """Whether its answers say how many tokens they took."""
        ...

    def takes(self, job: FileJob) -> bool:
        """Whether there is anything in *job* it could repair."""
        ...

    def fix(self, request: Request) -> Answer:
        """Edit the worktree. A failure is an Answer with a problem; only bugs and Cancelled raise."""
        ...
