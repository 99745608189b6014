"""What the flags of a command ask for. Loads the settings, so that what shows help imports it nowhere."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stomper.config import layers
from stomper.config.parameters import FixParameters

_LISTS = ("select", "ignore", "checkers", "agents")
_OWN_FIELDS = ("paths", "changed", "staged", "on_disk", "since")  # of the parameters; all other flags are settings
_TOLD = ("json_", "quiet", "verbose", "report", "no_ci")  # how and where a command tells its result
_NO_SETTINGS = (*_OWN_FIELDS, "file", "config", "set_", "dry_run", *_TOLD)


def parameters_of(given: Mapping[str, Any]) -> FixParameters:
    """The flags of a command, by their names, as the parameters of a run: `--set` lies below the flags with a name."""
    named: dict[str, Any] = {}
    for key, value in given.items():
        if key not in _NO_SETTINGS and value is not None and value is not False and value not in ("", []):
            named[key] = [v.strip() for v in value.split(",") if v.strip()] if key in _LISTS else value
    if given.get("dry_run"):
        named["land"] = "patch"
    layer = layers.combine(layers.assignments(given["set_"] or []), named)
    own = {key: given[key] for key in _OWN_FIELDS if given.get(key)}
    config = str(given["config"].resolve()) if given["config"] else ""
    return FixParameters(repository=str(Path.cwd()), config=config, settings=layer, **own)


def fix_command(given: Mapping[str, Any]) -> str:
    """The command that repairs what `check` looks at with these flags, by their names; to be typed in the same folder."""
    words = ["stomper", "fix"]
    for key, value in given.items():
        if value and key not in (*_TOLD, "paths"):
            flag = f"--{key.strip('_').replace('_', '-')}"
            values = value if isinstance(value, list) else [value]
            words += [flag] if value is True else [word for one in values for word in (flag, str(one))]
    paths = given.get("paths") or []
    return shlex.join([*words, *(["--"] if any(path.startswith("-") for path in paths) else []), *paths])
