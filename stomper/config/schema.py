"""The JSON Schema of the settings file, for editors: of `stomper.toml`, and of `[tool.stomper]` in a pyproject.toml.

It is stricter than the loader where a person would be: it does not take `"3"` for 3.
"""

from __future__ import annotations

from typing import Any

from stomper.config.kinds import AGENTS, CHECKERS
from stomper.config.settings import Settings
from stomper.guards.registry import GUARDS

Schema = dict[str, Any]


def settings_schema() -> Schema:
    """Return the schema, in draft 2020-12."""
    schema = _tidy(Settings.model_json_schema())
    keys = schema["properties"]
    for key, table, kinds in (
        ("checkers", "CheckerSettings", CHECKERS),
        ("agents", "AgentSettings", AGENTS),
    ):
        keys[key] = {"description": keys[key]["description"], **_names_or_tables(table, kinds)}
    keys["guards_off"]["items"]["enum"] = list(GUARDS)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "Settings of Stomper",
        "description": "The file stomper.toml, or the table [tool.stomper] of pyproject.toml.",
    }


def _names_or_tables(table: str, kinds: tuple[str, ...]) -> Schema:
    """A list of names, or a table for each name: one that is called like a kind, or another one that says its kind.

    In a file there are no tables beside a list, so its names are kinds. There is no `anyOf`, of which editors would say no
    more than that none of it fits.
    """
    own = {"$ref": f"#/$defs/{table}"}
    named = {"allOf": [own, {"required": ["kind"], "properties": {"kind": {"enum": list(kinds)}}}]}
    return {
        "type": ["array", "object"],
        "items": {"enum": list(kinds)},
        "properties": dict.fromkeys(kinds, own),
        "additionalProperties": named,
    }


def _tidy(part: Any) -> Any:
    """A part of pydantic's schema without null, which TOML has not, without titles, and with sentences on one line."""
    if isinstance(part, list):
        return [_tidy(one) for one in part]
    if not isinstance(part, dict):
        return part
    tidy = {key: _tidy(value) for key, value in part.items() if not (key == "title" and isinstance(value, str))}
    if isinstance(tidy.get("description"), str):
        tidy["description"] = " ".join(tidy["description"].split())
    if {"type": "null"} in tidy.get("anyOf", []):
        (only,) = (one for one in tidy.pop("anyOf") if one != {"type": "null"})
        tidy |= only
        tidy.pop("default", None)
    return tidy
