"""The JSON Schema for editors says of a settings file what the loader says."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import BaseModel

from stomper.config.loading import load
from stomper.config.pull_requests import PullRequestSettings
from stomper.config.schema import settings_schema
from stomper.config.settings import AgentSettings, CheckerSettings, Settings
from stomper.errors import SettingsError

SCHEMA = settings_schema()
DOCS = Path(__file__).parents[2] / "docs"
MINE = 'command = ["mine", "{file}"]\n'
GOOD = [
    "",
    'checkers = ["ruff"]\nagents = ["ruff", "claude"]\n',
    "checkers = []\n",
    "[checkers.ruff]\n[checkers.mypy]\nenabled = false\ntimeout_s = 0.5\n",
    f'[checkers.mine]\nkind = "command"\n{MINE}pattern = "(?P<path>.+): (?P<message>.+)"\n',
    '[checkers.mine]\nkind = "command"\njson_path = "$[*]"\njson_fields = { line = "$.row" }\n',
    f'[agents.ruff]\nkind = ""\nunsafe_fixes = true\n[agents.mine]\nkind = "command"\n{MINE}max_attempts = 20\n',
    'max_files = 0\nmax_cost_usd = 2.5\nexplore = 1\nguards_off = ["size"]\nrisks = ["typing"]\nland = "pr"\n',
    '[pr]\ncampaign = "types-2"\ngroup_by = "codeowners"\nlabels = ["bot"]\ntoken_env = "TOKEN"\n',
]
BAD = [
    "max_flies = 3\n",
    "max_files = -1\n",
    "max_files = 1.5\n",
    'max_files = "many"\n',
    "max_cost_usd = 0\n",
    "explore = 1.01\n",
    "prompt_tokens = 499\n",
    'select = "F"\n',
    'land = "push"\n',
    'guards_off = ["sise"]\n',
    'risks = ["none"]\n',
    'checkers = "ruff"\n',
    'checkers = ["rufff"]\n',
    "checkers = [1]\n",
    "[checkers]\nruff = true\n",
    "[checkers.mine]\n",
    '[checkers.mine]\nkind = ""\n',
    "[checkers.ruff]\nunsafe_fixes = true\n",
    '[checkers.ruff]\njson_fields = { row = "$" }\n',
    '[agents.mine]\nkind = "mypy"\n',
    "[agents.ruff]\npattern = 'x'\n",
    "[agents.ruff]\ntimeout_s = 604801\n",
    "[pr]\nfolder_depth = 10\n",
    '[pr]\ncampaign = "Upper"\n',
    "[[pr]]\n",
]


def by_schema(table: dict[str, Any]) -> bool:
    """Whether the schema takes the settings."""
    return bool(jsonschema.Draft202012Validator(SCHEMA).is_valid(table))


def by_loader(root: Path, text: str, name: str = "stomper.toml") -> bool:
    """Whether the loader takes the file."""
    (root / name).write_text(text)
    try:
        load(root, flags={}, env={})
    except SettingsError:
        return False
    return True


def test_it_is_a_schema_of_its_draft() -> None:
    """It says its draft, and is right by it."""
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("text", GOOD)
def test_both_take(tmp_path: Path, text: str) -> None:
    """What the loader takes, an editor does not mark."""
    assert (by_loader(tmp_path, text), by_schema(tomllib.loads(text))) == (True, True)


@pytest.mark.parametrize("text", BAD)
def test_both_refuse(tmp_path: Path, text: str) -> None:
    """What the loader refuses, an editor marks."""
    assert (by_loader(tmp_path, text), by_schema(tomllib.loads(text))) == (False, False)


def test_it_is_that_of_the_table_in_pyproject(tmp_path: Path) -> None:
    """`[tool.stomper]` is the same table."""
    text = '[project]\nname = "x"\n[tool.stomper]\nmax_files = 3\n[tool.stomper.agents.claude]\n'
    assert by_loader(tmp_path, text, "pyproject.toml")
    assert by_schema(tomllib.loads(text)["tool"]["stomper"])


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.stem)
def test_the_examples_of_the_documentation_are_taken(tmp_path: Path, page: Path) -> None:
    """Each settings file that a page shows is one for both."""
    for text in re.findall(r"^```toml\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        raw = tomllib.loads(text)
        table = raw.get("tool", {}).get("stomper", {}) if "tool" in raw else raw
        assert by_schema(table), text
        assert by_loader(tmp_path, text, "pyproject.toml" if "tool" in raw else "stomper.toml"), text
        (tmp_path / ("pyproject.toml" if "tool" in raw else "stomper.toml")).unlink()


@pytest.mark.parametrize("model", [Settings, CheckerSettings, AgentSettings, PullRequestSettings])
def test_every_key_says_what_it_means(model: type[BaseModel]) -> None:
    """An editor shows it on one line, and is offered no null."""
    part = SCHEMA if model is Settings else SCHEMA["$defs"][model.__name__]
    assert list(part["properties"]) == list(model.model_fields)
    assert [key for key, field in part["properties"].items() if "\n" in field.get("description", "\n")] == []
    assert '"null"' not in str(part).replace("'", '"')
