"""The command `stomper agents`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from stomper.agents.registry import PROGRAMS
from stomper.cli import app
from stomper.config.kinds import AGENTS
from tests.support.fake_programs import Fakes, on_path
from tests.support.repositories import MakeRepo


def listed(*arguments: str) -> dict[str, dict[str, Any]]:
    """What `stomper agents --json` says, by name."""
    done = CliRunner().invoke(app, ["agents", "--json", *arguments])
    assert done.exit_code == 0, done.output
    return {entry["name"]: entry for entry in json.loads(done.stdout)}


@pytest.fixture
def here(make_repo: MakeRepo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fakes:
    """In a repository with settings, with fake programs on PATH and no keys."""
    for row in PROGRAMS.values():
        for key in row.keys:
            monkeypatch.delenv(key, raising=False)
    fakes = Fakes(tmp_path / "bin")
    monkeypatch.setenv("PATH", on_path(fakes.folder))
    table = '[agents.ruff]\n[agents.cheap]\nkind = "claude"\nmodel = "haiku"\napi_key_env = "CHEAP_KEY"\n'
    root = make_repo({"stomper.toml": table, "pkg/a.py": ""})
    monkeypatch.chdir(root / "pkg")
    return fakes


def test_every_kind_is_listed_with_what_it_lacks(here: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs with their places and versions; what is configured first, by its own name; and how to get what is missing."""
    (here.folder / "goose").unlink()
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    found = listed()
    assert list(found)[:2] == ["ruff", "cheap"]
    assert {entry["kind"] for entry in found.values()} == set(AGENTS)
    assert found["ruff"]["missing"] == ""
    assert found["cheap"]["enabled"]
    assert "CHEAP_KEY is not set" in found["cheap"]["missing"]
    codex = found["codex"]
    assert (codex["path"], codex["version"], codex["missing"]) == (str(here.folder / "codex"), "1.2.3", "")
    assert "set GEMINI_API_KEY" in found["gemini"]["missing"]
    assert not found["gemini"]["enabled"]
    assert here.calls == []


@pytest.mark.usefixtures("here")
def test_flags_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """`--set` reaches the tables, as with the other commands."""
    monkeypatch.setenv("CHEAP_KEY", "x")
    assert listed()["cheap"]["missing"] == ""
    assert "no-claude is not on PATH" in listed("--set", 'agents.cheap.command=["no-claude"]')["cheap"]["missing"]


@pytest.mark.usefixtures("here")
def test_the_table_is_for_people() -> None:
    """Without --json a line each, with names and reasons."""
    done = CliRunner().invoke(app, ["agents"])
    assert done.exit_code == 0
    assert "cheap (claude)" in done.stdout
    assert "[agents.command] needs `command`" in done.stdout
