"""The settings in force, key by key, each with where it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stomper.config import loading
from stomper.config.loading import Loaded, Origins
from stomper.config.settings import AgentSettings, CheckerSettings

DEFAULT = "default"


@dataclass(frozen=True)
class Row:
    """One setting."""

    key: str
    """With dots into tables, as `--set` takes it."""
    value: Any
    origin: str
    """A file, a variable, `--set` or `default`."""

    @property
    def is_default(self) -> bool:
        """Whether nobody has set it."""
        return self.origin == DEFAULT


def in_force(loaded: Loaded, root: Path) -> list[Row]:
    """Return every setting of the run and of `[pr]`; of the tables of checkers and agents what somebody has set."""
    return list(_rows(loaded, root))


def _rows(loaded: Loaded, root: Path) -> Iterator[Row]:
    for name, value in loaded.settings:
        if name in ("pr", "worktree"):
            yield from (_row((name, key), below, loaded.origins, root) for key, below in value)
        elif isinstance(value, dict):
            yield _row((name,), _names(value), loaded.origins, root)
            yield from _given(name, value, loaded.origins, root)
        else:
            yield _row((name,), value, loaded.origins, root)


def _names(tables: Mapping[str, CheckerSettings | AgentSettings]) -> str:
    """The names that take part, in their order. Whether mypy does is up to the repository where nobody says it."""
    on = {name: table.enabled for name, table in tables.items() if table.enabled is not False}
    return ", ".join(
        f"{name} (if configured)" if name == "mypy" and sure is None else name for name, sure in on.items()
    )


def _given(key: str, tables: Mapping[str, Any], origins: Origins, root: Path) -> Iterator[Row]:
    for name, table in tables.items():
        given = [keys for keys in origins if keys[:2] == (key, name) and len(keys) == 3 and keys[2] != "enabled"]
        yield from (_row(keys, getattr(table, keys[2]), origins, root) for keys in given)


def _row(keys: tuple[str, ...], value: Any, origins: Origins, root: Path) -> Row:
    match origins.get(keys, DEFAULT):
        case loading.ENVIRONMENT:
            origin = _variable(keys, origins)
        case loading.COMMAND_LINE:
            origin = "--set"
        case place:
            origin = place.removeprefix(f"{root}/")
    return Row(".".join(keys), value, origin)


def _variable(keys: tuple[str, ...], origins: Origins) -> str:
    """The variable that sets a key; with a star where it sets one below it, and so gives a name to who takes part."""
    below = any(k[: len(keys)] == keys and k != keys for k, origin in origins.items() if origin == loading.ENVIRONMENT)
    return f"STOMPER_{'__'.join(keys).upper()}{'__*' if below else ''}"
