"""The layers that settings are made of: what variables and `--set` say, and how one layer lies over another."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from stomper.config.pull_requests import PullRequestSettings
from stomper.config.settings import AgentSettings, CheckerSettings, Settings
from stomper.config.worktree import WorktreeSettings
from stomper.errors import SettingsError

Raw = dict[str, Any]
TABLES = ("checkers", "agents", "pr", "worktree")  # merged key by key over the layers
ONLY = "*"  # in a layer's tables: the names beside it came as a list, so those of the layers below are off
_NO_SETTINGS = ("STOMPER_HOME", "STOMPER_MACHINE", "STOMPER_COOKIE")


def _leaf_types() -> dict[str, str]:
    """Which keys take a list of words and which a plain text, over all tables."""
    types = {}
    for model in (Settings, CheckerSettings, AgentSettings, PullRequestSettings, WorktreeSettings):
        for name, field in model.model_fields.items():
            shown = str(field.annotation)
            if "tuple" in shown:
                types[name] = "list"
            elif field.annotation is str or "Literal" in shown:
                types[name] = "text"
    return types


_LEAF_TYPES = _leaf_types()


def parse_value(key: str, text: str) -> Any:
    """*text* from a flag or variable as the type *key* wants: TOML if it reads as such, else a string or a list."""
    leaf = key.rsplit(".", 1)[-1]
    kind = _LEAF_TYPES.get(leaf, "list" if leaf in ("checkers", "agents") else "")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    if kind == "list" and isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    # `2024` is a fine name for a branch, and `true` a fine test command.
    return text if kind == "text" and not isinstance(value, str) else value


def assignments(pairs: Sequence[str]) -> Raw:
    """`key=value` and `table.name.key=value` as a layer. Raises SettingsError for one without `=`."""
    layer: Raw = {}
    for pair in pairs:
        key, sep, text = pair.partition("=")
        if not sep or not key:
            raise SettingsError(f"--set {pair!r}: write it as key=value, for example --set max_files=10")
        one: Raw = {}
        _put(one, key.strip().split("."), parse_value(key.strip(), text))
        layer = combine(layer, one)
    return layer


def combine(*layers: Raw) -> Raw:
    """Later layers over earlier ones, the tables of checkers and agents merged."""
    result: Raw = {}
    for layer in layers:
        for key, value in layer.items():
            tables = key in TABLES and key in result
            result[key] = merge(result[key], value) if tables else value
    return result


def _put(layer: Raw, keys: list[str], value: Any) -> None:
    for key in keys[:-1]:
        below = layer.get(key)
        layer[key] = below if isinstance(below, dict) else {}
        layer = layer[key]
    layer[keys[-1]] = value


def merge(below: Any, above: Any) -> Any:
    """Return *above* over *below*: tables merged key by key; a list enables exactly its names, in its order."""
    below, above = _tables(below), _tables(above)
    if not isinstance(above, dict):
        return above
    tables: Raw = below if isinstance(below, dict) else {}
    merged = {k: _over(tables.get(k), v) for k, v in above.items()}
    if above.get(ONLY):
        rest = {k: {**v, "enabled": False} for k, v in tables.items() if k not in merged and isinstance(v, dict)}
        return {**merged, **rest}
    return {**tables, **merged}


def _tables(given: Any) -> Any:
    """A list of names as the tables it stands for."""
    if isinstance(given, list | tuple):
        return {**{str(name): {"enabled": True} for name in given}, ONLY: True}
    return given


def _over(below: Any, above: Any) -> Any:
    if below is None or not isinstance(above, dict):
        return above
    return {**below, **above} if isinstance(below, dict) else below  # no table below: validation says so by name


def of_environment(env: Mapping[str, str]) -> Raw:
    """Return what the variables that begin with `STOMPER_` set."""
    layer: Raw = {}
    for name, text in env.items():
        if name.startswith("STOMPER_") and name not in _NO_SETTINGS:
            keys = name.removeprefix("STOMPER_").lower().split("__")
            _put(layer, keys, parse_value(".".join(keys), text))
    return layer
