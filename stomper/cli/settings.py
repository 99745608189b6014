"""The command about settings: `settings`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stomper.cli.help_layout import OUTPUT
from stomper.cli.options import Config, Json, Set
from stomper.cli.output import console, print_json

if TYPE_CHECKING:  # what shows help needs no settings
    from collections.abc import Sequence

    from stomper.config.in_force import Row

_ALWAYS = ("checkers", "agents", "test_validation", "land")  # what a run is about, also where nobody has set it


def settings(
    all_: Annotated[bool, typer.Option("--all", help="Also the settings that have their defaults.")] = False,
    config: Config = None,
    set_: Set = None,
    schema: Annotated[
        bool,
        typer.Option(
            "--schema", help="Print a JSON Schema of the settings file, for editors, instead.", rich_help_panel=OUTPUT
        ),
    ] = False,
    json_: Json = False,
) -> None:
    """Show the settings in force here, and where each comes from.

    That is a file, a variable, `--set` or the default. Without `--all` it shows those that somebody has set, and the most
    important ones. Starts nothing and changes nothing.

    Exit code 0: shown. 2: a setting is wrong; it is named.
    """
    if schema:
        from stomper.config.schema import settings_schema

        print_json(settings_schema())
        return
    from stomper.agents.inventory import root_of
    from stomper.config.in_force import in_force
    from stomper.config.layers import assignments
    from stomper.config.loading import load_with_origins

    root = root_of(Path.cwd())
    loaded = load_with_origins(root, flags=assignments(set_ or []), config=config)
    rows = in_force(loaded, root)
    if json_:
        origins = {row.key: row.origin for row in rows if not row.is_default}
        print_json({"settings": loaded.settings.model_dump(mode="json"), "origins": origins})
    else:
        _show(rows, everything=all_)


def _show(rows: Sequence[Row], *, everything: bool) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("setting", no_wrap=True)
    table.add_column("value", overflow="fold")
    table.add_column("from", overflow="fold")
    shown = [row for row in rows if everything or not row.is_default or row.key in _ALWAYS]
    for row in shown:
        table.add_row(row.key, _words(row.value), row.origin, style="dim" if row.is_default else "")
    console().print(table, markup=False, highlight=False)
    if more := len(rows) - len(shown):
        said = f"\n{more} more have their defaults: `stomper settings --all` shows them."
        console().print(said, markup=False, highlight=False, soft_wrap=True)


def _words(value: Any) -> str:
    """A value as `--set` takes it; empty where there is none."""
    if value is None or isinstance(value, str):
        return value or ""
    return f"{value:g}" if isinstance(value, float) else json.dumps(value, ensure_ascii=False)
