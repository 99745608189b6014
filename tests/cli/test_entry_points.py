"""The ways to start Stomper and to ask it for help."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from stomper import __version__
from stomper.cli import app
from tests.support.repositories import write

WAYS = [(), ("fix",), ("check",), ("runs",), ("version",), ("learn",), ("learn", "export")]


def as_module(cwd: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`python -m stomper`, run in *cwd*."""
    argv = (sys.executable, "-m", "stomper", *words)
    return subprocess.run(argv, cwd=cwd, capture_output=True, text=True, check=False, timeout=120)


def test_python_runs_it_as_a_module(tmp_path: Path) -> None:
    """`python -m stomper` is the command, and calls itself by its name."""
    done = as_module(tmp_path, "version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"stomper {__version__}\n", "")
    assert "Usage: stomper" in as_module(tmp_path, "--help").stdout


def test_as_a_module_it_imports_nothing_from_the_repository(tmp_path: Path) -> None:
    """A repository's own `typer.py` does not stand in for the one that Stomper needs."""
    write(
        tmp_path,
        dict.fromkeys(("typer.py", "rich.py", "json.py"), "raise SystemExit('taken from the repository')\n"),
    )
    assert as_module(tmp_path, "version").stdout == f"stomper {__version__}\n"


@pytest.mark.parametrize("words", WAYS, ids=" ".join)
def test_h_is_help(words: tuple[str, ...]) -> None:
    """`-h` and `--help` say the same, on every level."""
    short, long = (CliRunner().invoke(app, [*words, flag]) for flag in ("-h", "--help"))
    assert (short.exit_code, short.output) == (0, long.output)
    assert "Usage:" in short.output


@pytest.mark.parametrize("flag", ["-V", "--version"])
def test_version_has_a_short_flag(flag: str) -> None:
    """`-V` prints the version; `-v` is for `--verbose`."""
    assert CliRunner().invoke(app, [flag]).output == f"stomper {__version__}\n"
    assert CliRunner().invoke(app, ["-v"]).exit_code == 2


@pytest.mark.parametrize(
    ("words", "meant"),
    [(["chek"], "'check'"), (["check", "--slect", "F"], "--select"), (["learn", "exprt"], "'export'")],
)
def test_a_misspelled_command_or_flag_names_the_one_that_was_meant(words: list[str], meant: str) -> None:
    """Exit code 2, with the nearest command or flag."""
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 2
    assert meant in done.output
