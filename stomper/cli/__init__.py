"""The command line: parse → parameters → call → render → exit. A module for each group of commands."""

from __future__ import annotations

import errno
import sys
import traceback
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from stomper.cli import inspect, learn, streams
from stomper.cli.commands import SECTIONS
from stomper.cli.help_layout import Command, Group, example
from stomper.errors import NO_MEMORY, StomperError
from stomper.git import redirections
from stomper.system import proxies

app = typer.Typer(
    name="stomper",
    help="Repair a git repository's lint, type and test errors in parallel, and land only what is proven.",
    epilog="Begin with `stomper demo`, or with `stomper check` in your repository. `stomper COMMAND -h` says more of each.",
    cls=Group,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},  # for the sub-commands, too
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)


def _show_version(asked: bool) -> None:
    if asked:
        inspect.version()
        raise typer.Exit


@app.callback()
def _everywhere(
    version: Annotated[
        bool, typer.Option("--version", "-V", help="Print Stomper's version.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    pass


for _section, _commands in SECTIONS.items():
    for _command, _example in _commands:
        app.command(cls=Command, rich_help_panel=_section, epilog=example(_example))(_command)
app.add_typer(learn.learn, name="learn", rich_help_panel="Learn")


def main() -> None:
    """The command `stomper`. What the user can act on is one message, a bug is a traceback, both with exit code 2."""
    streams.prepare()
    try:
        redirections.put_aside()
        proxies.spare_loopback()
        app(prog_name="stomper")  # by that name also where it was started as `python -m stomper`
    except StomperError as error:
        _complain(f"stomper: {error}")
        sys.exit(2)
    except MemoryError:
        _out_of_memory()
    except OSError as error:
        if error.errno == errno.ENOMEM:
            _out_of_memory()
        if error.errno == errno.ENOENT and error.filename is None:  # os.getcwd
            _complain("stomper: the folder that it was started in is gone: go to one that is there")
            sys.exit(2)
        if error.errno not in (errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EACCES, errno.EFBIG):
            traceback.print_exc()
            sys.exit(2)
        said = (
            f"stomper: {error.strerror}: {error.filename or 'a file of its own'}; make room there, or set STOMPER_HOME"
        )
        _complain(said)
        sys.exit(2)
    except Exception:  # a bug. Python's own exit code for it would say that errors are left
        traceback.print_exc()
        sys.exit(2)


def _out_of_memory() -> NoReturn:
    sys.stderr.write(f"stomper: {NO_MEMORY}\n")  # by nothing that needs much
    sys.exit(2)


def _complain(message: str) -> None:
    """Print to stderr, without breaks of its own: a path or a command in it is there to be copied or searched for."""
    Console(stderr=True).print(message, markup=False, highlight=False, style="red", soft_wrap=True)
