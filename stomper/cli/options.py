"""The options that several commands share, and how they become the parameters of a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from stomper import settings
from stomper.parameters import FixParameters

Paths = Annotated[list[str] | None, typer.Argument(help="Files or folders to look at. Default: the whole repository.")]
Changed = Annotated[
    bool, typer.Option("--changed", help="Only files with uncommitted changes, as they are now; fixes become patches.")
]
Staged = Annotated[
    bool, typer.Option("--staged", help="Only files with staged changes, as they are staged; fixes become patches.")
]
Since = Annotated[str, typer.Option(help="Only files that differ from the merge base with this commit or branch.")]
Select = Annotated[str, typer.Option(help="Aim only at these codes or prefixes, comma-separated.")]
Ignore = Annotated[str, typer.Option(help="Do not aim at these codes or prefixes, comma-separated.")]
Include = Annotated[
    list[str] | None, typer.Option(help="Only files that match this gitignore-style pattern; repeatable.")
]
Exclude = Annotated[list[str] | None, typer.Option(help="No file that matches this pattern; repeatable.")]
MaxFiles = Annotated[int | None, typer.Option(help="Repair at most so many files; the rest is counted as left out.")]
MaxErrors = Annotated[int | None, typer.Option(help="Take files until so many errors are reached.")]
Checkers = Annotated[
    str, typer.Option(help="The checkers to run, comma-separated: ruff, mypy, pytest, or a table's name.")
]
AllowMissing = Annotated[bool, typer.Option("--allow-missing-checker", help="Go on without a checker that cannot run.")]
Config = Annotated[Path | None, typer.Option(help="Read the settings from this file instead of the target's.")]
Set = Annotated[list[str] | None, typer.Option("--set", help="Override any setting: key=value; repeatable.")]
Json = Annotated[bool, typer.Option("--json", help="Print the report as JSON on stdout and nothing else there.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
Reports = Annotated[
    list[str] | None,
    typer.Option(
        "--report",
        metavar="FORMAT=PATH",
        help="Also write a report to a file, `-` for stdout: json, sarif, junit, markdown or codequality; repeatable.",
    ),
]
NoCi = Annotated[bool, typer.Option("--no-ci", help="On GitHub Actions, write no annotations and no step summary.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show Prefect's own log too.")]

_LISTS = ("select", "ignore", "checkers", "agents")
_OWN_FIELDS = ("paths", "changed", "staged", "since")  # of the parameters; all other flags are settings
_NO_SETTINGS = (*_OWN_FIELDS, "file", "config", "set_", "dry_run", "json_", "quiet", "verbose", "report", "no_ci")


def parameters_of(given: Mapping[str, Any]) -> FixParameters:
    """The flags of a command, by their names, as the parameters of a run: `--set` lies below the flags with a name."""
    named: dict[str, Any] = {}
    for key, value in given.items():
        if key not in _NO_SETTINGS and value is not None and value is not False and value not in ("", []):
            named[key] = [v.strip() for v in value.split(",") if v.strip()] if key in _LISTS else value
    if given.get("dry_run"):
        named["land"] = "patch"
    layer = settings.combine(settings.assignments(given["set_"] or []), named)
    own = {key: given[key] for key in _OWN_FIELDS if given.get(key)}
    config = str(given["config"].resolve()) if given["config"] else ""
    return FixParameters(repository=str(Path.cwd()), config=config, settings=layer, **own)
