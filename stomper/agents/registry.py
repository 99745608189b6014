"""How a run's agents are made from its settings: the kind `NAME` is what `AGENT` is in `NAME` beside this, or a program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path

from stomper.agents.cli.agent import ProgramAgent
from stomper.agents.cli.spec import Program
from stomper.agents.protocol.agent import Agent, AgentContext
from stomper.checkers.base import Checker
from stomper.config import kinds
from stomper.config.secrets import Secrets
from stomper.config.settings import Settings
from stomper.environment.python import Environment
from stomper.environment.sandbox import Sandbox
from stomper.errors import AgentError


def _row(kind: str) -> Program:
    row: Program = import_module(f"stomper.agents.programs.{kind.replace('-', '_')}").PROGRAM
    return row


PROGRAMS = {kind: _row(kind) for kind in kinds.PROGRAMS}
"""The coding agents that are programs, by kind: `PROGRAM` of the module of that name in `programs/`."""


def agent_type(kind: str) -> Callable[[AgentContext], Agent]:
    """Return what makes an agent of this kind."""
    if kind in PROGRAMS:
        return partial(ProgramAgent, PROGRAMS[kind])
    made: Callable[[AgentContext], Agent] = import_module(f"stomper.agents.{kind.replace('-', '_')}").AGENT
    return made


def make_agents(
    settings: Settings, environment: Environment, checkers: Sequence[Checker], scratch: Path, sandbox: Sandbox
) -> list[Agent]:
    """The enabled agents, in the order of the cascade. Raises AgentError for one that cannot work as configured."""
    made, secrets = [], Secrets.of(settings, environment.known())
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
            made.append(agent_type(table.kind or name)(context))
    if not made:
        raise AgentError("every agent is switched off: enable one, for example --set agents=ruff")
    return made
