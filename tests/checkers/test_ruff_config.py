"""ruff where the target configures it in an unusual way, in part, or not at all."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from stomper.checkers import ruff_config
from stomper.checkers.registry import make_checkers
from stomper.checkers.ruff import RuffChecker
from stomper.checkers.selection import matches_code
from stomper.config.settings import Settings
from tests.support.checkers import checker, environment
from tests.support.command_line import stomper
from tests.support.repositories import MakeRepo, git
from tests.support.ruff import RUFF
from tests.support.runs import only, repair

# F401 and T201, which no default has; UP006 is in that of newer releases.
SOURCE = "import os\nfrom typing import List\n\n\ndef f(x: List[int]):\n    print(x == None)\n"


def codes(root: Path, *paths: str, **table: object) -> set[str]:
    """The codes that ruff finds, in these files or in all."""
    return {d.code for d in checker(root, "ruff", **table).check(root, paths)}


@pytest.mark.parametrize("line", ["fix-only = true\n", "fix = true\n", "show-fixes = true\n", "unsafe-fixes = true\n"])
def test_what_the_configuration_fixes_by_itself_hides_no_error(make_repo: MakeRepo, line: str) -> None:
    """With `fix-only` and its like all errors are reported, nothing is edited by a check, and what is aimed at lands."""
    root = make_repo({"ruff.toml": f'{line}lint.select = ["F401", "E711"]\n', "a.py": SOURCE})
    assert codes(root) == {"F401", "E711"}
    assert not git(root, "status", "--short")
    outcome = only(repair(root, checkers={"ruff": {}}))
    assert ({d.code for d in outcome.fixed}, {d.code for d in outcome.remaining}) == ({"F401"}, {"E711"})
    assert (root / "a.py").read_text() == SOURCE.removeprefix("import os\n")


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"pyproject.toml": '[project]\nname = "x"\nversion = "0"\n[tool.other]\nx = 1\n'},
        {"setup.cfg": "[flake8]\n"},
    ],
)
def test_without_configuration_the_documented_default_is_checked(make_repo: MakeRepo, files: dict[str, str]) -> None:
    """E4, E7, E9 and F, over all files and file by file, whatever this ruff would switch on; and a line says so."""
    root = make_repo({"a.py": SOURCE, **files})
    assert codes(root) == codes(root, "a.py") == {"F401", "E711"}
    done = stomper(root, "check")
    assert "the repository has no ruff configuration: checked there: E4, E7, E9, F\n" in done.stdout
    said = json.loads(stomper(root, "check", "--json").stdout)
    assert said["checkers"][0]["note"].startswith("the repository has no ruff configuration")


@pytest.mark.parametrize("name", ["ruff.toml", ".ruff.toml", "pyproject.toml"])
def test_a_configuration_counts_for_what_is_below_it(make_repo: MakeRepo, name: str) -> None:
    """Files beside it have none: they get the default, over all files and file by file; both kinds are repaired."""
    text = "[tool.ruff.lint]\n" if name == "pyproject.toml" else "[lint]\n"
    files = {f"backend/{name}": f'{text}select = ["UP006", "F401"]\n', "backend/x/a.py": SOURCE, "b.py": SOURCE}
    root = make_repo(files)
    ruff = checker(root, "ruff")
    assert isinstance(ruff, RuffChecker)
    for found in (ruff.check(root), ruff.check(root, ["b.py", "backend/x/a.py"])):
        assert {(d.path, d.code) for d in found} == {
            ("backend/x/a.py", "UP006"), ("backend/x/a.py", "F401"), ("b.py", "F401"), ("b.py", "E711"),
        }  # fmt: skip
    assert ruff.note(root) == "some files have no ruff configuration: checked there: E4, E7, E9, F"
    assert ruff.note(root / "backend") == ""
    ruff.apply(root, ["UP006", "F401"], ["b.py", "backend/x/a.py"], unsafe=False)
    assert "List[int]" in (root / "b.py").read_text()
    assert "list[int]" in (root / "backend/x/a.py").read_text()


def test_what_is_selected_is_checked_where_nothing_is_configured(make_repo: MakeRepo) -> None:
    """Beside the default, so that what a fix brings about is seen; a code of another tool is not ruff's business."""
    root = make_repo({"a.py": SOURCE})
    chosen = Settings(select=("UP", "T201", "arg-type"), checkers=Settings().checkers)
    made = next(c for c in make_checkers(chosen, environment(root), root.parent) if c.name == "ruff")
    assert {d.code for d in made.check(root)} == {"F401", "E711", "UP006", "UP035", "T201"}
    outcome = only(repair(root, checkers={"ruff": {}}, select=["UP006"]))
    assert [part.words for part in outcome.cleaned_up] == ["cleaned up after UP006: F401"]
    assert (root / "a.py").read_text() == "import os\n\n\ndef f(x: list[int]):\n    print(x == None)\n"


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["--select", "T201"], {"T201"}),
        (["--select=T201"], {"T201"}),
        (["--config", 'lint.select = ["T201"]'], {"T201"}),
        (["--config", "own.cfg.toml"], {"T201"}),
        (["--extend-select", "T201"], {"T201", "F401", "E711"}),
        (["--config", "line-length = 10"], {"F401", "E711"}),
    ],
)
def test_the_arguments_may_choose_the_rules(make_repo: MakeRepo, args: list[str], expected: set[str]) -> None:
    """Rules that `args` choose are the rules; what they add is added to the small default."""
    root = make_repo({"a.py": SOURCE, "own.cfg.toml": 'lint.select = ["T201"]\n'})
    assert codes(root, args=args) == expected
    assert "T201" in codes(root, args=["--config", 'lint.extend-select = ["T201"]'])


