"""What a command loads before it does its work: as little as that work needs, and nothing twice."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.repositories import MakeRepo

_TELLS = """\
import atexit, json, pathlib, sys
place = pathlib.Path(sys.argv.pop())
def tell():
    place.write_text(json.dumps([(name, getattr(m, "__file__", "") or "") for name, m in sys.modules.items()]))
atexit.register(tell)
from stomper.cli import main
main()
"""
# What takes long to load, and what none of them needs to show its help. Typer loads pydantic for the flags of a command.
HEAVY = {
    "prefect", "prefect_shell", "fastapi", "sqlalchemy", "httpx", "flows", "tasks", "git", "jsonpath", "pathspec", "jinja2",
    "yaml", "pydantic_ai", "genai_prices", "detect_secrets", "github", "gitlab", "pytest", "sqlite3",
}  # fmt: skip
CHECK_NEEDS = {"git", "pathspec", "sqlite3"}


def loaded(root: Path, *arguments: str) -> dict[str, str]:
    """The modules that `stomper` with *arguments* has loaded when it ends, each with its file."""
    place = root.parent / "modules.json"
    subprocess.run((sys.executable, "-c", _TELLS, *arguments, str(place)), cwd=root, check=False, capture_output=True)
    return dict(json.loads(place.read_text()))


def packages(modules: dict[str, str]) -> set[str]:
    """The names that are installed or not, of modules such as `a.b.c`."""
    return {name.partition(".")[0] for name in modules}


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("--version",),
        ("fix", "--help"),
        ("check", "--help"),
        ("server", "--help"),
        ("settings", "--help"),
        ("graph",),
    ],
)
def test_help_loads_nothing_heavy(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Help is there at once: none of the packages that do the work is loaded for it."""
    modules = loaded(tmp_path, *arguments)
    assert packages(modules) & HEAVY == set()
    assert not modules.keys() & {"stomper.config.settings", "stomper.config.loading", "stomper.models"}
    assert "pydantic" not in modules or not arguments[0].startswith("-")


def test_completion_loads_nothing_heavy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Tab is answered at once: words of a flag are completed without the settings."""
    for name, value in (
        ("_STOMPER_COMPLETE", "complete_bash"),
        ("COMP_WORDS", "stomper\nfix\n--agents\n"),
        ("COMP_CWORD", "3"),
    ):
        monkeypatch.setenv(name, value)
    modules = loaded(tmp_path)
    assert packages(modules) & HEAVY == set()
    assert not modules.keys() & {"stomper.config.settings", "stomper.config.loading", "stomper.models"}
    assert "stomper.cli.completion" in modules


def test_a_check_loads_what_it_needs(make_repo: MakeRepo) -> None:
    """`stomper check` reads settings and asks git, and knows nothing of Prefect, of prompts or of JSONPath."""
    modules = loaded(make_repo({"a.py": "x = 1\n"}), "check")
    assert "stomper.run.check" in modules
    assert packages(modules) & HEAVY == CHECK_NEEDS


@pytest.mark.slow
def test_a_run_loads_no_file_twice(make_repo: MakeRepo) -> None:
    """Nothing of ours has two names in `stomper fix`: data of one is no data of the other."""
    modules = loaded(make_repo({"a.py": "import os\n"}), "fix", "--set", "sandbox=none")
    assert {"flows.fix_repository", "tasks.process_file", "prefect"} <= set(modules)
    own = str(Path(__file__).parents[2])
    files = [file for file in modules.values() if file.startswith(own) and "site-packages" not in file]
    assert sorted(files) == sorted(set(files))
