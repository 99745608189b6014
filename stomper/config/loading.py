"""Where settings come from: defaults < the target's pyproject.toml or stomper.toml < STOMPER_* < flags."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from stomper.config.pull_requests import PullRequestSettings
from stomper.config.settings import AgentSettings, CheckerSettings, Settings
from stomper.errors import SettingsError

Raw = dict[str, Any]
_TABLES = ("checkers", "agents", "pr")  # merged key by key over the layers
_ONLY = "*"  # in a layer's tables: the names beside it came as a list, so those of the layers below are off


def _leaf_types() -> dict[str, str]:
    """Which keys take a list of words and which a plain text, over all tables."""
    types = {}
    for model in (Settings, CheckerSettings, AgentSettings, PullRequestSettings):
        for name, field in model.model_fields.items():
            shown = str(field.annotation)
            if "tuple" in shown:
                types[name] = "list"
            elif field.annotation is str or "Literal" in shown:
                types[name] = "text"
    return types


_LEAF_TYPES = _leaf_types()


def load(
    root: Path, *, flags: Mapping[str, Any], config: Path | None = None, env: Mapping[str, str] | None = None
) -> Settings:
    """The settings for the repository at *root*. Raises SettingsError that names the source, key and accepted values."""
    env = os.environ if env is None else env
    layers: list[tuple[str, Raw]] = [_file_layer(root, config), ("the environment", _env_layer(env))]
    layers.append(("the command line", dict(flags)))
    merged: Raw = {"checkers": {"ruff": {}, "mypy": {}}, "agents": {"ruff": {}}}
    origins: dict[tuple[str, ...], str] = {}
    for origin, layer in layers:
        for key, value in layer.items():
            merged[key] = _merge(merged.get(key), value) if key in _TABLES else value
            _note_origin(origins, (key,), value, origin)
    for key in ("checkers", "agents"):
        if isinstance(merged[key], dict):
            merged[key] = {name: _wanted((key, name), t, origins) for name, t in merged[key].items() if name != _ONLY}
    try:
        return Settings.model_validate(merged)
    except ValidationError as error:
        raise SettingsError("\n".join(_explain(e, origins) for e in error.errors())) from None


def _wanted(keys: tuple[str, str], table: Any, origins: Mapping[tuple[str, ...], str]) -> Any:
    """What somebody gave a table is wanted, unless the table says otherwise."""
    return {"enabled": True, **table} if keys in origins and isinstance(table, dict) else table


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
            tables = key in _TABLES and key in result
            result[key] = _merge(result[key], value) if tables else value
    return result


def _put(layer: Raw, keys: list[str], value: Any) -> None:
    for key in keys[:-1]:
        below = layer.get(key)
        layer[key] = below if isinstance(below, dict) else {}
        layer = layer[key]
    layer[keys[-1]] = value


def _merge(below: Any, above: Any) -> Any:
    """Tables are merged key by key; a list enables exactly its names, in its order, whatever lies below."""
    below, above = _tables(below), _tables(above)
    if not isinstance(above, dict):
        return above
    tables: Raw = below if isinstance(below, dict) else {}
    merged = {k: _over(tables.get(k), v) for k, v in above.items()}
    if above.get(_ONLY):
        rest = {k: {**v, "enabled": False} for k, v in tables.items() if k not in merged and isinstance(v, dict)}
        return {**merged, **rest}
    return {**tables, **merged}


def _tables(given: Any) -> Any:
    """A list of names as the tables it stands for."""
    if isinstance(given, list | tuple):
        return {**{str(name): {"enabled": True} for name in given}, _ONLY: True}
    return given


def _over(below: Any, above: Any) -> Any:
    if below is None or not isinstance(above, dict):
        return above
    return {**below, **above} if isinstance(below, dict) else below  # no table below: validation says so by name


def _note_origin(origins: dict[tuple[str, ...], str], keys: tuple[str, ...], value: Any, origin: str) -> None:
    origins[keys] = origin
    if isinstance(value, dict):
        for key, below in value.items():
            _note_origin(origins, (*keys, key), below, origin)


def _file_layer(root: Path, config: Path | None) -> tuple[str, Raw]:
    if config is not None:
        try:
            there = config.is_file()
        except OSError as error:
            raise SettingsError(f"--config {config}: cannot be read: {error.strerror}") from None
        if not there:
            raise SettingsError(f"--config {config}: there is no such file")
        raw = _read_toml(config)
        return str(config), _own_table(config, raw) or {} if config.name == "pyproject.toml" else raw
    own, project = root / "stomper.toml", root / "pyproject.toml"
    inside = _own_table(project, _read_toml(project)) if project.is_file() else None
    if own.is_file():
        if inside is not None:
            raise SettingsError(f"both {own} and [tool.stomper] in {project} exist: keep one of them")
        return str(own), _read_toml(own)
    return f"{project} [tool.stomper]", inside or {}


def _own_table(path: Path, raw: Raw) -> Raw | None:
    """[tool.stomper] of a pyproject.toml; None when it has none."""
    tool = raw.get("tool", {})
    table = tool.get("stomper") if isinstance(tool, dict) else tool
    if table is not None and not isinstance(table, dict):
        raise SettingsError(f"{path}: tool.stomper = {table!r}: this must be a table, [tool.stomper]")
    return table


def _read_toml(path: Path) -> Raw:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not valid TOML: {error}") from None
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from None


_NO_SETTINGS = ("STOMPER_HOME", "STOMPER_MACHINE", "STOMPER_COOKIE")


def _env_layer(env: Mapping[str, str]) -> Raw:
    layer: Raw = {}
    for name, text in env.items():
        if name.startswith("STOMPER_") and name not in _NO_SETTINGS:
            keys = name.removeprefix("STOMPER_").lower().split("__")
            _put(layer, keys, parse_value(".".join(keys), text))
    return layer


def _explain(error: Any, origins: Mapping[tuple[str, ...], str]) -> str:
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
