"""Real checkers on real trees."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from stomper.checkers import base
from stomper.checkers.base import Checker
from stomper.checkers.registry import make_checkers
from stomper.config.settings import Settings
from stomper.environment.python import Environment
from stomper.errors import CheckerError
from tests.support.repositories import MakeRepo, write

UNUSED = "import os\n"
ODD = ["a b.py", "-dash.py", "größe.py", "sub/[x].py", "@at.py"]


def environment(root: Path) -> Environment:
    """The programs beside the interpreter of these tests."""
    return Environment(root, "these tests", (sys.executable,), Path(sys.executable).parent)


def checker(root: Path, name: str, **table: Any) -> Checker:
    """The one checker *name* with this table of settings."""
    settings = Settings.model_validate({"checkers": {name: {"enabled": True, **table}}})
    (made,) = make_checkers(settings, environment(root), root.parent / "cache")
    return made


def program(root: Path, code: str, **table: Any) -> dict[str, Any]:
    """A table whose command runs *code*, which lies outside the tree."""
    path = root.parent / "program.py"
    path.write_text(code)
    return {"command": [sys.executable, str(path)], **table}


def sarif(root: Path, log: object, *, code: int = 0, **table: Any) -> Checker:
    """A `sarif` checker whose program prints this log."""
    source = f"print({json.dumps(log)!r})\nraise SystemExit({code})\n"
    return checker(root, "scan", kind="sarif", **program(root, source, **table))


def log_of(*results: dict[str, Any]) -> dict[str, Any]:
    """A SARIF log with these results."""
    return {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "scan"}}, "results": list(results)}]}


def result(uri: str, **more: Any) -> dict[str, Any]:
    """One SARIF result in a file."""
    place = {"artifactLocation": {"uri": uri}, "region": {"startLine": 2, "startColumn": 5, "endLine": 3}}
    return {"ruleId": "R1", "message": {"text": "bad"}, "locations": [{"physicalLocation": place}], **more}


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


def test_checkers_say_their_version(make_repo: MakeRepo) -> None:
    """ruff and mypy say a version number and where they were found."""
    root = make_repo({"a.py": ""})
    for name in ("ruff", "mypy"):
        version, origin = checker(root, name).describe()
        assert version[0].isdigit()
        assert origin == "these tests"


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


def test_a_second_tree_has_a_verdict_of_its_own(make_repo: MakeRepo) -> None:
    """The cache that was filled by one tree does not decide about another."""
    one, other = make_repo({"a.py": "x: int = 1\n"}), make_repo({"a.py": "x: int = ''\n"}, "other")
    mypy = checker(one, "mypy")
    assert [len(mypy.check(tree)) for tree in (one, other, one, other)] == [0, 1, 0, 1]


@pytest.mark.parametrize("args", [["--strict"], ["--python-version", "3.11"], ["--python-version=3.11", "a.py"]])
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


def test_pytest_reports_failing_tests(make_repo: MakeRepo) -> None:
    """Each failing test is an error of its module."""
    root = make_repo({"test_a.py": "def test_good():\n    pass\n\n\ndef test_bad():\n    assert 0\n"})
    (found,) = checker(root, "pytest").check(root)
    assert (found.path, found.line, found.code) == ("test_a.py", 5, "test-failed")


def test_pytest_reports_a_module_that_does_not_import(make_repo: MakeRepo) -> None:
    """A test module that fails on import is an error of that module."""
    root = make_repo({"test_a.py": "import no_such_thing\n"})
    assert [d.path for d in checker(root, "pytest").check(root)] == ["test_a.py"]


def test_sarif_is_read_with_its_places(make_repo: MakeRepo) -> None:
    """Relative, escaped and file: addresses become paths of the tree; rule, message and region are kept."""
    root = make_repo({"a.py": "", "a b.py": ""})
    log = log_of(result("a.py"), result("a%20b.py"), result((root / "größe.py").as_uri()))
    found = sarif(root, log, code=1).check(root)
    assert [d.path for d in found] == ["a.py", "a b.py", "größe.py"]
    first = found[0]
    assert (first.tool, first.code, first.message) == ("scan", "R1", "bad")
    assert (first.line, first.column, first.end_line) == (2, 5, 3)


@pytest.mark.parametrize(
    "harmless",
    [
        result("a.py", level="note"),
        result("a.py", level="none"),
        result("a.py", suppressions=[{"kind": "inSource"}]),
        {"ruleId": "R1", "message": {"text": "about nothing in particular"}},
        {"ruleId": "R1", "message": {"text": "m"}, "locations": [{"logicalLocations": [{"name": "f"}]}]},
    ],
)
def test_sarif_results_that_are_no_errors_in_a_file_are_left_out(make_repo: MakeRepo, harmless: dict[str, Any]) -> None:
    """Notes, suppressed results and results without a file are not errors to repair."""
    root = make_repo({"a.py": ""})
    assert sarif(root, log_of(harmless)).check(root) == []


def test_sarif_is_read_from_a_file(make_repo: MakeRepo) -> None:
    """With `output` the log is read from that file, which is removed from the tree; a missing one is an error."""
    root = make_repo({"a.py": ""})
    source = f"open('out.sarif', 'w').write({json.dumps(log_of(result('a.py')))!r})\n"
    scan = checker(root, "scan", kind="sarif", **program(root, source, output="out.sarif"))
    assert [d.path for d in scan.check(root)] == ["a.py"]
    assert not (root / "out.sarif").exists()
    with pytest.raises(CheckerError, match=r"wrote no out\.sarif"):
        sarif(root, log_of(), output="out.sarif").check(root)


@pytest.mark.parametrize(
    "log",
    [
        {},
        [],
        "text",
        {"runs": None},
        {"runs": [{"results": None}]},
        {"runs": [{"results": [], "invocations": [{"executionSuccessful": False}]}]},
        {"runs": [{"results": [{"locations": [{"physicalLocation": {}}], "message": {"text": "m"}}]}]},
        log_of(result("/somewhere/else.py")),
        log_of(result("../else.py")),
    ],
)
def test_what_is_no_sound_log_is_no_verdict(make_repo: MakeRepo, log: object) -> None:
    """A log that is malformed, admits to a failed run or names files outside the tree is a CheckerError."""
    root = make_repo({"a.py": ""})
    with pytest.raises(CheckerError):
        sarif(root, log).check(root)


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


def test_ruff_does_not_take_every_changed_file_for_python(make_repo: MakeRepo) -> None:
    """A file that ruff does not look at by itself is not looked at because a fix touched it, either."""
    root = make_repo({"a.py": UNUSED, "notes.txt": "no Python\n", "b.py": UNUSED})
    found = checker(root, "ruff", args=["--select", "F"]).check(root, ["a.py", "notes.txt"])
    assert [d.path for d in found] == ["a.py"]


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
