"""The command line: parse → settings → call → render → exit."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.live import Live

from stomper import __version__, bundle, proc, progress, settings, store
from stomper.errors import StomperError
from stomper.git import check_landing, git, open_target
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
Changed = Annotated[bool, typer.Option("--changed", help="Only files with uncommitted changes.")]
Staged = Annotated[bool, typer.Option("--staged", help="Only files with staged changes.")]
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


def _layer(**flags: Any) -> dict[str, Any]:
    """The flags that were given, as a layer of settings: `--set` below the flags with a name of their own."""
    pairs = flags.pop("set_", None) or []
    named: dict[str, Any] = {}
    for key, value in flags.items():
        if value is None or value is False or value in ("", []):
            continue
        listed = key in ("select", "ignore", "checkers", "agents")
        named[key] = [v.strip() for v in value.split(",") if v.strip()] if listed else value
    return settings.combine(settings.assignments(pairs), named)


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
        bool, typer.Option("--dry-run", help="Prove everything, print the diffs, land nothing.")
    ] = False,
    json_: Json = False,
    quiet: Quiet = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show Prefect's own log too.")] = False,
) -> None:
    """Repair what the checkers find, prove each fix, and land the proven ones as commits.

    Exit code 0: nothing is left to fix, or all of it landed. 1: something is left. 2: the run could not do its job.
    """
    flags = _layer(
        select=select, ignore=ignore, include=include, exclude=exclude, max_files=max_files, max_errors=max_errors,
        checkers=checkers, agents=agents, test_validation=test_validation, test_command=test_command,
        land="patch" if dry_run else land, max_parallel_files=max_parallel_files,
        allow_missing_checker=allow_missing_checker, set_=set_,
    )  # fmt: skip
    parameters = _parameters(paths, changed, staged, since, config, flags)
    report = _run(parameters, json_=json_, quiet=quiet, verbose=verbose)
    if dry_run and not json_:
        for outcome in report.outcomes:
            if outcome.proven and outcome.patch is not None:
                sys.stdout.buffer.write(outcome.patch.diff)
        sys.stdout.buffer.flush()
    raise typer.Exit(report.exit_code)


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

    Exit code 0: nothing to fix. 1: there is. 2: a checker could not say.
    """
    from stomper.run import open_session

    flags = _layer(
        select=select, ignore=ignore, include=include, exclude=exclude, max_files=max_files, max_errors=max_errors,
        checkers=checkers, allow_missing_checker=allow_missing_checker, set_=[*(set_ or []), "land=patch"],
    )  # fmt: skip
    session = open_session(_parameters(paths, changed, staged, since, config, flags))
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

        show_check(collected, jobs, left_out, Console())
    raise typer.Exit(1 if jobs or left_out.by_limit else 0)


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
    from importlib.resources import as_file, files

    folder = keep or Path(tempfile.mkdtemp(prefix="stomper-demo-"))
    root = folder / "orders-shop"
    if root.exists():
        raise StomperError(f"{root} is there already: give --keep another folder")
    try:
        with as_file(files("stomper") / "sample") as sample:
            shutil.copytree(sample / "repository", root)
            replacements = json.loads((sample / "repairs.json").read_text(encoding="utf-8"))["replacements"]
        rules = [{"path": r["path"], "action": "replace", "old": r["old"], "new": r["new"]} for r in replacements]
        script = folder / "repairs.json"
        script.write_text(json.dumps({"latency_s": 0.5, "rules": rules}), encoding="utf-8")
        git(("init", "--quiet", "-b", "main"), cwd=root)
        git(("config", "user.name", "Demo"), cwd=root)
        git(("config", "user.email", "demo@example.invalid"), cwd=root)
        git(("add", "--all"), cwd=root)
        git(("commit", "--quiet", "-m", "feat: a small shop with some errors"), cwd=root)
        flags = {"agents": {"ruff": {}, "scripted": {"script": str(script), "max_attempts": 1}}}
        report = _run(FixParameters(repository=str(root), settings=flags))
        sys.stdout.buffer.write(b"\n" + git(("log", "--oneline", "-12"), cwd=root))
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    ran = not report.failure and report.landed and any("tests:" in o.reason for o in report.outcomes)
    raise typer.Exit(0 if ran else 2)


@app.command()
def version() -> None:
    """Print Stomper's version."""
    sys.stdout.write(f"stomper {__version__}\n")


def _parameters(
    paths: list[str] | None, changed: bool, staged: bool, since: str, config: Path | None, flags: dict[str, Any]
) -> FixParameters:
    return FixParameters(
        repository=str(Path.cwd()), paths=paths or [], changed=changed, staged=staged, since=since,
        config=str(config.resolve()) if config else "", settings=flags,
    )  # fmt: skip


def _run(parameters: FixParameters, *, json_: bool = False, quiet: bool = False, verbose: bool = False) -> Report:
    """Check what can be checked at once, then run the flow with a display, and return its report."""
    from stomper.reports.terminal import Display, plain_lines, show_report
    from stomper.run import scope_of

    target = open_target(Path(parameters.repository))
    config = Path(parameters.config) if parameters.config else None
    chosen = settings.load(target.root, flags=parameters.flags(), config=config)
    # What can be told at once is told before a server is started.
    check_landing(target, chosen.land)
    scope_of(target, parameters)
    console = Console(stderr=json_)
    errors = Console(stderr=True)
    reports: list[Report] = []

    def keep(event: progress.Event) -> None:
        if isinstance(event, progress.RunDone):
            reports.append(event.report)

    with contextlib.ExitStack() as stack:
        stack.enter_context(progress.listening(keep))
        if errors.is_terminal and not quiet:
            display = Display()
            stack.enter_context(progress.listening(display))
            stack.enter_context(
                Live(get_renderable=display.__rich__, console=errors, transient=True, refresh_per_second=8)
            )
        elif not quiet:
            stack.enter_context(
                progress.listening(plain_lines(lambda line: errors.print(line, markup=False, highlight=False)))
            )
        stack.enter_context(_stopping_on_signals())
        bundle.activate()
        from deployments import embedded

        progress.emit(progress.StageBegan("start", detail="Prefect"))
        embedded.prepare(store.home(), verbose=verbose)
        from flows.fix_repository import fix_repository

        state = fix_repository(parameters, return_state=True)
    if not reports:
        raise StomperError(state.message or "the run ended without a report")
    if json_:
        print_json(reports[0].model_dump(mode="json", exclude={"outcomes": {"__all__": {"patch"}}}))
    elif not quiet or reports[0].failure:
        show_report(reports[0], console)
    return reports[0]


def print_json(data: dict[str, Any]) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(json.dumps(data, indent=2) + "\n")


@contextlib.contextmanager
def _stopping_on_signals() -> Iterator[None]:
    """Ctrl-C and SIGTERM kill what the run started and let it end by itself; a second one ends it at once."""
    asked: list[int] = []

    def stop(number: int, _frame: object) -> None:
        if asked:
            os._exit(128 + number)
        asked.append(number)
        proc.stop_all()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def main() -> None:
    """The command `stomper`. What the user can act on is one message and exit code 2."""
    try:
        app(standalone_mode=True)
    except StomperError as error:
        Console(stderr=True).print(f"stomper: {error}", markup=False, highlight=False, style="red")
        sys.exit(2)