def test_isolated_is_without_configuration(make_repo: MakeRepo) -> None:
    """`--isolated` leaves the target's configuration out, and the default is the small one."""
    root = make_repo(
        {"a.py": SOURCE, "ruff.toml": 'lint.select = ["T201"]\n', "x/ruff.toml": "", "x/b.py": "import os\n"}
    )
    assert codes(root, args=["--isolated"]) == {"F401", "E711"}


def test_the_users_own_configuration_does_not_count(
    make_repo: MakeRepo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a repository's errors are is the same for everybody; that the file is left out is said."""
    mine = tmp_path / "home/.config/ruff/ruff.toml"
    mine.parent.mkdir(parents=True)
    mine.write_text('lint.select = ["T201"]\nexclude = ["a.py"]\n')
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    root = make_repo({"a.py": SOURCE})
    assert codes(root) == {"F401", "E711"}
    ruff = checker(root, "ruff")
    assert isinstance(ruff, RuffChecker)
    assert ruff.note(root).endswith(f"; {mine} does not count")


def test_nothing_is_said_where_there_is_no_python(make_repo: MakeRepo) -> None:
    """A repository in other languages needs no configuration of ruff's."""
    root = make_repo({"a.ts": "let x = 1\n"})
    ruff = checker(root, "ruff")
    assert isinstance(ruff, RuffChecker)
    assert ruff.note(root) == ""


def test_groups_are_those_of_ruff(make_repo: MakeRepo) -> None:
    """A group's letters name the same rules in `select` as in ruff's own."""
    rules = json.loads(subprocess.check_output((RUFF, "rule", "--all", "--output-format", "json")))
    known = [str(rule["code"]) for rule in rules]
    root = make_repo({"a.py": ""})
    for group in ("E", "F", "S", "C", "T", "D1", "PL", "PLR", "B", "N", "A", "I", "UP0"):
        argv = (RUFF, "check", "--isolated", "--preview", "--select", group, "--show-settings", "a.py")
        shown = subprocess.run(argv, check=True, capture_output=True, text=True, cwd=root).stdout
        enabled = shown.partition("linter.rules.enabled = [")[2].partition("]")[0]
        theirs = {code for code in known if f"({code})" in enabled}
        removed = {str(rule["code"]) for rule in rules if "Removed" in str(rule["status"])}
        assert theirs == {code for code in known if matches_code(code, [group])} - removed


def test_the_rules_without_configuration_are_known_to_ruff() -> None:
    """Only what ruff knows is handed on to it, and every code once."""
    known = ["F401", "UP006", "E711"]
    assert ruff_config.rules(["UP", "F", "B101", "attr-defined"], known) == ("E4", "E7", "E9", "F", "UP")
    assert ruff_config.rules(["ALL"], known)[-1] == "ALL"
