"""Which errors a run aims at, and what it leaves out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from stomper.checkers.selection import Scope, Selection, matches_code, select
from stomper.config.settings import Settings
from stomper.errors import SettingsError
from stomper.models import Diagnostic, LeftOut


def errors(path: str, *codes: str) -> list[Diagnostic]:
    """One error of each code in *path*."""
    return [Diagnostic(tool="ruff", code=c, message=c, path=path, line=n) for n, c in enumerate(codes, 1)]


def choose(diagnostics: Sequence[Diagnostic], scope: Scope | None = None, **settings: Any) -> Selection:
    """What is selected with *settings* over the defaults."""
    return select(diagnostics, Settings(**settings), scope or Scope())


def paths(selection: Selection) -> list[str]:
    """The files of the jobs, in their order."""
    return [job.path for job in selection.jobs]


MANY = [*errors("a.py", "F401"), *errors("src/b.py", "F401", "E501", "UP006"), *errors("src/in/c.py", "E501", "F841")]


def test_everything_is_taken_with_most_errors_first() -> None:
    """Without limits every file is a job, those with the most errors first and then by name."""
    selection = choose([*MANY, *errors("0.py", "F401")])
    assert paths(selection) == ["src/b.py", "src/in/c.py", "0.py", "a.py"]
    assert selection.left_out == LeftOut()


@pytest.mark.parametrize(
    ("scope", "expected", "left"),
    [
        (Scope(paths=("src",)), ["src/b.py", "src/in/c.py"], 1),
        (Scope(paths=("src/in", "a.py")), ["src/in/c.py", "a.py"], 3),
        (Scope(paths=(".",)), ["src/b.py", "src/in/c.py", "a.py"], 0),
        (Scope(paths=("sr",)), [], 6),
        (Scope(only=frozenset({"a.py"})), ["a.py"], 5),
        (Scope(only=frozenset()), [], 6),
        (Scope(paths=("src",), only=frozenset({"a.py", "src/b.py"})), ["src/b.py"], 3),
    ],
)
def test_the_scope_limits_files(scope: Scope, expected: list[str], left: int) -> None:
    """Only files under the paths and in the given set are taken; the errors of the others are counted."""
    selection = choose(MANY, scope)
    assert paths(selection) == expected
    assert selection.left_out == LeftOut(by_scope=left)


@pytest.mark.parametrize(
    ("settings", "codes", "left"),
    [
        ({"select": ["F"]}, {"F401", "F841"}, 3),
        ({"select": ["F4"]}, {"F401"}, 4),
        ({"select": ["F401", "UP"]}, {"F401", "UP006"}, 3),
        ({"select": ["ALL"]}, {"F401", "E501", "UP006", "F841"}, 0),
        ({"ignore": ["E501"]}, {"F401", "UP006", "F841"}, 2),
        ({"ignore": ["F", "UP"]}, {"E501"}, 4),
        ({"select": ["F"], "ignore": ["F841"]}, {"F401"}, 4),
    ],
)
def test_codes_are_selected_and_ignored_whole_or_by_prefix(settings: Any, codes: set[str], left: int) -> None:
    """`select` and `ignore` take codes and their prefixes, `ignore` wins, and what is left out is counted."""
    selection = choose(MANY, **settings)
    assert {d.code for job in selection.jobs for d in job.diagnostics} == codes
    assert selection.left_out == LeftOut(by_code=left)


@pytest.mark.parametrize(
    ("code", "prefix", "expected"),
    [
        ("attr-defined", "attr-defined", True),
        ("attr-defined", "attr", False),
        ("arg-type", "a", False),
        ("F401", "F401", True),
        ("F401", "F4010", False),
        ("F401", "", False),
        ("FURB105", "F", False),
        ("ERA001", "E", False),
        ("SIM102", "S", False),
        ("RET501", "R", False),
        ("C408", "C", True),
        ("PLR0912", "PL", True),
        ("PLR0912", "PLR09", True),
        ("PT006", "P", False),
    ],
)
def test_names_match_whole_and_codes_by_prefix(code: str, prefix: str, expected: bool) -> None:
    """mypy's names match only whole; ruff's codes by any prefix that ruff takes; an empty prefix matches nothing."""
    assert matches_code(code, [prefix]) is expected


@pytest.mark.parametrize(
    ("settings", "expected", "left"),
    [
        ({"include": ["src/"]}, ["src/b.py", "src/in/c.py"], 1),
        ({"include": ["/*.py"]}, ["a.py"], 5),
        ({"include": ["src/**/c.py", "a.py"]}, ["src/in/c.py", "a.py"], 3),
        ({"exclude": ["in"]}, ["src/b.py", "a.py"], 2),
        ({"exclude": ["*.py", "!a.py"]}, ["a.py"], 5),
        ({"include": ["src/"], "exclude": ["c.py"]}, ["src/b.py"], 3),
    ],
)
def test_globs_include_and_exclude(settings: Any, expected: list[str], left: int) -> None:
    """`include` and `exclude` are gitignore-style, `exclude` wins, and what they leave out is counted."""
    selection = choose(MANY, **settings)
    assert paths(selection) == expected
    assert selection.left_out == LeftOut(by_scope=left)


def test_a_bad_glob_is_refused() -> None:
    """A pattern that git would not understand is a SettingsError that says where it stands."""
    with pytest.raises(SettingsError, match="include/exclude"):
        choose(MANY, exclude=["!"])


@pytest.mark.parametrize(
    ("settings", "expected", "left"),
    [
        ({"max_files": 1}, ["src/b.py"], 3),
        ({"max_files": 2}, ["src/b.py", "src/in/c.py"], 1),
        ({"max_files": 9}, ["src/b.py", "src/in/c.py", "a.py"], 0),
        ({"max_errors": 1}, ["src/b.py"], 3),
        ({"max_errors": 3}, ["src/b.py"], 3),
        ({"max_errors": 4}, ["src/b.py", "src/in/c.py"], 1),
        ({"max_files": 1, "max_errors": 5}, ["src/b.py"], 3),
    ],
)
def test_limits_take_whole_files(settings: Any, expected: list[str], left: int) -> None:
    """The limits take files whole, the richest first, and count the errors of the rest."""
    selection = choose(MANY, **settings)
    assert paths(selection) == expected
    assert selection.left_out == LeftOut(by_limit=left)


def test_each_error_is_taken_or_left_out_once() -> None:
    """Errors taken and left out, by whatever cause, add up to all of them."""
    selection = choose(MANY, Scope(paths=("src",)), ignore=["E501"], max_files=1)
    assert selection.left_out == LeftOut(by_scope=1, by_code=2, by_limit=1)
    assert sum(len(job.diagnostics) for job in selection.jobs) == 2
