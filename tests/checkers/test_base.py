"""What holds for checkers of every kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from stomper.errors import CheckerError
from tests.support.checkers import checker, environment, program
from tests.support.repositories import MakeRepo


def test_checkers_say_their_version(make_repo: MakeRepo) -> None:
    """ruff and mypy say a version number and where they were found."""
    root = make_repo({"a.py": ""})
    for name in ("ruff", "mypy"):
        version, origin = checker(root, name).describe()
        assert version[0].isdigit()
        assert origin == "these tests"


@pytest.mark.parametrize("kind", ["sarif", "command"])
@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise SystemExit(1)", "lint"),
        ("raise SystemExit('it broke')", "it broke"),
        ("raise SystemExit(127)", "exit code 127"),
        ("import os; os.kill(os.getpid(), 9)", "exit code -9"),
        ("import time; time.sleep(600)", "took more than 1 s"),
    ],
)
def test_a_program_that_fails_is_no_verdict(make_repo: MakeRepo, kind: str, code: str, said: str) -> None:
    """A program that fails without an error, dies or hangs is a CheckerError with what it said, never clean."""
    root = make_repo({"a.py": ""})
    pattern = {"pattern": "(?P<path>never):(?P<message>x)"} if kind == "command" else {}
    limit_s = 1 if "sleep" in code else 60
    with pytest.raises(CheckerError, match=said):
        checker(root, "lint", kind=kind, timeout_s=limit_s, **program(root, code, **pattern)).check(root)


@pytest.mark.parametrize("kind", ["sarif", "command"])
def test_a_missing_program_is_named(make_repo: MakeRepo, kind: str) -> None:
    """A checker whose program is not there is a CheckerError with the names of both."""
    root = make_repo({"a.py": ""})
    pattern = {"pattern": "(?P<path>a):(?P<message>b)"} if kind == "command" else {}
    with pytest.raises(CheckerError, match=r"lint.*no-such-program"):
        checker(root, "lint", kind=kind, command=["no-such-program"], **pattern).check(root)


def test_a_missing_tool_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tool that is found nowhere is a CheckerError with the command that installs it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CheckerError, match="pip install no-such-tool"):
        environment(tmp_path).tool("no-such-tool")
