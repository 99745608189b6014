"""Broken is told from flaky: on real runs of pytest before and after a change, and by seeded dice."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from stomper.environment.python import Environment
from stomper.testing.flaky import EXCUSED, Judgement, confirmed, settled
from stomper.testing.results import SuiteRun, SuiteState
from stomper.testing.suite import Suite
from tests.support.flaky_suite import DicedSuite, DicedTest
from tests.support.repositories import MakeRepo, write

GOOD = "def test_first():\n    assert True\n\n\ndef test_second():\n    assert True\n"
# COUNT is how often this place in the file was met before.
COUNTED = """\
import pathlib


def count(seen=pathlib.Path({log!r})):
    met = len(seen.read_text()) if seen.exists() else 0
    with seen.open("a") as out:
        out.write("x")
    return met


"""


def judged(root: Path, before: str, after: str, command: str = "") -> tuple[list[str], list[str], int]:
    """What is broken and flaky once test_a.py is *after* instead of *before*, and how many whole runs that took."""
    suite = Suite(Environment(root, "these tests", (sys.executable,)), command, 60, root.parent / "scratch")
    counted = COUNTED.format(log=str(root.parent / "log"))
    write(root, {"test_a.py": before})
    base = suite.run(root)
    write(root, {"test_a.py": counted + after if "count()" in after else after})
    found = confirmed(suite, root, base, suite.run(root))
    return found.said, list(found.flaky), suite.whole_runs - 1


SECOND = ["test_a::test_second is failed"]
GONE = ["test_a::test_second is gone"]
BOTH = "LEFT = []\n\n\ndef test_first():\n    LEFT.append(1)\n\n\ndef test_second():\n    assert not LEFT\n"
VANISHES = "def test_first():\n    pass\n\n\nif {}:\n    def test_second():\n        pass\n"


@pytest.mark.slow
@pytest.mark.parametrize("options", ["", "-p xdist -n 1"])
@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (GOOD, ([], [], 1)),
        (GOOD.replace("second():\n    assert True", "second():\n    assert False"), (SECOND, [], 1)),
        (GOOD.replace("second():\n    assert True", "second():\n    assert count()"), ([], SECOND, 2)),
        (GOOD.replace("second():\n    assert True", "second():\n    assert count() == 1"), (SECOND, [], 5)),
        (BOTH, (SECOND, [], 5)),
        (VANISHES.format("False"), (GONE, [], 2)),
        (VANISHES.format("count()"), ([], GONE, 2)),
        ("import nowhere\n" + GOOD, (["test_a is failed"], [], 1)),
    ],
    ids=["good", "always", "once", "not alone", "by what runs before", "gone", "gone once", "not collected"],
)
def test_broken_is_told_from_flaky(
    make_repo: MakeRepo, options: str, after: str, expected: tuple[list[str], list[str], int]
) -> None:
    """A new failure is run alone; what passes there, or is gone, is looked for in the whole suite once more."""
    command = f"{sys.executable} -m pytest {options}" if options else ""
    if options and "count()" in after.partition("test_first")[0]:
        pytest.skip("xdist collects more than once")
    assert judged(make_repo({"test_b.py": GOOD}), GOOD, after, command) == expected


@pytest.mark.slow
def test_a_broken_test_with_an_address_in_its_name_is_found_alone(make_repo: MakeRepo) -> None:
    """The address is another one in each run; the test is the same."""
    before = "import pytest\n\n\n@pytest.mark.parametrize('x', [object()], ids=repr)\ndef test_a(x):\n    assert x\n"
    broken, _, whole = judged(make_repo({"notes.txt": "1\n"}), before, before.replace("assert x", "assert not x"))
    assert (broken, whole) == (["test_a::test_a[<object object at 0x>] is failed"], 1)


@pytest.mark.parametrize(
    ("condition", "broken"), [pytest.param("True", True, marks=pytest.mark.slow), ("not count()", False)]
)
def test_an_exit_code_that_no_test_explains(make_repo: MakeRepo, condition: str, broken: bool) -> None:
    """All tests pass and pytest fails, as it does for too little coverage: twice it is broken, once it is flaky."""
    hook = "\n\n@pytest.hookimpl(trylast=True)\ndef pytest_sessionfinish(session):\n    if CONDITION:\n"
    plugin = "import pytest, sys\n" + hook.replace("CONDITION", condition) + "        session.exitstatus = 1\n"
    after = plugin + "\n\ndef pytest_configure(config):\n    pass\n\n\n" + GOOD
    root = make_repo({"conftest.py": "def pytest_collection(session):\n    import test_a\n    "
                      "session.config.pluginmanager.register(test_a, 'mine')\n"})  # fmt: skip
    said = "the tests end with exit code 1: "
    found = judged(root, GOOD, after)
    assert [len(part) for part in found[:2]] == ([1, 0] if broken else [0, 1])
    assert [*found[0], *found[1]][0].startswith(said)


def test_two_bad_runs_of_a_script_are_broken(make_repo: MakeRepo) -> None:
    """A command that names no tests cannot be asked for one of them: it is run again as a whole."""
    command = f"{sys.executable} test_a.py"
    root = make_repo({"notes.txt": "1\n"})
    assert judged(root, "", "raise SystemExit('no good')\n", command) == (
        ["the tests end with exit code 1: no good"],
        [],
        2,
    )
    assert judged(root, "", "raise SystemExit(5)\n", command)[0] == ["the tests end with exit code 5: failed"]


def test_tests_after_an_old_failure_are_held_to_what_they_were(make_repo: MakeRepo) -> None:
    """A target that stops at the first failure, and has one: the tests after it are compared all the same."""
    root = make_repo({"pytest.ini": "[pytest]\naddopts = -x\n"})
    before = GOOD.replace("first():\n    assert True", "first():\n    assert False")
    broken, _, _ = judged(root, before, before.replace("second():\n    assert True", "second():\n    assert False"))
    assert broken == SECOND


BASE, PATCHED = Path("/base"), Path("/patched")
SEEDS = range(3000)
STEADY = DicedTest("test_a.py", lambda _: True)
FLAKY = DicedTest("test_b.py", lambda _: True, flaky=True)


def by_dice(seed: int, **tests: DicedTest) -> tuple[SuiteRun, Judgement, DicedSuite]:
    """The settled run at the base, and what speaks against the patch."""
    suite = DicedSuite({"steady": STEADY, **tests}, seed)
    base = settled(suite, BASE, suite.run(BASE))
    return base, confirmed(suite, PATCHED, base, suite.run(PATCHED)), suite


def test_what_a_patch_always_breaks_is_not_excused_by_a_flaky_base() -> None:
    """A test that fails in 30 % of its runs at the base, and with the patch in all."""
    breaks = DicedTest("test_a.py", lambda tree: tree != PATCHED, flaky=True)
    found = [by_dice(seed, broken=breaks) for seed in SEEDS]
    assert all(judged.broken for _, judged, _ in found)
    seen = sum("broken" in suite.flaky for _, _, suite in found)
    assert 0.25 < seen / len(SEEDS) < 0.35


def test_a_flaky_test_speaks_against_next_to_no_patch() -> None:
    """Of patches that it has nothing to do with, fewer than one in a hundred."""
    found = [by_dice(seed, beside=FLAKY) for seed in SEEDS]
    assert sum(bool(judged.broken) for _, judged, _ in found) < len(SEEDS) / 100


def test_what_fails_each_time_at_the_base_is_excused() -> None:
    """It is seen to fail in as many runs as it takes, and is no flaky one."""
    base, judged, suite = by_dice(0, old=DicedTest("test_a.py", lambda _: False))
    assert (base.state, judged.broken, suite.flaky) == (SuiteState.FAILED, {}, set())
    assert suite.part_runs == EXCUSED - 1


def test_what_fails_at_the_base_by_chance_counts_as_passed() -> None:
    """The suite is green then, and the test is known to be flaky."""
    fallen = next(seed for seed in SEEDS if DicedSuite({"beside": FLAKY}, seed).run(BASE).state is SuiteState.FAILED)
    base, _, suite = by_dice(fallen, beside=FLAKY)
    assert (base.state, suite.flaky) == (SuiteState.PASSED, {"beside"})
    assert base.worst()["beside"].status == "passed"
