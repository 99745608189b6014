"""ruff on real trees."""

from __future__ import annotations

import pytest

from stomper.checkers import base
from stomper.errors import CheckerError
from tests.support.checkers import checker
from tests.support.repositories import MakeRepo

UNUSED = "import os\n"
ODD = ["a b.py", "-dash.py", "größe.py", "sub/[x].py", "@at.py"]


def test_ruff_finds_errors_with_their_places(make_repo: MakeRepo) -> None:
    """ruff's errors come with code, message, place and whether a fix is safe."""
    root = make_repo({"a.py": "x = 1\nimport os\n", "clean.py": "y = 2\n"})
    found = {d.code: d for d in checker(root, "ruff", args=["--select", "F401,E402"]).check(root)}
    assert set(found) == {"F401", "E402"}
    unused = found["F401"]
    assert (unused.path, unused.line, unused.column, unused.fix) == ("a.py", 2, 8, "safe")
    assert found["E402"].fix == "none"


def test_ruff_checks_a_clean_tree(make_repo: MakeRepo) -> None:
    """A tree without errors, and one without Python, gives none."""
    assert checker(make_repo({"a.py": "x = 1\n"}), "ruff").check(make_repo({"b.py": "x = 1\n"}, "other")) == []
    empty = make_repo({"readme.txt": "nothing here\n"}, "empty")
    assert checker(empty, "ruff").check(empty) == []


def test_ruff_reports_odd_names_as_git_spells_them(make_repo: MakeRepo) -> None:
    """Spaces, a leading dash, brackets and non-ASCII letters in names work, over all files and one by one."""
    root = make_repo(dict.fromkeys(ODD, UNUSED))
    ruff = checker(root, "ruff")
    assert sorted(d.path for d in ruff.check(root)) == sorted(ODD)
    for name in ODD:
        assert [d.path for d in ruff.check(root, [name])] == [name]


def test_ruff_obeys_the_targets_configuration(make_repo: MakeRepo) -> None:
    """What the target selects and excludes counts, also for a file that is named."""
    files = {
        "ruff.toml": 'exclude = ["gen.py"]\n[lint]\nselect = ["E501"]\n',
        "a.py": UNUSED,
        "gen.py": "#" * 99 + "\n",
    }
    root = make_repo(files)
    assert checker(root, "ruff").check(root) == []
    assert checker(root, "ruff").check(root, ["gen.py"]) == []


def test_ruff_reports_a_file_that_does_not_parse(make_repo: MakeRepo) -> None:
    """A syntax error is an error of the file, not a crash."""
    root = make_repo({"a.py": "x = (\n"})
    found = checker(root, "ruff").check(root)
    assert {(d.path, d.code) for d in found} == {("a.py", "invalid-syntax")}


def test_ruff_checks_more_files_than_a_command_line_holds(make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are checked in parts, each file once, also where one name alone is too long."""
    root = make_repo({f"{'x' * n}.py": UNUSED for n in range(1, 30)})
    names = [f"{'x' * n}.py" for n in range(1, 30)]
    monkeypatch.setattr(base, "_ARGV_BYTES", 40)
    parts = base.in_argv(names)
    assert len(parts) > 10
    assert [name for part in parts for name in part] == names
    assert sorted(d.path for d in checker(root, "ruff").check(root, names)) == sorted(names)


def test_an_invalid_ruff_configuration_is_named(make_repo: MakeRepo) -> None:
    """A configuration that ruff refuses is a CheckerError with the file's name, never a clean tree."""
    root = make_repo({"ruff.toml": "line-length = 'long'\n", "a.py": UNUSED})
    with pytest.raises(CheckerError, match=r"ruff failed with exit code 2(.|\n)*ruff\.toml"):
        checker(root, "ruff").check(root)


def test_ruff_does_not_take_every_changed_file_for_python(make_repo: MakeRepo) -> None:
    """A file that ruff does not look at by itself is not looked at because a fix touched it, either."""
    root = make_repo({"a.py": UNUSED, "notes.txt": "no Python\n", "b.py": UNUSED})
    found = checker(root, "ruff", args=["--select", "F"]).check(root, ["a.py", "notes.txt"])
    assert [d.path for d in found] == ["a.py"]
