"""Tests run away from the user's own configuration, each in a home and a state folder of its own."""

from __future__ import annotations

import gc
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import settings

from stomper.environment import judges, python
from tests.support.repositories import MakeRepo, git, write

PROGRAMS = str(Path(sys.executable).parent)
"""Where the Python of these tests lies, with all that `make` installed for it."""

settings.register_profile("everyday", max_examples=40, deadline=None)
settings.register_profile("many", max_examples=300, deadline=None)
settings.load_profile("everyday")

gc.disable()  # what collecting the tests imports stays


def pytest_collection_finish() -> None:
    """Look for garbage from now on, but not in what is there for all tests."""
    gc.freeze()
    gc.enable()


def pytest_xdist_auto_num_workers() -> int:
    """How many processes share the tests: they wait for other programs about a quarter of the time."""
    return max(2, 3 * (os.cpu_count() or 1) // 2)


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One state folder for the runs of a module: the embedded server's database is made once, by the first module of all."""
    base = tmp_path_factory.getbasetemp()
    made = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "databases"
    made.mkdir(exist_ok=True)
    folder = tmp_path_factory.mktemp("state")
    shutil.copytree(made, folder / "server")
    yield folder
    for template in (folder / "server").glob("template-*.db"):
        part = made.with_name(f"{os.getpid()}-{template.name}")
        shutil.copy(template, part)
        part.replace(made / template.name)


@pytest.fixture(autouse=True)
def fenced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A HOME, a state folder and a git configuration of the test's own. Returns the state folder.

    A target without an environment is checked with the Python of these tests, not with what the machine calls `python3`:
    that may be a script that looks for one, and have plugins for pytest that nobody here chose. Nor are those of this Python
    loaded, unless a command names them: all of them take five times as long as a small target's tests.
    """
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("STOMPER_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("PATH", f"{PROGRAMS}{os.pathsep}{os.environ.get('PATH', os.defpath)}")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setattr(python, "_KEPT", (*python._KEPT, "PYTEST_DISABLE_PLUGIN_AUTOLOAD"))
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    (home / "gitconfig").write_text(
        "[user]\n\tname = Tester\n\temail = tester@example.invalid\n[init]\n\tdefaultBranch = main\n"
    )
    return tmp_path / "state"


@pytest.fixture(autouse=True)
def few_judges(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a look at all packages of the interpreter, which takes seconds: but for tests that ask for `all_judges`."""
    if "all_judges" not in request.fixturenames:
        monkeypatch.setattr(judges, "_import_path", lambda *_: [])


@pytest.fixture
def all_judges() -> None:
    """With a look at all packages of the interpreter."""


@pytest.fixture
def make_repo(tmp_path: Path) -> MakeRepo:
    """Makes a repository with one commit of the given files."""

    def make(files: Mapping[str, str | bytes], name: str = "repo") -> Path:
        root = tmp_path / name
        root.mkdir()
        git(root, "init", "--quiet")
        write(root, files)
        git(root, "add", "--all")
        git(root, "commit", "--quiet", "-m", "start")
        return root

    return make
