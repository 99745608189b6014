"""The agents by kind, and how a run's cascade is made from its settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from stomper.agents.api.agent import ApiAgent
from stomper.agents.cli.agent import ProgramAgent
from stomper.agents.cli.programs import PROGRAMS
from stomper.agents.cli.spec import Program
from stomper.agents.command import CommandAgent
from stomper.agents.protocol.agent import Agent, AgentContext, Answer, Request, Usage
from stomper.agents.ruff import RuffAgent
from stomper.agents.scripted import ScriptedAgent
from stomper.checkers.registry import Checker
from stomper.config.secrets import Secrets
from stomper.config.settings import Settings
from stomper.environment.python import Environment
from stomper.environment.sandbox import Sandbox
from stomper.errors import AgentError


def _of(row: Program) -> Callable[[AgentContext], Agent]:
    return partial(ProgramAgent, row)


KINDS: dict[str, Callable[[AgentContext], Agent]] = {
    "ruff": RuffAgent,
    "command": CommandAgent,
    "scripted": ScriptedAgent,
    "api": ApiAgent,
    **{kind: _of(row) for kind, row in PROGRAMS.items()},
}

__all__ = ["KINDS", "Agent", "AgentContext", "Answer", "Request", "Usage", "make_agents"]


def make_agents(
    settings: Settings, environment: Environment, checkers: Sequence[Checker], scratch: Path, sandbox: Sandbox
) -> list[Agent]:
    """The enabled agents, in the order of the cascade. Raises AgentError for one that cannot work as configured."""
    made, secrets = [], Secrets.of(settings)
    for name, table in settings.agents.items():
        if table.enabled:
            context = AgentContext(
                name=name,
                settings=table,
                environment=environment,
                checkers=tuple(checkers),
                timeout_s=table.timeout_s or settings.agent_timeout_s,
                scratch=scratch,
                sandbox=sandbox,
                secrets=secrets,
                prompt_tokens=settings.prompt_tokens,
            )
            made.append(KINDS[table.kind or name](context))
    if not made:
        raise AgentError("every agent is switched off: enable one, for example --set agents=ruff")
    return made
