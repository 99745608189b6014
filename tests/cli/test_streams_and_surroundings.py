"""The command where its reader is gone, its terminal knows ASCII alone, memory is short, or git is sent elsewhere."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from stomper import cli
from tests.support.command_line import STOMPER, UNUSED, stomper
from tests.support.repositories import MakeRepo, git

ELSEWHERE = {
    "GIT_DIR": "/nowhere/.git",
    "GIT_WORK_TREE": "/nowhere",
    "GIT_INDEX_FILE": "/nowhere/index",
    "GIT_COMMON_DIR": "/nowhere",
    "GIT_OBJECT_DIRECTORY": "/nowhere/objects",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES": "/nowhere/more",
    "GIT_NAMESPACE": "nowhere",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_EXTERNAL_DIFF": "false",
    "GIT_TRACE": "1",
}


def into_closed_pipe(root: Path, *words: str) -> tuple[int, str]:
    """The exit code and stderr of the command when nobody reads its stdout."""
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            (STOMPER, *words), cwd=root, stdout=write, stderr=subprocess.PIPE, text=True, check=False, timeout=120
        )
    finally:
        os.close(write)
    return done.returncode, done.stderr


def test_a_reader_that_is_gone(make_repo: MakeRepo) -> None:
    """The exit code is that of the run, and nothing is said."""
    assert into_closed_pipe(make_repo({"a.py": UNUSED}), "check", "--checkers", "ruff") == (1, "")


@pytest.mark.slow
def test_a_reader_that_is_gone_stops_no_landing(make_repo: MakeRepo) -> None:
    """A run lands all the same."""
    root = make_repo({"a.py": UNUSED})
    code, said = into_closed_pipe(root, "fix", "--quiet", "--checkers", "ruff", "--test-validation", "none")
    assert (code, "Traceback" in said, git(root, "rev-list", "--count", "HEAD")) == (0, False, "2")


def test_a_terminal_that_knows_ascii_alone(make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names that it cannot show are spelled, and the verdict is the same."""
    root = make_repo({"größe.py": UNUSED})
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    argv = (STOMPER, "check", "--checkers", "ruff")
    done = subprocess.run(argv, cwd=root, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (1, "")
    assert r"gr\xf6\xdfe.py" in done.stdout


def test_no_memory_left(make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    """One message and exit code 2."""

    def starve(**_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(cli, "app", starve)
    done = stomper_here(make_repo({"a.py": UNUSED}))
    assert done.returncode == 2
    assert done.stderr.startswith("stomper: there is no memory left")
    assert "Traceback" not in done.stderr


def stomper_here(root: Path) -> subprocess.CompletedProcess[str]:
    """`stomper check` in this process."""
    return stomper(root, "check", "--checkers", "ruff")


def test_variables_that_send_git_elsewhere(make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them at once: the repository is the one that it was started in."""
    root = make_repo({"a.py": UNUSED})
    for name, value in ELSEWHERE.items():
        monkeypatch.setenv(name, value)
    done = stomper_here(root)
    assert (done.returncode, done.stderr) == (1, "")
    assert "a.py" in done.stdout
