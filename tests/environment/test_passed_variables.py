"""Checkers and tests are given the variables that they need, meant of the worktree; agents are not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from stomper.environment.passed_variables import in_worktree, passed_variables
from stomper.errors import SettingsError
from stomper.testing.results import SuiteState
from tests.support.repositories import MakeRepo, open_run, write
from tests.support.runs import RULES

CALLER = {
    "APP_MODE": "test",
    "UNHEARD_OF": "1",
    "API_TOKEN": "abcdefghij",
    "DATABASE_URL": "sqlite:///x",
    "EDITOR": "vi",
    "PYTEST_ADDOPTS": "-x",
    "AWS_REGION": "eu",
    "AWS_PROFILE": "me",
}
SPEAKS = "import os\n\nMODE = os.environ['APP_MODE']\nTOKEN, EDITOR = os.environ['API_TOKEN'], os.environ['EDITOR']\n"


@pytest.mark.parametrize(
    ("names", "given"),
    [
        ((), {"APP_MODE", "DATABASE_URL"}),
        (("AWS_*",), {"APP_MODE", "DATABASE_URL", "AWS_REGION", "AWS_PROFILE"}),
        (("API_TOKEN",), {"APP_MODE", "DATABASE_URL", "API_TOKEN"}),
    ],
)
def test_of_the_callers_variables(make_repo: MakeRepo, names: tuple[str, ...], given: set[str]) -> None:
    """Those that tracked files speak of, but for secrets; with those that are named."""
    assert passed_variables(make_repo({"app.py": SPEAKS}), names, (), CALLER).keys() == given


FILES: dict[str, Mapping[str, str]] = {
    "tox.ini": {
        "tox.ini": "[testenv]\nsetenv =\n    MODE = tox\n    HERE = {toxinidir}/x\n    PATH = {envbindir}\n    other: X=1\n",
    },
    ".env": {".env": "# comment\nexport MODE='a b'\nURL=\"x#y\"  # why\nPLAIN = z # why\n\nnonsense\n"},
}


def test_of_files(make_repo: MakeRepo) -> None:
    """What tox sets by itself is left to tox; lines of `.env` as shells read them; the latter count more."""
    root = make_repo({**FILES["tox.ini"], "a.py": ""})
    write(root, FILES[".env"])
    assert passed_variables(root, (), (), {}) == {"MODE": "tox", "HERE": f"{root}/x"}
    assert passed_variables(root, (), (".env",), {}) == {
        "MODE": "a b", "HERE": f"{root}/x", "URL": "x#y", "PLAIN": "z",
    }  # fmt: skip


def test_a_file_that_is_not_there(make_repo: MakeRepo) -> None:
    """It is named."""
    with pytest.raises(SettingsError, match=r"worktree\.env_files: \.env cannot be read: No such file"):
        passed_variables(make_repo({"a.py": ""}), (), (".env",), {})


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("/home/me/repo", "/tree"),
        ("/home/me/repo/src:/lib", "/tree/src:/lib"),
        ("sqlite:////home/me/repo/db.sqlite3", "sqlite:////tree/db.sqlite3"),
        ("/home/me/repository", "/home/me/repository"),
        ("stubs", "stubs"),
    ],
)
def test_what_is_said_of_the_checkout_is_meant_of_the_worktree(value: str, meant: str) -> None:
    """Else a test would write to the checkout's database."""
    assert in_worktree(value, Path("/home/me/repo"), Path("/tree")) == meant


def test_a_suite_that_needs_a_variable(make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    """It passes where the caller has it; programs that are agents do not see it, and another value is another baseline."""
    test = "import app\n\n\ndef test_mode():\n    assert app.MODE == 'test'\n"
    root = make_repo({"app.py": "import os\n\nMODE = os.environ['APP_MODE']\n", "test_app.py": test})
    monkeypatch.setenv("APP_MODE", "test")
    session = open_run(root, checkers=RULES)
    assert session.baselines.at(session.base).state is SuiteState.PASSED
    assert "APP_MODE" not in session.environment.variables()
    key = session.environment.fingerprint()
    session.close()
    monkeypatch.setenv("APP_MODE", "other")
    session = open_run(root, checkers=RULES)
    assert session.environment.fingerprint() != key
    session.close()
