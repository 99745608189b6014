"""The commands about what was learned: `stats`, `learn export` and `learn import`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from stomper.cli.help_layout import Command, Group, example
from stomper.cli.output import console, print_json
from stomper.errors import StomperError

All = Annotated[bool, typer.Option("--all", help="All repositories, not only the one you are in.")]

learn = typer.Typer(
    help="Carry what was learned to another machine.", cls=Group, no_args_is_help=True, rich_markup_mode="markdown"
)


def stats(
    all_: All = False,
    json_: Annotated[bool, typer.Option("--json", help="Print the tables as JSON on stdout.")] = False,
) -> None:
    """Show what agents came to here, by agent, strategy and rule code.

    A fix counts when checkers and tests have proven it and it was not taken back since, by `stomper undo` or
    `git revert`. Its cost is that of all calls, those that fixed nothing included; a cost that no agent said is unknown,
    not zero. The last line names the codes that are the hardest. Exit code 0.
    """
    from stomper.git.repository import open_target
    from stomper.learning.reverts import settle
    from stomper.learning.stats import stats_of
    from stomper.learning.trials import Trials
    from stomper.reports.learned import show_stats
    from stomper.state.paths import home
    from stomper.state.store import Store

    store = Store(home())
    try:
        repository = "" if all_ else _here()
        if repository:
            settle(open_target(Path.cwd()).root, store)
        found = stats_of(Trials(store).newest(repository))
    finally:
        store.close()
    if json_:
        print_json(found.model_dump())
    else:
        show_stats(found, console())


@learn.command("export", cls=Command, epilog=example("stomper learn export learned.jsonl"))
def export_(
    file: Annotated[str, typer.Argument(help="Where to write; `-` is stdout.")],
    all_: All = False,
    with_examples: Annotated[
        bool, typer.Option("--with-examples", help="Also the accepted fixes: these are lines of the source.")
    ] = False,
) -> None:
    """Write what was learned to a file, as JSON lines.

    There is one line for each call of an agent, with its result, cost and time. Neither paths nor prompts are in it, and
    source only if you ask for it. A repository goes by a digest.

    Exit code 0: written. 2: it could not be.
    """
    from stomper.learning.export import exported
    from stomper.state.paths import home
    from stomper.state.store import Store

    store = Store(home())
    try:
        lines = exported(store, "" if all_ else _here(), with_examples=with_examples)
        if file == "-":
            sys.stdout.writelines(lines)
        else:
            Path(file).write_text("".join(lines), encoding="utf-8")
    except BrokenPipeError:
        raise  # who reads has read enough: the same for every command
    except OSError as error:
        raise StomperError(f"{file}: cannot be written: {error.strerror}") from None
    finally:
        store.close()


@learn.command("import", cls=Command, epilog=example("stomper learn import learned.jsonl"))
def import_(file: Annotated[Path, typer.Argument(help="A file that `stomper learn export` wrote.")]) -> None:
    """Take in what another machine learned.

    What is known already is not counted twice.

    Exit code 0: taken in. 2: a line of the file is bad; it is named, and nothing is taken in.
    """
    from stomper.learning.export import import_from
    from stomper.state.paths import home
    from stomper.state.store import Store

    store = Store(home())
    try:
        read, new = import_from(store, file)
    finally:
        store.close()
    sys.stdout.write(f"{read} call(s) read, {new} of them new\n")


def _here() -> str:
    from stomper.git.repository import open_target
    from stomper.learning.trials import repository_of

    return repository_of(open_target(Path.cwd()).root)
