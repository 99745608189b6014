"""Where settings come from: defaults < the target's pyproject.toml or stomper.toml < STOMPER_* < flags."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from stomper.config.layers import ONLY, TABLES, Raw, merge, of_environment
from stomper.config.messages import explain
from stomper.config.settings import Settings
from stomper.errors import SettingsError

Origins = Mapping[tuple[str, ...], str]
ENVIRONMENT = "the environment"
COMMAND_LINE = "the command line"


@dataclass(frozen=True)
class Loaded:
    """The settings, and which layer gave each key that is not a default."""

    settings: Settings
    origins: Origins


def load(
    root: Path, *, flags: Mapping[str, Any], config: Path | None = None, env: Mapping[str, str] | None = None
) -> Settings:
    """The settings for the repository at *root*. Raises SettingsError that names the source, key and accepted values."""
    return load_with_origins(root, flags=flags, config=config, env=env).settings


def load_with_origins(
    root: Path, *, flags: Mapping[str, Any], config: Path | None = None, env: Mapping[str, str] | None = None
) -> Loaded:
    """Return the same, and where each of them comes from."""
    env = os.environ if env is None else env
    layers = [_file_layer(root, config), (ENVIRONMENT, of_environment(env)), (COMMAND_LINE, dict(flags))]
    merged: Raw = {"checkers": {"ruff": {}, "mypy": {}}, "agents": {"ruff": {}}}
    origins: dict[tuple[str, ...], str] = {}
    for origin, layer in layers:
        for key, value in layer.items():
            before = origins.get((key,)) if _changes_no_names(merged.get(key), value) else None
            merged[key] = merge(merged.get(key), value) if key in TABLES else value
            _note_origin(origins, (key,), value, origin)
            origins[(key,)] = before or origin
    for key in ("checkers", "agents"):
        if isinstance(merged[key], dict):
            merged[key] = {name: _wanted((key, name), t, origins) for name, t in merged[key].items() if name != ONLY}
    try:
        return Loaded(Settings.model_validate(merged), origins)
    except ValidationError as error:
        raise SettingsError("\n".join(explain(e, origins) for e in error.errors())) from None


def _wanted(keys: tuple[str, str], table: Any, origins: Origins) -> Any:
    """What somebody gave a table is wanted, unless the table says otherwise."""
    return {"enabled": True, **table} if keys in origins and isinstance(table, dict) else table


def _changes_no_names(below: Any, above: Any) -> bool:
    """Whether tables say more of names that somebody has given already: who takes part is still as *below* says."""
    if not isinstance(above, dict) or not isinstance(below, dict):
        return False
    return all(below.get(name) and isinstance(t, dict) and "enabled" not in t for name, t in above.items())


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
