"""The command line: parse → parameters → call → render → exit."""

from __future__ import annotations

import errno
import json
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from stomper import __version__, bundle, settings
from stomper.errors import StomperError
from stomper.git import open_target, text
from stomper.models import Report
from stomper.parameters import FixParameters

app = typer.Typer(
    name="stomper",
    help="Repair a git repository's lint, type and test errors in parallel, and land only what is proven.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)

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
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show Prefect's own log too.")]

_LISTS = ("select", "ignore", "checkers", "agents")
_OWN_FIELDS = ("paths", "changed", "staged", "since")  # of the parameters; all other flags are settings
_NO_SETTINGS = (*_OWN_FIELDS, "config", "set_", "dry_run", "json_", "quiet", "verbose")


def _parameters(given: Mapping[str, Any]) -> FixParameters:
    """The flags of a command, by their names, as the parameters of a run: `--set` lies below the flags with a name."""
    named: dict[str, Any] = {}
    for key, value in given.items():
        if key not in _NO_SETTINGS and value is not None and value is not False and value not in ("", []):
            named[key] = [v.strip() for v in value.split(",") if v.strip()] if key in _LISTS else value
    if given.get("dry_run"):
        named["land"] = "patch"
    layer = settings.combine(settings.assignments(given["set_"] or []), named)
    own = {key: given[key] for key in _OWN_FIELDS if given[key]}
    config = str(given["config"].resolve()) if given["config"] else ""
    return FixParameters(repository=str(Path.cwd()), config=config, settings=layer, **own)


@app.command()
def fix(
    paths: Paths = None,
    changed: Changed = False,
    staged: Staged = False,
    since: Since = "",
    select: Select = "",
    ignore: Ignore = "",
    include: Include = None,
    exclude: Exclude = None,
    max_files: MaxFiles = None,
    max_errors: MaxErrors = None,
    checkers: Checkers = "",
    agents: Annotated[str, typer.Option("--agents", "--agent", help="The cascade, comma-separated, in order.")] = "",
    test_validation: Annotated[str, typer.Option(help="`full`, `final` or `none`: when the tests are run.")] = "",
    test_command: Annotated[str, typer.Option(help="How the tests are run, without a shell.")] = "",
    land: Annotated[str, typer.Option(help="`commit`, `branch` or `patch`: where proven fixes go.")] = "",
    max_parallel_files: Annotated[int | None, typer.Option(help="How many files are repaired at once.")] = None,
    allow_missing_checker: AllowMissing = False,
    config: Config = None,
    set_: Set = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Prove everything, print the diffs on stdout, land nothing.")
    ] = False,
    json_: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Repair what the checkers find, prove each fix, and land the proven ones as commits.

    Exit code 0: nothing is left of what was aimed at. 1: an error is left, a file failed or was skipped, or a limit
    left some out. 2: the run could not do its job.
    """
    parameters = _parameters(locals())
    bundle.activate()
    from deployments.launch import run_flow

    _end(run_flow(parameters, quiet=quiet, verbose=verbose), json_=json_, quiet=quiet, diffs=dry_run)


@app.command()
def check(
    paths: Paths = None,
    changed: Changed = False,
    staged: Staged = False,
    since: Since = "",
    select: Select = "",
    ignore: Ignore = "",
    include: Include = None,
    exclude: Exclude = None,
    max_files: MaxFiles = None,
    max_errors: MaxErrors = None,
    checkers: Checkers = "",
    allow_missing_checker: AllowMissing = False,
    config: Config = None,
    set_: Set = None,
    json_: Json = False,
    quiet: Quiet = False,
) -> None:
    """Collect the errors and show what `fix` would aim at, by file and by code. Starts no server, changes nothing.

    Exit code 0: nothing to fix. 1: there is, or a limit left some out. 2: a checker could not say.
    """
    parameters = _parameters({**locals(), "land": "patch"})
    from stomper.run import open_session

    session = open_session(parameters, only_check=True)
    try:
        collected = session.collect()
        jobs, left_out = session.select()
    finally:
        session.close()
    if json_:
        print_json({
            "checkers": [r.model_dump() for r in collected.runs],
            "jobs": [j.model_dump() for j in jobs],
            "left_out": left_out.model_dump(),
        })  # fmt: skip
    elif not quiet:
        from stomper.reports.terminal import show_check

        show_check(collected, jobs, left_out, _console())
    raise typer.Exit(1 if jobs or left_out.by_limit else 0)


@app.command()
def resume(
    run: Annotated[str, typer.Argument(help="The run, as `stomper runs` names it. Default: the last one.")] = "",
    json_: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Repeat a run that was stopped or killed, with its own flags. What it had proven is not paid for again.

    Exit codes as of `fix`.
    """
    from stomper.history import to_resume

    bundle.activate()
    from deployments.launch import run_flow
    from stomper.store import Store, home

    parameters = to_resume(Store(home()), open_target(Path.cwd()), run)
    _end(run_flow(parameters, quiet=quiet, verbose=verbose), json_=json_, quiet=quiet)


@app.command()
def undo(
    run: Annotated[str, typer.Argument(help="The run, as `stomper runs` and the commits' trailers name it.")],
    file: Annotated[list[str] | None, typer.Option(help="Only commits that touch this file; repeatable.")] = None,
    code: Annotated[list[str] | None, typer.Option(help="Only commits that fixed this code or prefix.")] = None,
    agent: Annotated[list[str] | None, typer.Option(help="Only commits of this agent.")] = None,
) -> None:
    """Take back what a run landed: a revert for each of its commits on the current branch, all of them or none.

    Exit code 0: taken back. 2: refused, because later commits build on it or files have uncommitted changes.
    """
    from stomper.undo import Wanted, undo

    wanted = Wanted(run, tuple(file or ()), tuple(code or ()), tuple(agent or ()))
    for entry in undo(Path.cwd(), wanted):
        sys.stdout.write(f"{entry.commit[:8]}  {entry.subject}\n")


@app.command()
def runs() -> None:
    """List the last runs over this repository: their ids, when they began and what they came to."""
    from stomper.history import past
    from stomper.store import Store, home

    for run_id, began, words in past(Store(home()), open_target(Path.cwd())):
        sys.stdout.write(f"{run_id}  {began}  {words}\n")


@app.command()
def graph() -> None:
    """Print the workflow as a Mermaid diagram."""
    from importlib.resources import files

    sys.stdout.write((files("stomper") / "reports" / "workflow.mmd").read_text(encoding="utf-8"))


@app.command()
def demo(
    keep: Annotated[Path | None, typer.Option(help="Make the sample repository here and keep it.")] = None,
) -> None:
    """Repair a bundled sample repository, so that one sees what a run looks like.

    One of its files has a "safe" fix that breaks a test: it does not land. Exit code 0 when the demo ran as it should.
    """
    from stomper.demo import make_sample, ran_as_it_should

    bundle.activate()
    from deployments.launch import run_flow
    from stomper.reports.terminal import show_report

    folder = keep or Path(tempfile.mkdtemp(prefix="stomper-demo-"))
    try:
        parameters = make_sample(folder)
        report = run_flow(parameters)
        show_report(report, _console())
        sys.stdout.write("\n" + text(("log", "--oneline", "-12"), cwd=Path(parameters.repository)) + "\n")
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    raise typer.Exit(0 if ran_as_it_should(report) else 2)


@app.command()
def version() -> None:
    """Print Stomper's version."""
    sys.stdout.write(f"stomper {__version__}\n")


def _end(report: Report, *, json_: bool, quiet: bool, diffs: bool = False) -> None:
    """Show the report, on stderr where stdout is for the *diffs*, and leave with its exit code."""
    from stomper.reports.terminal import show_report

    if json_:
        print_json(report.model_dump(mode="json", exclude={"outcomes": {"__all__": {"patch"}}}))
    elif not quiet or report.failure:
        show_report(report, _console(stderr=diffs))
    if diffs and not json_:
        for outcome in report.outcomes:
            if outcome.proven and outcome.patch is not None:
                sys.stdout.buffer.write(outcome.patch.diff)
        sys.stdout.buffer.flush()
    raise typer.Exit(report.exit_code)


def print_json(data: dict[str, Any]) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(json.dumps(data, indent=2) + "\n")


def _console(*, stderr: bool = False) -> Console:
    """Where reports go. What is read by no terminal is not to be broken at its width."""
    console = Console(stderr=stderr)
    return console if console.is_terminal else Console(stderr=stderr, width=200)


def main() -> None:
    """The command `stomper`. What the user can act on is one message and exit code 2."""
    try:
        app(standalone_mode=True)
    except StomperError as error:
        Console(stderr=True).print(f"stomper: {error}", markup=False, highlight=False, style="red")
        sys.exit(2)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EACCES, errno.EFBIG):
            raise
        said = (
            f"stomper: {error.strerror}: {error.filename or 'a file of its own'}; make room there, or set STOMPER_HOME"
        )
        Console(stderr=True).print(said, markup=False, highlight=False, style="red")
        sys.exit(2)
