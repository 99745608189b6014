"""`stomper settings`: what is in force, and where it comes from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stomper.config.schema import settings_schema
from stomper.config.settings import Settings
from tests.support.command_line import refused, stomper
from tests.support.repositories import MakeRepo

FILE = """\
select = ["F"]
[checkers.mypy]
timeout_s = 30
[agents.mine]
kind = "command"
[pr]
labels = ["bot"]
"""


def rows(root: Path, *words: str) -> dict[str, list[str]]:
    """The table that is shown: the value and the origin of each key."""
    done = stomper(root, "settings", *words)
    assert (done.returncode, done.stderr) == (0, "")
    table = done.stdout.partition("\n\n")[0].splitlines()[1:]
    cells = [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in table]
    return {key: rest for key, *rest in cells}


def test_without_any_it_shows_what_a_run_is_about(make_repo: MakeRepo) -> None:
    """The few most important ones, and how to see the others."""
    root = make_repo({"a.py": ""})
    assert rows(root) == {
        "checkers": ["ruff, mypy (if configured)", "default"],
        "agents": ["ruff", "default"],
        "test_validation": ["final", "default"],
        "land": ["commit", "default"],
    }
    assert "more have their defaults: `stomper settings --all`" in stomper(root, "settings").stdout


def test_each_names_the_layer_it_comes_from(make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file, the variable or the flag, also below the root of the repository; the highest layer wins."""
    root = make_repo({"stomper.toml": FILE, "src/a.py": ""})
    monkeypatch.setenv("STOMPER_MAX_FILES", "3")
    monkeypatch.setenv("STOMPER_AGENTS__RUFF__UNSAFE_FIXES", "true")
    shown = rows(root / "src", "--set", "max_attempts=5", "--set", "agents.mine.timeout_s=60")
    assert shown["select"] == ['["F"]', "stomper.toml"]
    assert shown["max_files"] == ["3", "STOMPER_MAX_FILES"]
    assert shown["max_attempts"] == ["5", "--set"]
    assert shown["checkers"] == ["ruff, mypy", "stomper.toml"]
    assert shown["checkers.mypy.timeout_s"] == ["30", "stomper.toml"]
    assert shown["agents.ruff.unsafe_fixes"] == ["true", "STOMPER_AGENTS__RUFF__UNSAFE_FIXES"]
    assert shown["agents.mine.timeout_s"] == ["60", "--set"]
    assert shown["pr.labels"] == ['["bot"]', "stomper.toml"]


def test_a_list_of_names_says_who_is_left(make_repo: MakeRepo) -> None:
    """A later layer says more of an agent, and the list is still that of the file."""
    root = make_repo({"pyproject.toml": '[tool.stomper]\nagents = ["claude", "ruff"]\n'})
    shown = rows(root, "--set", "agents.ruff.timeout_s=5", "--set", "checkers=mypy")
    assert shown["agents"] == ["claude, ruff", "pyproject.toml [tool.stomper]"]
    assert shown["checkers"] == ["mypy", "--set"]


@pytest.mark.parametrize(
    ("name", "value", "origin"),
    [("STOMPER_AGENTS", "claude", "STOMPER_AGENTS"), ("STOMPER_AGENTS__CLAUDE__MAX_TURNS", "3", "STOMPER_AGENTS__*")],
)
def test_a_variable_is_named_as_it_is_set(
    make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch, name: str, value: str, origin: str
) -> None:
    """A variable for a table adds the agent; there is none that is called like the list."""
    monkeypatch.setenv(name, value)
    assert rows(make_repo({"a.py": ""}))["agents"][-1] == origin


def test_all_of_them(make_repo: MakeRepo) -> None:
    """`--all` has every key of the run."""
    shown = rows(make_repo({"a.py": ""}), "--all")
    assert {key.partition(".")[0] for key in shown} == set(Settings.model_fields)
    assert shown["approve_timeout_s"] == ["86400", "default"]


def test_as_json(make_repo: MakeRepo) -> None:
    """Every value, and the origin of those that are no defaults."""
    done = stomper(make_repo({"stomper.toml": "max_files = 3\n"}), "settings", "--json")
    data: dict[str, Any] = json.loads(done.stdout)
    assert Settings.model_validate(data["settings"]).max_files == 3
    assert data["origins"] == {"max_files": "stomper.toml"}


def test_the_schema_needs_no_right_settings(make_repo: MakeRepo) -> None:
    """An editor is given the schema also where the file is wrong."""
    root = make_repo({"stomper.toml": "max_flies = 3\n"})
    assert json.loads(stomper(root, "settings", "--schema").stdout) == settings_schema()
    assert refused(stomper(root, "settings"), "max_flies", "stomper.toml", "did you mean max_files?")


def test_another_file(make_repo: MakeRepo) -> None:
    """`--config` is the file that is named."""
    root = make_repo({"a.py": ""})
    (root.parent / "own.toml").write_text("max_files = 4\n")
    assert rows(root, "--config", "../own.toml")["max_files"] == ["4", "../own.toml"]
