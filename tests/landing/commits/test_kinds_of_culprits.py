"""One patch that breaks the tests beside an honest one: however it does so, it is dropped and named, and the other lands."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest

from stomper.fixing.fix_file import process_file
from stomper.landing.land import land
from tests.support.repositories import MakeRepo, open_run
from tests.support.runs import RULES, by_path, repair, scripted
from tests.support.venvs import environment

DANGER = """\
import ctypes
import os
import time


def leave():
    os._exit(7)


def crash():
    ctypes.string_at(0)


def hang():
    time.sleep(600)
"""
FILES = {
    "danger.py": DANGER,
    "mod.py": "import os\n\nVALUES = (1, 2)\n",
    "honest.py": "import os\n\nY = 1\n",
    "test_mod.py": "import pytest\nimport mod\n\n\n"
    "@pytest.mark.parametrize('value', mod.VALUES)\ndef test_value(value):\n    assert value in (1, 2)\n",
}
UNIMPORTABLE = "VALUES = int('no such luck')\n"
UNREADABLE = "ValueError: invalid literal for int() with base 10: 'no such luck'"


def agents(root: Path, broken: str) -> dict[str, object]:
    """An agent that repairs both files, and makes *broken* of one."""
    return scripted(
        root,
        {"path": "mod.py", "action": "replace", "old": FILES["mod.py"].strip(), "new": broken.strip()},
        {"path": "honest.py", "action": "replace", "old": "import os\n\n", "new": ""},
        max_attempts=1,
    )


def reason(root: Path, broken: str, **settings: Any) -> str:
    """Why the culprit did not land, where the honest one did."""
    landing = repair(root, checkers=RULES, agents=agents(root, broken), **settings)
    assert not landing.failure
    outcomes = by_path(landing)
    assert outcomes["honest.py"].commit
    assert not outcomes["mod.py"].commit
    assert outcomes["mod.py"].patch_file
    return outcomes["mod.py"].reason


@pytest.mark.slow
@pytest.mark.parametrize(
    "tier", ["final", pytest.param("full", marks=pytest.mark.slow), pytest.param("quick", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("pth", [".", pytest.param("", marks=pytest.mark.slow)])
def test_what_no_test_can_import(make_repo: MakeRepo, tmp_path: Path, tier: str, pth: str) -> None:
    """Nothing of the worktree is loaded then, installed editable or not: that is the patch's fault, since the tests at the
    base were about the worktree."""
    root = make_repo(FILES)
    env = environment(root, tmp_path / "venv", pth=pth)
    said = reason(root, UNIMPORTABLE, test_validation=tier, python=env.python[0])
    assert said.startswith("tests: test_mod")
    assert said.endswith(UNREADABLE)


@pytest.mark.slow
@pytest.mark.parametrize("purpose", ["patch", "propose"])
def test_what_no_test_can_import_without_landing(make_repo: MakeRepo, tmp_path: Path, purpose: str) -> None:
    """A dry run and a run for patches drop it, too."""
    root = make_repo(FILES)
    python = environment(root, tmp_path / "venv", pth=".").python[0]
    where: dict[str, object] = {"land": "patch"} if purpose == "patch" else {}
    session = open_run(
        root, checkers=RULES, test_validation="final", python=python, agents=agents(root, UNIMPORTABLE), **where
    )
    try:
        session.collect()
        outcomes = [process_file(session, job) for job in session.select()[0]]
        landing = land(session, outcomes, contextlib.nullcontext, purpose="propose" if purpose == "propose" else "land")
    finally:
        session.close()
    assert not landing.failure
    assert by_path(landing)["mod.py"].reason.startswith(f"tests: test_mod is failed: {UNREADABLE}")
    assert by_path(landing)["honest.py"].proven


@pytest.mark.slow
@pytest.mark.parametrize("tier", ["final", pytest.param("full", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("broken", "said"),
    [
        pytest.param("import danger\n\nVALUES = danger.leave()\n", "the tests crashed (exit code 7)", id="exit"),
        pytest.param(
            "import danger\n\nVALUES = danger.crash()\n",
            "the tests crashed (exit code -11): Fatal Python error: Segmentation fault",
            id="segfault",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "import danger\n\nVALUES = danger.hang()\n", "the tests timed out", id="hang", marks=pytest.mark.slow
        ),
        pytest.param("VALUES = (1,)\n", "test_mod::test_value[2] is gone", id="gone", marks=pytest.mark.slow),
        pytest.param(
            "VALUES = (1, 3)\n",
            "test_mod::test_value[3] is failed: assert 3 in (1, 2)",
            id="other",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_what_ends_the_runner_or_hides_tests(make_repo: MakeRepo, tier: str, broken: str, said: str) -> None:
    """A crash, a hang and tests that are gone: the reason is one line that says so."""
    found = reason(make_repo(FILES), broken, test_validation=tier, test_timeout_s=20)
    assert found.startswith(f"tests: {said}")
    assert "\n" not in found
    assert len(found) < 300


@pytest.mark.slow
@pytest.mark.parametrize("tier", ["final", "full", "quick"])
def test_what_leads_the_tests_to_an_installed_copy(make_repo: MakeRepo, tmp_path: Path, tier: str) -> None:
    """All tests pass then, and about other code: the patch that leads there is dropped."""
    site = tmp_path / "venv" / "lib"
    test = "import sys\nimport mod\nsys.path[:0] = mod.FIRST\nimport target\n\n\ndef test_x():\n    assert target.X\n"
    root = make_repo(
        {**FILES, "mod.py": "import os\n\nFIRST = ()\n", "test_mod.py": test, "target/__init__.py": "X = 1\n"}
    )
    env = environment(root, tmp_path / "venv", copy="target")
    (packages,) = site.glob("python3*/site-packages")
    rules = [
        {
            "path": "mod.py",
            "action": "replace",
            "old": "import os\n\nFIRST = ()",
            "new": f"FIRST = ({str(packages)!r},)",
        },
        {"path": "honest.py", "action": "replace", "old": "import os\n\n", "new": ""},
    ]
    landing = repair(
        root, checkers=RULES, agents=scripted(root, *rules, max_attempts=1), test_validation=tier, python=env.python[0]
    )
    assert by_path(landing)["honest.py"].commit
    assert by_path(landing)["mod.py"].reason.startswith("tests: the tests do not import the worktree (target from ")


@pytest.mark.slow
def test_what_a_checker_of_tests_cannot_import(make_repo: MakeRepo, tmp_path: Path) -> None:
    """The checker pytest runs the tests of patched trees, too: its verdict is unknown then, of that patch alone."""
    test = FILES["test_mod.py"] + "\n\ndef test_wrong():\n    assert mod.VALUES == ()\n"
    root = make_repo({**FILES, "test_mod.py": test})
    python = environment(root, tmp_path / "venv", pth=".").python[0]
    checkers: dict[str, object] = {**RULES, "pytest": {"enabled": True}}
    chosen = ["mod.py", "honest.py"]
    landing = repair(root, checkers=checkers, python=python, include=chosen, agents=agents(root, UNIMPORTABLE))
    assert by_path(landing)["honest.py"].commit
    assert f"test_mod: {UNREADABLE}" in by_path(landing)["mod.py"].reason
