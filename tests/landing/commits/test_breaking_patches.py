"""Patches that are good by themselves and break the tests together: who is dropped, and what it costs to find out."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from stomper.fixing.fix_file import process_file
from stomper.landing.land import Landing, land
from stomper.testing.flaky import BROKEN
from stomper.testing.suite import Suite
from tests.support.repositories import MakeRepo, open_run
from tests.support.runs import RULES, by_path, scripted

NAMES = ("a", "b", "c")
MODULE = "import os\n\nVALUE = 1\n"
TEST = "import {0}\n\n\ndef test_{0}():\n    assert {0}.VALUE == 1\n"


def landed(root: Path, wrong: str, names: Sequence[str] = NAMES, **settings: object) -> tuple[Landing, Suite]:
    """A run that lands fixes of all files, of which those in *wrong* also make VALUE 2."""
    rules = [{"path": f"{n}.py", "action": "replace", "old": "import os\n\nVALUE = 1", "new": f"VALUE = {1 + (n in wrong)}"}
             for n in names]  # fmt: skip
    agents = scripted(root, *rules, max_attempts=1)
    session = open_run(root, checkers=RULES, test_validation="final", agents=agents, **settings)
    try:
        session.collect()
        outcomes = [process_file(session, job) for job in session.select()[0]]
        return land(session, outcomes, contextlib.nullcontext), session.suite
    finally:
        session.close()


def dropped(landing: Landing) -> dict[str, str]:
    """The files that did not land, with the reason."""
    return {path: o.reason for path, o in by_path(landing).items() if not o.commit}


@pytest.mark.slow
@pytest.mark.parametrize("wrong", ["b", "ac"])
def test_culprits_are_found_by_their_tests_alone(make_repo: MakeRepo, wrong: str) -> None:
    """One or two culprits among three files: the complete suite runs at the base, with all of them, and with what lands."""
    root = make_repo({f"{n}.py": MODULE for n in NAMES} | {f"test_{n}.py": TEST.format(n) for n in NAMES})
    landing, suite = landed(root, wrong)
    assert dropped(landing) == {f"{n}.py": f"tests: test_{n}::test_{n} is failed: assert 2 == 1" for n in wrong}
    assert suite.whole_runs == 3


BY_ORDER = """\
import a


def test_first():
    a.SEEN = a.VALUE


def test_second():
    assert getattr(a, "SEEN", 1) == 1
"""
PAIR = "import a\nimport b\n\n\ndef test_both():\n    assert a.VALUE + b.VALUE < 4\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("test", "wrong", "out"),
    [(BY_ORDER, "a", "a"), (PAIR, "ab", "b")],
    ids=["only after another test", "only together"],
)
def test_what_one_test_alone_does_not_show(make_repo: MakeRepo, test: str, wrong: str, out: str) -> None:
    """A test that fails only after another one, and a pair that fails only together: one patch is dropped for each."""
    root = make_repo({f"{n}.py": MODULE for n in NAMES} | {"test_all.py": test})
    landing, _ = landed(root, wrong)
    assert set(dropped(landing)) == {f"{n}.py" for n in out}


def test_a_command_without_names_is_run_as_a_whole(make_repo: MakeRepo) -> None:
    """An exit code says nothing of which test fails, so that nothing else can be asked for."""
    check = "".join(f"import {n}\n" for n in NAMES) + "".join(f"assert {n}.VALUE == 1\n" for n in NAMES)
    root = make_repo({f"{n}.py": MODULE for n in NAMES} | {"check.py": check})
    landing, suite = landed(root, "c", test_command=f"{sys.executable} check.py")
    assert set(dropped(landing)) == {"c.py"}
    assert suite.part_runs == 0


@pytest.mark.slow
@pytest.mark.parametrize("command", ["", f"{sys.executable} test_all.py", f"{sys.executable} -m unittest test_all"])
def test_many_culprits_behind_one_test(make_repo: MakeRepo, command: str) -> None:
    """Five of six files break one test, by name or not: all runs together are no more than halving's, which has eleven, the
    one at the base and the last one; and by name those that make sure of all together, and of each of the five."""
    names = "abcdef"
    imports = "".join(f"import {n}\n" for n in names)
    checks = "".join(f"        assert {n}.VALUE == 1\n" for n in names)
    test = f"import unittest\n{imports}\n\nclass TestAll(unittest.TestCase):\n    def test_all(self):\n{checks}"
    script = f"{test}\n\nif __name__ == '__main__':\n    unittest.main()\n"
    root = make_repo({f"{n}.py": MODULE for n in names} | {"test_all.py": script})
    landing, suite = landed(root, "abcde", names, test_command=command)
    assert set(dropped(landing)) == {f"{n}.py" for n in "abcde"}
    assert all("assert 2 == 1" in said or "AssertionError" in said for said in dropped(landing).values())
    sure = 0 if command else (1 + len("abcde")) * BROKEN
    assert suite.whole_runs + suite.part_runs <= 13 + sure
