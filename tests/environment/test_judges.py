"""What judges fixes is seen to be another than before, whatever was done to it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from stomper.environment import judges
from stomper.environment.judges import Judges
from stomper.environment.python import Environment
from tests.support.repositories import write

PROGRAM = "#!/bin/sh\nexit 0\n"


def same_size_and_time(place: Path) -> None:
    """By all that can be set, the file is as it was."""
    about = place.stat()
    place.write_bytes(place.read_bytes()[::-1])
    os.utime(place, ns=(about.st_atime_ns, about.st_mtime_ns))


def make_program(place: Path) -> None:
    """A new one."""
    place.write_text(PROGRAM)
    place.chmod(0o755)


CHANGES: dict[str, tuple[str, Callable[[Path], object]]] = {
    "a program": ("repo/.venv/bin/ruff", same_size_and_time),
    "a package": ("packages/lib/__init__.py", same_size_and_time),
    "a package gone": ("packages/lib/__init__.py", Path.unlink),
    "a compiled package without a source": ("packages/lib/more.pyc", Path.touch),
    "sitecustomize": ("packages/sitecustomize.py", Path.touch),
    "a plugin that is named where one is installed in place": (
        "packages/lib.egg-info/entry_points.txt",
        same_size_and_time,
    ),
    "a .pth file": ("packages/evil.pth", Path.touch),
    "a program on PATH": ("programs/git", make_program),
    "configuration above": ("ruff.toml", Path.touch),
    "the user's configuration": ("home/.config/ruff/ruff.toml", Path.touch),
    "configuration of a linter at home": ("home/.sqlfluff", Path.touch),
    "a file that is lent": ("repo/ext.so", same_size_and_time),
    "a script of the test command": ("test.sh", same_size_and_time),
}


@pytest.fixture
def seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Judges:
    """Judges that were looked at."""
    root, packages = tmp_path / "repo", tmp_path / "packages"
    write(tmp_path, {"programs/x": "", "test.sh": "exit 0\n", "home/.config/ruff/x": ""})
    write(root, {".venv/bin/ruff": PROGRAM, "ext.so": "abc"})
    (root / ".venv" / "bin" / "ruff").chmod(0o755)
    (root / ".venv" / "bin" / "python").symlink_to("/bin/sh")
    write(packages, {"lib/__init__.py": "x = 1\n", "lib/__pycache__/__init__.cpython-311.pyc": "abc"})
    write(packages, {"lib.egg-info/entry_points.txt": "abc"})
    monkeypatch.setenv("PATH", f"{tmp_path / 'programs'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(judges, "_import_path", lambda *_: [str(packages)])
    environment = Environment.detect(root)
    command = ("sh", str(tmp_path / "test.sh"))
    made = Judges(
        environment, lambda: [command], ("ruff",), (tmp_path,), (root / "ext.so",), empty=tmp_path / "no-bytecode"
    )
    assert made.changed() == []
    made.look()
    assert made.changed() == []
    return made


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_is_seen(seen: Judges, tmp_path: Path, what: str) -> None:
    """With the place at which it is."""
    name, act = CHANGES[what]
    act(tmp_path / name)
    found = seen.changed()
    assert any(place == str(tmp_path / name) or place.startswith("program ") for place, _ in found)
    assert "PYTHONPYCACHEPREFIX" not in seen.environment.variables()


@pytest.mark.parametrize(
    "name", ["dev.log", "lib/data.json", ".venv/lib/python3/site-packages/x.py", "env/lib/x.py", "node_modules/x/y.js"]
)
def test_work_on_what_is_installed_in_place(seen: Judges, tmp_path: Path, name: str) -> None:
    """A log, a database or another environment in that checkout judges nothing."""
    write(tmp_path / "packages", {"env/pyvenv.cfg": "", name: "x = 2\n"})
    assert seen.changed() == []


def test_a_server_of_prefect_that_starts_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It writes its pages among its package, which judge nothing; the rest of the package is looked at."""
    packages = tmp_path / "lib/site-packages"
    write(packages, {"prefect/__init__.py": "", "prefect/server/ui_v2_build/index.html": "a"})
    monkeypatch.setattr(judges, "_import_path", lambda *_: [str(packages)])
    made = Judges(Environment.detect(tmp_path / "repo"))
    made.look()
    write(packages, {"prefect/server/ui_v2_build/index.html": "b", "prefect/server/ui_build/UI_SERVE_BASE": "/"})
    assert made.changed() == []
    write(packages, {"prefect/server/__init__.py": ""})
    assert made.changed() == [(str(packages / "prefect/server/__init__.py"), "new")]


def test_bytecode_is_not_believed_any_more(seen: Judges, tmp_path: Path) -> None:
    """It stops nothing when it is another: everything is compiled from its source then."""
    same_size_and_time(tmp_path / "packages/lib/__pycache__/__init__.cpython-311.pyc")
    assert seen.changed() == []
    folder = Path(seen.environment.variables()["PYTHONPYCACHEPREFIX"])
    assert list(folder.iterdir()) == []


def test_caches_and_code_of_the_checkout_are_no_judges(seen: Judges, tmp_path: Path) -> None:
    """People work there, and run tools."""
    write(tmp_path, {"packages/.mypy_cache/x": "", "repo/code.py": "x = 1\n", "programs/mine": PROGRAM})
    assert seen.changed() == []


def test_a_tool_with_an_environment_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it imports is a judge, wherever the program's link to it is; so are the packages beside one of npm."""
    tool, node = tmp_path / "tools" / "lint", tmp_path / "repo" / "node_modules"
    write(tool, {"pyvenv.cfg": "", "lib/python3/site-packages/lint.py": "", "bin/python": ""})
    write(tool, {"bin/lint": f"#!{tool}/bin/python\nimport lint\n"})
    write(node, {"eslint/bin.js": "#!/usr/bin/env node\n", "other/index.js": ""})
    monkeypatch.setattr(judges, "_import_path", lambda *_: [])
    commands = [(str(tool / "bin/lint"),), (str(node / "eslint/bin.js"),)]
    made = Judges(Environment.detect(tmp_path / "repo"), lambda: commands)
    for place in (tool / "bin/lint", node / "eslint/bin.js"):
        place.chmod(0o755)
    made.look()
    assert made.changed() == []
    write(tool, {"lib/python3/site-packages/lint.py": "lie\n"})
    write(node, {"other/index.js": "lie\n"})
    assert {place for place, _ in made.changed()} == {
        str(tool / "lib/python3/site-packages/lint.py"), str(node / "other/index.js"),
    }  # fmt: skip
