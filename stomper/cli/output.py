"""Where commands print: reports to people, JSON to programs."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from rich.console import Console

if TYPE_CHECKING:  # what shows help needs no data
    from stomper.models import Report


def show(report: Report, *, json_: bool, quiet: bool, diffs: bool = False, to_stderr: bool = False) -> None:
    """Show the report, *to_stderr* or where stdout is for the *diffs* there."""
    from stomper.reports.result import report_data
    from stomper.reports.terminal import show_report

    if json_:
        print_json(report_data(report))
    elif not quiet or report.failure:
        show_report(report, console(stderr=diffs or to_stderr))
    if diffs and not json_:
        for outcome in report.outcomes:
            if outcome.proven and outcome.patch is not None:
                sys.stdout.buffer.write(outcome.patch.diff)
        sys.stdout.buffer.flush()


def print_json(data: dict[str, Any] | list[dict[str, Any]]) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(json.dumps(data, indent=2) + "\n")


def console(*, stderr: bool = False) -> Console:
    """Where reports go. What is read by no terminal is not to be broken at its width."""
    shown = Console(stderr=stderr)
    return shown if shown.is_terminal else Console(stderr=stderr, width=200)
