"""Which agents there are, which of them can be used here, and what the others lack."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from stomper.agents.installed import find, version
from stomper.agents.programs import PROGRAMS
from stomper.settings import AGENT_KINDS, AgentSettings, Settings


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


def survey(settings: Settings) -> list[Entry]:
    """The agents of *settings* in their order, then every other kind. Versions are asked for all at once."""
    tables = dict(settings.agents)
    kinds = {table.kind or name for name, table in tables.items()}
    others = {kind: AgentSettings(enabled=False) for kind in AGENT_KINDS if kind not in kinds}
    with ThreadPoolExecutor(max_workers=len(PROGRAMS)) as pool:
        return list(pool.map(lambda item: _entry(*item), [*tables.items(), *others.items()]))


def _entry(name: str, table: AgentSettings) -> Entry:
    kind = table.kind or name
    entry = Entry(name, kind, table.enabled)
    if kind in PROGRAMS:
        found = find(name, PROGRAMS[kind], table)
        said = version(found.argv) if found.argv else ""
        return replace(entry, path=found.where, version=said, missing=found.missing)
    path = shutil.which(table.command[0]) if table.command else None
    return replace(entry, path=path or "", missing=" ".join(_lacks(name, kind, table)))


def _lacks(name: str, kind: str, table: AgentSettings) -> Iterator[str]:
    """What an agent that is no program of the table lacks."""
    if kind == "command" and not table.command:
        yield f"[agents.{name}] needs `command`, the program and its arguments"
    elif kind == "command" and not shutil.which(table.command[0]):
        yield f"{table.command[0]} is not on PATH"
    if kind == "scripted" and not table.script:
        yield f"[agents.{name}] needs `script`, the JSON file that says what it does"
    if kind == "api" and not table.model:
        yield f"[agents.{name}] needs `model`, with its provider before it."
    if kind == "api" and importlib.util.find_spec("pydantic_ai") is None:
        yield "Install what it needs with `pip install 'stomper-prefect[api]'`"


def root_of(folder: Path) -> Path:
    """The root of the repository around *folder*; the folder itself where there is none."""
    return next((place for place in (folder, *folder.parents) if (place / ".git").exists()), folder)
