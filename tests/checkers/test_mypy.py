"""mypy on real trees."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stomper.checkers.registry import make_checkers
from stomper.config.settings import Settings
from stomper.environment.python import Environment
from stomper.errors import CheckerError
from tests.support.checkers import checker, environment
from tests.support.interpreters import newer_python
from tests.support.repositories import MakeRepo, write


def test_mypy_is_read_with_its_codes(make_repo: MakeRepo) -> None:
    """mypy's errors come with code and place, and its notes are left out."""
    code = "def f(x: int) -> str:\n    reveal_type(x)\n    return x\n"
    root = make_repo({"sub/a b.py": "x: int = ''\n", "mod.py": code})
    found = checker(root, "mypy").check(root)
    assert sorted((d.path, d.line, d.code) for d in found) == [
        ("mod.py", 3, "return-value"),
        ("sub/a b.py", 1, "assignment"),
    ]


def test_mypy_checks_a_clean_tree(make_repo: MakeRepo) -> None:
    """A well-typed tree gives no error."""
    root = make_repo({"a.py": "x: int = 1\n"})
    assert checker(root, "mypy").check(root) == []


def test_one_that_is_too_old_for_json_is_read_as_well(make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its lines say the same."""
    code = "def f(x: int) -> str:\n    reveal_type(x)\n    return x\n\n\ny: int = f(1); z = [w for w in 1]\n"
    root = make_repo({"sub/a b.py": "x: int = ''\n", "mod.py": code, "none.py": "import nowhere\n"})
    by_json = checker(root, "mypy").check(root)
    old = checker(root, "mypy")
    monkeypatch.setattr(type(old), "describe", lambda _: ("1.8.0", "an old one"))
    assert len(by_json) == 5
    assert old.check(root) == by_json


@pytest.mark.slow
def test_a_second_tree_has_a_verdict_of_its_own(make_repo: MakeRepo) -> None:
    """The cache that was filled by one tree does not decide about another."""
    one, other = make_repo({"a.py": "x: int = 1\n"}), make_repo({"a.py": "x: int = ''\n"}, "other")
    mypy = checker(one, "mypy")
    assert [len(mypy.check(tree)) for tree in (one, other, one, other)] == [0, 1, 0, 1]


@pytest.mark.parametrize(
    "args",
    [
        ["--strict"],
        ["--python-version=3.11", "a.py"],
        pytest.param(["--python-version", "3.11"], marks=pytest.mark.slow),
    ],
)
def test_mypy_takes_arguments_with_values(make_repo: MakeRepo, args: list[str]) -> None:
    """The value of an option is not taken for a target to check."""
    root = make_repo({"a.py": "x: int = ''\n"})
    assert [d.path for d in checker(root, "mypy", args=args).check(root)] == ["a.py"]


@pytest.mark.parametrize(
    ("config", "said"), [("plugins = ./no_such_plugin.py", "no_such_plugin"), ("plugins = crash.py", "INTERNAL ERROR")]
)
def test_a_mypy_that_crashes_is_no_verdict(make_repo: MakeRepo, config: str, said: str) -> None:
    """A mypy that cannot start or dies is a CheckerError with what it said."""
    root = make_repo({"mypy.ini": f"[mypy]\n{config}\n", "crash.py": "def plugin(version):\n    1 / 0\n", "a.py": ""})
    with pytest.raises(CheckerError, match=rf"mypy failed with exit code 2: (.|\n)*{said}"):
        checker(root, "mypy").check(root)


def test_mypy_runs_by_default_where_it_is_configured(make_repo: MakeRepo) -> None:
    """Without settings ruff runs everywhere, and mypy where the target configures it."""
    cache = Path("unused")
    plain = make_repo({"a.py": ""})
    typed = make_repo({"pyproject.toml": "[tool.mypy]\nstrict = true\n"}, "typed")
    assert [c.name for c in make_checkers(Settings(), environment(plain), cache)] == ["ruff"]
    assert [c.name for c in make_checkers(Settings(), environment(typed), cache)] == ["ruff", "mypy"]
    off = Settings.model_validate({"checkers": {"ruff": {"enabled": False}}})
    with pytest.raises(CheckerError, match="every checker is switched off"):
        make_checkers(off, environment(plain), cache)


def test_mypy_sees_an_edit_of_the_same_length_within_the_second(make_repo: MakeRepo) -> None:
    """Its cache goes by sizes and whole seconds: what was written meanwhile is looked at all the same."""
    root = make_repo({"a.py": "x: int = 1\n", "b.py": "import a\n\ny: int = a.x\n", "mypy.ini": "[mypy]\n"})
    mypy = checker(root, "mypy")
    for _ in range(3):
        write(root, {"a.py": "x: int = 1\n"})
        assert mypy.check(root) == []
        about = (root / "a.py").stat()
        write(root, {"a.py": "x: str = 1\n"})
        os.utime(root / "a.py", ns=(about.st_atime_ns, about.st_mtime_ns))
        assert [(d.path, d.code) for d in mypy.check(root)] == [("a.py", "assignment"), ("b.py", "assignment")]


@pytest.mark.parametrize(
    ("version", "found"), [("", ["assignment"]), ("python_version = 3.11\n", ["assignment", "syntax"])]
)
def test_our_own_mypy_takes_the_syntax_of_a_newer_target(make_repo: MakeRepo, version: str, found: list[str]) -> None:
    """It is told the version of the target's interpreter, unless the target's configuration names one."""
    root = make_repo({"a.py": "type Number = int\nx: Number = ''\n", "mypy.ini": f"[mypy]\n{version}"})
    target = Environment(root, "these tests", (newer_python(),))
    settings = Settings.model_validate({"checkers": {"mypy": {"enabled": True}}})
    (mypy,) = make_checkers(settings, target, root.parent / "cache")
    assert sorted(d.code for d in mypy.check(root)) == found
