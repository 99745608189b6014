"""The commands `fix`, `check` and `resume`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stomper.cli.fix_options import Agents, AllowUnproven, DryRun, Land, MaxParallelFiles, TestCommand, TestValidation
from stomper.cli.options import (
    AllowMissing,
    Changed,
    Checkers,
    Config,
    Exclude,
    Ignore,
    Include,
    Json,
    MaxErrors,
    MaxFiles,
    NoCi,
    OnDisk,
    Paths,
    Quiet,
    Reports,
    Select,
    Set,
    Since,
    Staged,
    Verbose,
)
from stomper.cli.output import console, print_json, show
from stomper.cli.server import server_begun


def fix(
    paths: Paths = None,
    changed: Changed = False,
    staged: Staged = False,
    on_disk: OnDisk = False,
    since: Since = "",
    include: Include = None,
    exclude: Exclude = None,
    max_files: MaxFiles = None,
    select: Select = "",
    ignore: Ignore = "",
    max_errors: MaxErrors = None,
    checkers: Checkers = "",
    allow_missing_checker: AllowMissing = False,
    agents: Agents = "",
    max_parallel_files: MaxParallelFiles = None,
    test_validation: TestValidation = "",
    test_command: TestCommand = "",
    land: Land = "",
    allow_unproven: AllowUnproven = False,
    dry_run: DryRun = False,
    config: Config = None,
    set_: Set = None,
    report: Reports = None,
    no_ci: NoCi = False,
    json_: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Repair errors, prove each fix, and land the proven ones as commits.

    Exit code 0: nothing is left of what was aimed at. 1: an error is left, a file failed or was skipped, or a limit
    left some out. 2: the run could not do its job, or a report could not be written.
    """
    given, taken = locals(), "--json" if json_ else "--dry-run" if dry_run else ""
    with server_begun(verbose=verbose):
        from stomper.cli.launch import run_flow
        from stomper.cli.parameters import parameters_of
        from stomper.cli.report_files import Telling
        from stomper.reports.result import RunResult

        telling = Telling.of("fix", report, stdout_taken_by=taken, no_ci=no_ci)
        with telling.around():
            done = run_flow(parameters_of(given), quiet=quiet)
            show(done, json_=json_, quiet=quiet, diffs=dry_run, to_stderr=telling.uses_stdout)
    telling.tell(RunResult.of_report(done), Path(done.repository))
    raise typer.Exit(done.exit_code)


def check(
    paths: Paths = None,
    changed: Changed = False,
    staged: Staged = False,
    on_disk: OnDisk = False,
    since: Since = "",
    include: Include = None,
    exclude: Exclude = None,
    max_files: MaxFiles = None,
    select: Select = "",
    ignore: Ignore = "",
    max_errors: MaxErrors = None,
    checkers: Checkers = "",
    allow_missing_checker: AllowMissing = False,
    config: Config = None,
    set_: Set = None,
    report: Reports = None,
    no_ci: NoCi = False,
    json_: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show the errors that `fix` would repair. Changes nothing.

    They are listed by file and by code. No server is started.

    Exit code 0: nothing to fix. 1: there is, or a limit left some out. 2: a checker could not say, or a report could not
    be written.
    """
    given = locals()
    from stomper.cli.report_files import Telling

    telling = Telling.of("check", report, stdout_taken_by="--json" if json_ else "", no_ci=no_ci)
    from stomper.cli.parameters import fix_command, parameters_of
    from stomper.reports.result import RunResult
    from stomper.reports.terminal import show_check
    from stomper.run.check import check

    with telling.around():
        checked = check(parameters_of(given))
        if json_:
            print_json(checked.dump())
        elif not quiet:
            shown = console(stderr=telling.uses_stdout)
            show_check(checked, shown, following=fix_command(given))
    telling.tell(RunResult.of_check(checked), Path(checked.repository))
    raise typer.Exit(0 if checked.clean else 1)


def resume(
    run: Annotated[
        str, typer.Argument(help="The run, as `stomper runs` names it. Default: the last one.", show_default=False)
    ] = "",
    report: Reports = None,
    no_ci: NoCi = False,
    json_: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Go on with a run that was stopped or killed.

    It is repeated with its own flags, but for those under Output. What it had proven is not paid for again. Exit codes as
    of `fix`.
    """
    with server_begun(verbose=verbose):
        from stomper.cli.launch import run_flow
        from stomper.cli.report_files import Telling
        from stomper.git.repository import open_target
        from stomper.reports.result import RunResult
        from stomper.run.history import to_resume
        from stomper.state.paths import home
        from stomper.state.store import Store

        telling = Telling.of("fix", report, stdout_taken_by="--json" if json_ else "", no_ci=no_ci)
        with telling.around():
            done = run_flow(to_resume(Store(home()), open_target(Path.cwd()), run), quiet=quiet)
            show(done, json_=json_, quiet=quiet, to_stderr=telling.uses_stdout)
    telling.tell(RunResult.of_report(done), Path(done.repository))
    raise typer.Exit(done.exit_code)
