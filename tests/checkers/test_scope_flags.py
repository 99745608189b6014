"""Each flag that narrows a run, by the jobs that `stomper check --json` would give; in this process, for speed."""

from __future__ import annotations

import contextlib
import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from stomper.cli import app
from stomper.cli.parameters import fix_command, parameters_of
from tests.support.repositories import MakeRepo, git, write

# F401 twice, F541, E741 · F401, F541 · F401 · E741
FILES: dict[str, str | bytes] = {
    "ruff.toml": 'lint.select = ["E4", "E7", "E9", "F"]\n',
    "src/many.py": "import os\nimport sys\n\nprint(f'x')\nl = 1\n",
    "src/deep/two.py": "import os\n\nprint(f'x')\n",
    "one.py": "import os\n",
    "name.py": "l = 1\n",
    "clean.py": "x = 1\n",
}
ORDER = ["src/many.py", "src/deep/two.py", "name.py", "one.py"]


@pytest.fixture
def root(make_repo: MakeRepo) -> Path:
    """A repository with eight errors in four files."""
    return make_repo(FILES)


def check(cwd: Path, *flags: str) -> dict[str, Any]:
    """What `stomper check --json` says, its exit code compared with it."""
    with contextlib.chdir(cwd):
        done = CliRunner().invoke(app, ["check", "--json", *flags], catch_exceptions=False)
    assert done.stderr == ""
    said: dict[str, Any] = json.loads(done.stdout)
    assert done.exit_code == (1 if said["jobs"] or said["left_out"]["by_limit"] else 0)
    return said


def paths(said: dict[str, Any]) -> list[str]:
    """The files of the jobs, in their order."""
    return [job["path"] for job in said["jobs"]]


def codes(said: dict[str, Any]) -> set[str]:
    """The codes aimed at."""
    return {d["code"] for job in said["jobs"] for d in job["diagnostics"]}


def left_out(said: dict[str, Any]) -> tuple[int, int, int]:
    """How many errors are left out: (by scope, by code, by limit)."""
    return said["left_out"]["by_scope"], said["left_out"]["by_code"], said["left_out"]["by_limit"]


def test_everything_by_default(root: Path) -> None:
    """Without a flag every file with errors is a job, those with the most errors first."""
    said = check(root)
    assert paths(said) == ORDER
    assert codes(said) == {"F401", "F541", "E741"}
    assert left_out(said) == (0, 0, 0)
    assert [(run["name"], run["found"], run["error"]) for run in said["checkers"]] == [("ruff", 8, "")]


@pytest.mark.parametrize(
    ("given", "expected", "outside"),
    [
        (("src",), ["src/many.py", "src/deep/two.py"], 2),
        (("src/",), ["src/many.py", "src/deep/two.py"], 2),
        (("./one.py", "src/deep"), ["src/deep/two.py", "one.py"], 5),
        (("clean.py",), [], 8),
        ((".",), ORDER, 0),
        (("src/../one.py",), ["one.py"], 7),
    ],
)
def test_paths(root: Path, given: tuple[str, ...], expected: list[str], outside: int) -> None:
    """Paths are files or folders; only what is in them is given, the rest is counted."""
    said = check(root, *given)
    assert paths(said) == expected
    assert left_out(said) == (outside, 0, 0)


def test_paths_are_relative_to_where_one_is(root: Path) -> None:
    """In a folder of the repository paths are relative to that folder, and the jobs to the root."""
    assert paths(check(root / "src", "deep")) == ["src/deep/two.py"]
    assert paths(check(root / "src", ".")) == ["src/many.py", "src/deep/two.py"]


def test_absolute_path(root: Path) -> None:
    """An absolute path inside the repository is taken."""
    assert paths(check(root, str(root / "one.py"))) == ["one.py"]


def test_no_path_in_a_folder_is_the_whole_repository(root: Path) -> None:
    """Without a path the whole repository is looked at, wherever one is in it."""
    assert paths(check(root / "src" / "deep")) == ORDER


def test_path_that_begins_like_another(make_repo: MakeRepo) -> None:
    """A folder does not take in a neighbour whose name begins with its own."""
    root = make_repo({"app/a.py": "import os\n", "app2/b.py": "import os\n"})
    assert paths(check(root, "app")) == ["app/a.py"]


