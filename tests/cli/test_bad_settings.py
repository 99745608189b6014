"""What the command line says to a setting, a flag or a checker it cannot work with: one message, never a traceback."""

from __future__ import annotations

import pytest

from tests.support.command_line import ALSO_FIX, UNUSED, jobs, refused, stomper
from tests.support.repositories import MakeRepo


@ALSO_FIX
def test_unknown_setting(make_repo: MakeRepo, verb: str) -> None:
    """An unknown setting is refused with its name, where it was given and the known ones."""
    root = make_repo({"a.py": UNUSED})
    assert refused(stomper(root, verb, "--set", "max_flies=3"), "max_flies", "the command line", "max_files")


@ALSO_FIX
def test_unknown_setting_in_the_file(make_repo: MakeRepo, verb: str) -> None:
    """An unknown key in stomper.toml is refused with the file's name."""
    root = make_repo({"a.py": UNUSED, "stomper.toml": "max_flies = 3\n"})
    assert refused(stomper(root, verb), "max_flies", "stomper.toml")


@ALSO_FIX
@pytest.mark.parametrize(
    ("flags", "named"),
    [
        (("--set", "max_files=many"), ("max_files", "many")),
        (("--set", "max_files=-1"), ("max_files", "-1")),
        (("--set", "max_files"), ("--set", "key=value")),
        (("--set", "checkers=lint"), ("lint", "ruff")),
        (("--set", "agents.ruff.tries=1"), ("tries",)),
        (("--max-files", "-3"), ("max_files", "-3")),
    ],
)
def test_bad_value(make_repo: MakeRepo, verb: str, flags: tuple[str, ...], named: tuple[str, ...]) -> None:
    """A value of the wrong type or out of range is refused with the key and the value."""
    root = make_repo({"a.py": UNUSED})
    assert refused(stomper(root, verb, *flags), *named)


@ALSO_FIX
def test_missing_config_file(make_repo: MakeRepo, verb: str) -> None:
    """A `--config` that does not exist is refused with its name."""
    root = make_repo({"a.py": UNUSED})
    assert refused(stomper(root, verb, "--config", "no-such.toml"), "no-such.toml", "no such file")


@ALSO_FIX
@pytest.mark.parametrize("content", [b"max_files = = 3\n", b"\xff\xfe\x00"])
def test_broken_config_file(make_repo: MakeRepo, verb: str, content: bytes) -> None:
    """A settings file that is not TOML is refused with its name."""
    root = make_repo({"a.py": UNUSED, "stomper.toml": content})
    assert refused(stomper(root, verb), "stomper.toml", "not valid TOML")


def test_unknown_option(make_repo: MakeRepo) -> None:
    """An unknown option is refused with its name."""
    done = stomper(make_repo({"a.py": UNUSED}), "check", "--no-such-flag")
    assert done.returncode == 2
    assert "--no-such-flag" in done.stderr
    assert "Traceback" not in done.stderr


def test_missing_checker(make_repo: MakeRepo) -> None:
    """A checker whose program does not exist is refused with its name; never taken for a clean verdict."""
    root = make_repo({"a.py": UNUSED})
    pattern = "'(?P<path>.+):(?P<line>[0-9]+): (?P<message>.+)'"
    mine = f'[checkers.mine]\nkind = "command"\ncommand = ["no-such-linter"]\npattern = {pattern}\n'
    (root.parent / "own.toml").write_text(f"[checkers.ruff]\n{mine}")
    given = ("check", "--config", "../own.toml")
    assert refused(stomper(root, *given), "no-such-linter", "--allow-missing-checker")
    assert jobs(root, "--config", "../own.toml", "--allow-missing-checker") == ["a.py"]


def test_no_checker_at_all(make_repo: MakeRepo) -> None:
    """With every checker switched off there is no verdict."""
    root = make_repo({"a.py": UNUSED})
    assert refused(stomper(root, "check", "--set", "checkers.ruff.enabled=false"), "every checker is switched off")


def test_broken_checker_configuration(make_repo: MakeRepo) -> None:
    """A checker that refuses its own configuration gives no verdict, and its words are shown."""
    root = make_repo({"a.py": UNUSED, "ruff.toml": "no-such-option = 1\n"})
    assert refused(stomper(root, "check"), "ruff", "no-such-option")


def test_json_errors_leave_stdout_empty(make_repo: MakeRepo) -> None:
    """With `--json` an error is on stderr alone."""
    root = make_repo({"a.py": UNUSED})
    assert refused(stomper(root, "check", "--json", "--set", "nope=1"), "nope")


def test_messages_are_not_broken_where_no_terminal_reads_them(make_repo: MakeRepo) -> None:
    """A message is one line, however long: what it names can be searched for and copied."""
    root = make_repo({"a.py": UNUSED})
    name = "a-name-of-many-words-" * 11
    done = stomper(root, "check", "--config", f"/{name}.toml")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"stomper: --config /{name}.toml: there is no such file\n"
