"""What is said of languages and tools that no checker of a run covers."""

from __future__ import annotations

import pytest

from stomper.checkers.unchecked import unchecked
from stomper.config.settings import CheckerSettings


def lines(paths: list[str], **commands: str) -> tuple[str, ...]:
    """The lines for a repository of *paths* where ruff runs, and beside it the *commands*."""
    tables = {name: CheckerSettings(kind="command", command=("sh", "-c", line)) for name, line in commands.items()}
    return unchecked(paths, {"ruff": CheckerSettings(), **tables}, ["ruff", *tables])


TS = ["src/a.ts", "src/b.ts", "eslint.config.js", "a.py"]


def test_a_language_without_a_checker_is_told_with_the_tools_that_are_set_up_for_it() -> None:
    """How many files there are of it, and what configures a tool for them, which is no such file itself."""
    assert lines(TS) == ("2 .ts files: no checker; eslint.config.js found",)
    assert lines(["run.sh"]) == ("1 .sh file: no checker",)
    assert lines(["Dockerfile", ".hadolint.yaml"]) == ("1 Dockerfile file: no checker; .hadolint.yaml found",)


def test_data_and_text_count_only_where_a_tool_is_set_up_for_them() -> None:
    """Every repository has some YAML and Markdown."""
    assert lines(["a.py", "README.md", ".github/workflows/ci.yml"]) == ()
    assert lines(["a.yaml", ".yamllint"]) == ("1 .yaml file: no checker; .yamllint found",)


def test_a_configured_tool_of_a_covered_language_is_told_too() -> None:
    """Python is checked by ruff; that pylint is not run is worth a line."""
    assert lines(["a.py", ".pylintrc", "ruff.toml"]) == ("pylint is configured (.pylintrc), and no checker runs it",)


@pytest.mark.parametrize("line", ["npx eslint .", "node_modules/.bin/eslint . && true", "make lint"])
def test_a_command_covers_what_its_program_is_known_to_look_at(line: str) -> None:
    """One that is not known may look at anything."""
    assert lines(TS, mine=line) == ()


def test_other_peoples_code_is_not_counted() -> None:
    """Nobody checks what is vendored."""
    assert lines(["node_modules/x/a.ts", "vendor/y.go"]) == ()