def test_changed(root: Path) -> None:
    """`--changed` gives files with uncommitted changes, staged or not."""
    write(root, {"one.py": "import os\n\n", "name.py": "l = 1\n\n"})
    git(root, "add", "name.py")
    said = check(root, "--changed")
    assert paths(said) == ["name.py", "one.py"]
    assert left_out(said) == (6, 0, 0)


def test_changed_with_nothing_changed(root: Path) -> None:
    """`--changed` in a clean checkout gives no job."""
    said = check(root, "--changed")
    assert paths(said) == []
    assert left_out(said) == (8, 0, 0)


def test_staged(root: Path) -> None:
    """`--staged` gives only files with staged changes."""
    write(root, {"one.py": "import os\n\n", "name.py": "l = 1\n\n"})
    git(root, "add", "name.py")
    assert paths(check(root, "--staged")) == ["name.py"]


def test_since(root: Path) -> None:
    """`--since` gives files committed since the merge base with a branch, and not what the branch did since."""
    git(root, "switch", "--quiet", "-c", "work")
    write(root, {"one.py": "import os\n\nx = 2\n"})
    git(root, "commit", "--quiet", "-am", "work")
    git(root, "switch", "--quiet", "main")
    write(root, {"name.py": "l = 2\n"})
    git(root, "commit", "--quiet", "-am", "main")
    git(root, "switch", "--quiet", "work")
    assert paths(check(root, "--since", "main")) == ["one.py"]
    assert paths(check(root, "--since", "HEAD~1")) == ["one.py"]
    assert paths(check(root, "--since", "HEAD")) == []


def test_since_and_paths_narrow_together(root: Path) -> None:
    """Flags narrow together: a file must be in the paths and among the changed ones."""
    write(root, {"one.py": "import os\n\nx = 2\n", "src/many.py": "import os\n"})
    git(root, "commit", "--quiet", "-am", "work")
    assert paths(check(root, "--since", "HEAD~1")) == ["one.py", "src/many.py"]
    assert paths(check(root, "--since", "HEAD~1", "src")) == ["src/many.py"]
    assert paths(check(root, "--since", "HEAD~1", "--changed")) == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("F401", {"F401"}),
        ("F", {"F401", "F541"}),
        ("F5,E", {"F541", "E741"}),
        (" F541 , E741 ", {"F541", "E741"}),
        ("ALL", {"F401", "F541", "E741"}),
        ("UP", set()),
    ],
)
def test_select(root: Path, given: str, expected: set[str]) -> None:
    """`--select` aims only at these codes or prefixes, and counts the rest as left out by code."""
    said = check(root, "--select", given)
    assert codes(said) == expected
    aimed = sum(len(job["diagnostics"]) for job in said["jobs"])
    assert left_out(said) == (0, 8 - aimed, 0)


@pytest.mark.parametrize(
    ("given", "expected"),
    [("F401", {"F541", "E741"}), ("F", {"E741"}), ("F,E", set()), ("W", {"F401", "F541", "E741"})],
)
def test_ignore(root: Path, given: str, expected: set[str]) -> None:
    """`--ignore` does not aim at these codes or prefixes."""
    assert codes(check(root, "--ignore", given)) == expected


def test_ignore_wins_over_select(root: Path) -> None:
    """A code both selected and ignored is not aimed at."""
    assert codes(check(root, "--select", "F", "--ignore", "F401")) == {"F541"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("src/",), ["src/many.py", "src/deep/two.py"]),
        (("*.py",), ORDER),
        (("/*.py",), ["name.py", "one.py"]),
        (("src/*.py",), ["src/many.py"]),
        (("**/two.py", "one.py"), ["src/deep/two.py", "one.py"]),
    ],
)
def test_include(root: Path, given: tuple[str, ...], expected: list[str]) -> None:
    """`--include` is a gitignore-style pattern and may be repeated."""
    assert paths(check(root, *(word for pattern in given for word in ("--include", pattern)))) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("src",), ["name.py", "one.py"]),
        (("deep/", "/one.py"), ["src/many.py", "name.py"]),
        (("*.py",), []),
        (("*.py", "!one.py"), ["one.py"]),
    ],
)
def test_exclude(root: Path, given: tuple[str, ...], expected: list[str]) -> None:
    """`--exclude` is a gitignore-style pattern and may be repeated."""
    assert paths(check(root, *(word for pattern in given for word in ("--exclude", pattern)))) == expected


