"""The ways to start Stomper and to ask it for help."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from stomper import __version__
from tests.support.repositories import write


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
        {name: "raise SystemExit('taken from the repository')\n" for name in ("typer.py", "rich.py", "json.py")},
    )
    assert as_module(tmp_path, "version").stdout == f"stomper {__version__}\n"
