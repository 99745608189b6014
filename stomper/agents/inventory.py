"""Which agents there are, which of them can be used here, and what the others lack."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from stomper.agents.cli.discovery import find, version
from stomper.agents.protocol.agent import AgentContext
from stomper.agents.registry import PROGRAMS, agent_type
from stomper.config.kinds import AGENTS
from stomper.config.secrets import Secrets
from stomper.config.settings import AgentSettings, Settings
from stomper.environment.python import Environment
from stomper.environment.sandbox import Sandbox
from stomper.errors import AgentError


@dataclass(frozen=True)
class Entry:
    """An agent as it is found. *missing* is empty when it is ready."""

    name: str
    kind: str
    enabled: bool
    """Whether the next run would call it."""
    path: str = ""
    version: str = ""
    missing: str = ""


def survey(settings: Settings, root: Path) -> list[Entry]:
    """The agents of *settings* in their order, then every other kind. Versions are asked for all at once."""
    tables = dict(settings.agents)
    kinds = {table.kind or name for name, table in tables.items()}
    others = {kind: AgentSettings(enabled=False) for kind in AGENTS if kind not in kinds}
    with ThreadPoolExecutor(max_workers=len(PROGRAMS)) as pool:
        return list(pool.map(lambda item: _entry(item[0], item[1], root), [*tables.items(), *others.items()]))


def _entry(name: str, table: AgentSettings, root: Path) -> Entry:
    kind = table.kind or name
    entry = Entry(name, kind, table.enabled)
    if kind in PROGRAMS:
        found = find(name, PROGRAMS[kind], table)
        said = version(found.argv) if found.argv else ""
        return replace(entry, path=found.where, version=said, missing=found.missing)
    path = shutil.which(table.command[0]) if table.command else ""
    if path is None:
        return replace(entry, missing=f"{table.command[0]} is not on PATH: correct [agents.{name}] command")
    return replace(entry, path=path, missing=_refusal(name, kind, table, root))


def _refusal(name: str, kind: str, table: AgentSettings, root: Path) -> str:
    """Why the agent would not let itself be made, in its own words."""
    context = AgentContext(
        name=name,
        settings=table,
        environment=Environment(root, "", ()),
        checkers=(),
        timeout_s=1,
        scratch=root,
        sandbox=Sandbox("", ""),
        secrets=Secrets({}),
    )
    try:
        agent_type(kind)(context)
    except AgentError as error:
        return str(error)
    return ""


def root_of(folder: Path) -> Path:
    """The root of the repository around *folder*; the folder itself where there is none."""
    return next((place for place in (folder, *folder.parents) if (place / ".git").exists()), folder)
