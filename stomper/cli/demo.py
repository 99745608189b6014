"""The command `demo`."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from stomper.cli.output import console
from stomper.cli.server import server_begun


def demo(
    keep: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Make the sample repository here and keep it.")
    ] = None,
) -> None:
    """Repair a bundled sample repository, to show what a run looks like.

    One of its files has a "safe" fix that breaks a test: it does not land.

    Exit code 0: the demo ran as it should. 2: it did not.
    """
    with server_begun():
        from stomper.cli.launch import run_flow
        from stomper.cli.sample_repository import make_sample, ran_as_it_should
        from stomper.git.plumbing import text
        from stomper.reports.terminal import show_report

        folder = keep or Path(tempfile.mkdtemp(prefix="stomper-demo-"))
        try:
            parameters = make_sample(folder)
            report = run_flow(parameters)
            show_report(report, console())
            sys.stdout.write("\n" + text(("log", "--oneline", "-12"), cwd=Path(parameters.repository)) + "\n")
        finally:
            if keep is None:
                shutil.rmtree(folder, ignore_errors=True)
    raise typer.Exit(0 if ran_as_it_should(report) else 2)
