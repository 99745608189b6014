"""The command about agents: `agents`."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from stomper.cli.options import Config, Json, Set
from stomper.cli.output import console, print_json


def agents(config: Config = None, set_: Set = None, json_: Json = False) -> None:
    """List the agents, and what each lacks to be used.

    It says which are used here, their versions, and where they are. No model is called. Exit code 0, whatever is found.
    """
    from rich.table import Table

    from stomper.agents.inventory import root_of, survey
    from stomper.config.layers import assignments
    from stomper.config.loading import load

    root = root_of(Path.cwd())
    entries = survey(load(root, flags=assignments(set_ or []), config=config), root)
    if json_:
        print_json([dataclasses.asdict(entry) for entry in entries])
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("agent", "used", "version", "ready"):
        table.add_column(column, no_wrap=True)
    table.add_column("where, or what is missing", overflow="fold")
    for entry in entries:
        name = entry.name if entry.name == entry.kind else f"{entry.name} ({entry.kind})"
        used, ready = "yes" if entry.enabled else "", "no" if entry.missing else "yes"
        table.add_row(name, used, entry.version, ready, entry.missing or entry.path)
    console().print(table, markup=False, highlight=False)
