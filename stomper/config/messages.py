"""What is said of a wrong setting: where it stands, what is accepted, and what was probably meant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from stomper.config.nearest import did_you_mean
from stomper.config.pull_requests import PullRequestSettings
from stomper.config.settings import AgentSettings, CheckerSettings, Settings
from stomper.config.worktree import WorktreeSettings

_QUOTED = re.compile(r"'([^']*)'")
_TABLES: dict[str, type[BaseModel]] = {
    "checkers": CheckerSettings,
    "pr": PullRequestSettings,
    "worktree": WorktreeSettings,
}
_FEW = 20  # more are no help in one line


def explain(error: Any, origins: Mapping[tuple[str, ...], str]) -> str:
    """Return one validation error as a sentence with the source, the key, the value and what is accepted."""
    keys = [str(part) for part in error["loc"]]
    prefixes = (tuple(keys[:length]) for length in range(len(keys), 0, -1))
    origin = next((origins[p] for p in prefixes if p in origins), "the defaults")
    where = f"{origin}: {'.'.join(keys)}"
    said = error["msg"].removeprefix("Value error, ")
    match error["type"]:
        case "extra_forbidden":
            return f"{where}: {_unknown(keys)}"
        case "value_error":
            return f"{where}: {said}"
        case "literal_error":
            meant = did_you_mean(error["input"], _QUOTED.findall(error["ctx"]["expected"]))
            return f"{where} = {error['input']!r}: {said}{meant}"
        case _:
            return f"{where} = {error['input']!r}: {said}"


def _unknown(keys: list[str]) -> str:
    """What is said of a key that is not known in its table."""
    known = sorted(_table_of(keys).model_fields)
    meant = did_you_mean(keys[-1], known)
    if len(known) > _FEW:
        return f"unknown key{meant or ';'} `stomper settings` lists those that there are"
    return f"unknown key{meant}{' Known' if meant else '; known'} ones are {', '.join(known)}"


def _table_of(keys: list[str]) -> type[BaseModel]:
    if len(keys) == 1:
        return Settings
    return _TABLES.get(keys[0], AgentSettings)
