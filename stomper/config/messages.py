"""What is said of a wrong setting: where it stands, what is accepted, and what was probably meant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from stomper.config.pull_requests import PullRequestSettings
from stomper.config.settings import AgentSettings, CheckerSettings, Settings


def explain(error: Any, origins: Mapping[tuple[str, ...], str]) -> str:
    """One validation error as a sentence with the source, the key, the value and what is accepted."""
    keys = [str(part) for part in error["loc"]]
    prefixes = (tuple(keys[:length]) for length in range(len(keys), 0, -1))
    origin = next((origins[p] for p in prefixes if p in origins), "the defaults")
    where = f"{origin}: {'.'.join(keys)}"
    if error["type"] == "extra_forbidden":
        model: type[BaseModel] = Settings
        if len(keys) > 1:
            tables: dict[str, type[BaseModel]] = {"checkers": CheckerSettings, "pr": PullRequestSettings}
            model = tables.get(keys[0], AgentSettings)
        return f"{where}: unknown key; known ones are {', '.join(sorted(model.model_fields))}"
    said = error["msg"].removeprefix("Value error, ")
    return f"{where}: {said}" if error["type"] == "value_error" else f"{where} = {error['input']!r}: {said}"