def test_exclude_wins_over_include(root: Path) -> None:
    """A file both included and excluded is left alone."""
    assert paths(check(root, "--include", "src/", "--exclude", "deep/")) == ["src/many.py"]


@pytest.mark.parametrize(("limit", "beyond"), [("1", 4), ("2", 2), ("4", 0), ("99", 0), ("0", 0)])
def test_max_files(root: Path, limit: str, beyond: int) -> None:
    """`--max-files` takes the files with the most errors and counts the errors beyond; 0 is no limit."""
    said = check(root, "--max-files", limit)
    assert paths(said) == ORDER[: int(limit) or None]
    assert left_out(said) == (0, 0, beyond)


@pytest.mark.parametrize(("limit", "files"), [("1", 1), ("4", 1), ("5", 2), ("6", 2), ("7", 3), ("99", 4), ("0", 4)])
def test_max_errors(root: Path, limit: str, files: int) -> None:
    """`--max-errors` takes files whole until the number is reached."""
    said = check(root, "--max-errors", limit)
    assert paths(said) == ORDER[:files]
    assert left_out(said)[2] == 8 - sum(len(job["diagnostics"]) for job in said["jobs"])


def test_flags_win_over_the_file(root: Path) -> None:
    """A flag replaces the value of the repository's own settings; without it the file counts."""
    write(root, {"stomper.toml": 'select = ["F401"]\nmax_files = 1\n'})
    assert codes(check(root)) == {"F401"}
    assert paths(check(root)) == ["src/many.py"]
    said = check(root, "--select", "E741", "--max-files", "0")
    assert paths(said) == ["name.py", "src/many.py"]


def test_set_is_the_same_as_the_flag(root: Path) -> None:
    """`--set` sets what the flag of that name sets."""
    assert check(root, "--set", "select=F541")["jobs"] == check(root, "--select", "F541")["jobs"]


def test_diagnostics_say_where(root: Path) -> None:
    """Each diagnostic of a job has its tool, code, message, place and whether it has a safe fix."""
    (job,) = check(root, "one.py")["jobs"]
    (diagnostic,) = job["diagnostics"]
    assert (diagnostic["tool"], diagnostic["code"], diagnostic["fix"]) == ("ruff", "F401", "safe")
    assert (diagnostic["path"], diagnostic["line"], diagnostic["column"]) == ("one.py", 1, 8)
    assert "os" in diagnostic["message"]


def test_check_looks_at_the_commit(root: Path) -> None:
    """What is checked is HEAD, not the unfinished work in the checkout."""
    write(root, {"one.py": "x = 1\n", "untracked.py": "import os\n"})
    assert paths(check(root)) == ORDER


def asked(command: str, flags: Sequence[str]) -> dict[str, Any]:
    """What the flags of a command are parsed to, by their names."""
    parsed: dict[str, Any] = get_command(app).commands[command].make_context(command, list(flags)).params  # type: ignore[attr-defined]
    return parsed


@pytest.mark.parametrize(
    "flags",
    [
        [],
        ["--staged", "one.py", "src"],
        ["--changed", "--exclude", "it's *.py", "--exclude", "name.py", "--include", "*.py"],
        ["--since", "origin/main", "--allow-missing-checker"],
        ["--select", "F401,F541", "--ignore", "E7", "--max-files", "2", "--max-errors", "3"],
        ["--config", "own.toml", "--set", "exclude=['a b/**']", "--set", "max_files=3"],
        ["--checkers", "ruff", "--", "--one.py"],
    ],
)
def test_the_next_command_aims_at_what_was_checked(flags: list[str]) -> None:
    """Whatever narrowed the check narrows the run; how the check was told is no part of it."""
    command = shlex.split(fix_command(asked("check", ["--no-ci", "--report", "json=-", "--quiet", *flags])))
    assert command[:2] == ["stomper", "fix"]
    again = asked("fix", command[2:])
    assert parameters_of(again) == parameters_of(asked("check", flags))
    assert not again["no_ci"]
    assert not again["report"]


def test_a_check_says_the_command_that_repairs_it(root: Path) -> None:
    """As one line to copy."""
    (root / "one.py").write_text("import os\nimport sys\n")
    git(root, "add", "one.py")
    with contextlib.chdir(root):
        done = CliRunner().invoke(app, ["check", "--staged", "one.py", "--exclude", "a b.py"], catch_exceptions=False)
    assert done.stdout.endswith("\nnext: stomper fix --staged --exclude 'a b.py' one.py\n")
