"""Where commands print: reports to people, JSON to programs."""

from __future__ import annotations

import json
import sys
from typing import Any

import typer
from rich.console import Console

from stomper.models import Report


def end_with(report: Report, *, json_: bool, quiet: bool, diffs: bool = False) -> None:
    """Show the report, on stderr where stdout is for the *diffs*, and leave with its exit code."""
    from stomper.reports.terminal import show_report

    if json_:
        print_json(report.model_dump(mode="json", exclude={"outcomes": {"__all__": {"patch"}}}))
    elif not quiet or report.failure:
        show_report(report, console(stderr=diffs))
    if diffs and not json_:
        for outcome in report.outcomes:
            if outcome.proven and outcome.patch is not None:
                sys.stdout.buffer.write(outcome.patch.diff)
        sys.stdout.buffer.flush()
    raise typer.Exit(report.exit_code)


def print_json(data: dict[str, Any] | list[dict[str, Any]]) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(json.dumps(data, indent=2) + "\n")


def console(*, stderr: bool = False) -> Console:
    """Where reports go. What is read by no terminal is not to be broken at its width."""
    shown = Console(stderr=stderr)
    return shown if shown.is_terminal else Console(stderr=stderr, width=200)
