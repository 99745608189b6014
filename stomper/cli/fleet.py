"""The command that repairs many repositories."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from stomper.cli import completion
from stomper.cli.help_layout import LANDING
from stomper.cli.options import Json, Quiet, Set, Verbose
from stomper.cli.output import console, print_json
from stomper.cli.server import server_begun

_ADDRESSES = "Addresses"


def fleet(
    file: Annotated[Path, typer.Argument(help="A file with one address or path a line; `#` begins a comment.")],
    partial: Annotated[
        bool, typer.Option("--partial", help="Fetch files only when they are needed.", rich_help_panel=_ADDRESSES)
    ] = False,
    token_env: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Environment variable that holds the token for https addresses.",
            rich_help_panel=_ADDRESSES,
        ),
    ] = "",
    land: Annotated[
        str,
        typer.Option(
            metavar="WHERE",
            help="Where proven fixes go: `commit`, `branch` (a new one), `patch` (files only), `pr` (pull requests).",
            autocompletion=completion.land,
            rich_help_panel=LANDING,
        ),
    ] = "",
    set_: Set = None,
    json_: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Repair many repositories, one after another.

    One that fails does not stop the others.

    Exit code 0: nothing is left in any. 1: something is left. 2: one of them could not be worked on.
    """
    named: dict[str, Any] = {"land": land, "token_env": token_env, "partial": partial}
    with server_begun(verbose=verbose):
        from stomper.cli.launch import run_fleet
        from stomper.config.layers import assignments
        from stomper.run.fleet import FleetParameters, rows

        shared = {key: value for key, value in named.items() if value}
        if set_:
            shared["settings"] = assignments(set_)
        report = run_fleet(FleetParameters(file=str(file.resolve()), shared=shared), quiet=quiet)
    if json_:
        print_json(report.model_dump(mode="json"))
    elif not quiet:
        for row in rows(report):
            console().print(
                f"{row['repository']}: {row['ended']}, {row['fixed']} fixed, {row['left']} left, {row['commits']} "
                f"commit(s) · {row['why']}",
                markup=False,
                highlight=False,
                soft_wrap=True,
            )
        console().print(report.headline, markup=False, highlight=False)
    raise typer.Exit(report.exit_code)
