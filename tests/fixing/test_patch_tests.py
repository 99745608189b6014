"""`test_validation = "quick"`: each fix is proven by the tests that it can reach, and all together by all tests."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from stomper.fixing.fix_file import process_file
from stomper.landing.land import Landing, land
from stomper.models import Outcome, Report, Status
from stomper.reports.test_selection import how_tested
from stomper.testing.suite import Suite
from tests.support.repositories import MakeRepo, open_run
from tests.support.runs import RULES, by_path, scripted

SHOP = """\
import os

RATE = 2


def double(x):
    return RATE * x


def half(x):
    return x / 2
"""
FILES: dict[str, str | bytes] = {
    "shop.py": SHOP,
    "till.py": "import shop\n\n\ndef pay(x):\n    return shop.double(x)\n",
    "test_shop.py": "import shop\n\n\ndef test_double():\n    assert shop.double(2) == 4\n\n\n"
    "def test_half():\n    assert shop.half(4) == 2\n",
    "test_till.py": "import till\n\n\ndef test_pay():\n    assert till.pay(1) == 2\n",
    "test_other.py": "def test_other():\n    assert True\n",
}


def fixed(root: Path, edits: Mapping[str, str], **settings: object) -> tuple[Landing, Suite]:
    """A run that repairs shop.py, by these edits alone."""
    rules = [{"path": "shop.py", "action": "replace", "old": old, "new": new} for old, new in edits.items()]
    agents = scripted(root, *rules, max_attempts=1)
    session = open_run(root, **{"checkers": RULES, "test_validation": "quick", "agents": agents, **settings})
    try:
        session.collect()
        outcomes = [process_file(session, job) for job in session.select()[0]]
        return land(session, outcomes, contextlib.nullcontext), session.suite
    finally:
        session.close()


@pytest.mark.parametrize(
    ("edits", "tests", "reason"),
    [
        pytest.param(
            {"import os\n\n": "", "x / 2": "x / 2.0"}, "1 of 4 tests, by what they run", "", marks=pytest.mark.slow
        ),
        (
            {"import os\n\n": "", "x / 2": "x / 3"},
            "1 of 4 tests, by what they run",
            "tests: test_shop::test_half is failed: assert 1.3333333333333333 == 2",
        ),
        pytest.param(
            {"import os\n\nRATE = 2": "RATE = 3"},
            "2 of 4 tests, by what they run",
            "tests: test_shop::test_double is failed; test_till::test_pay is failed: assert 6 == 4",
            marks=pytest.mark.slow,
        ),
    ],
    ids=["good", "bad", "bad by a value"],
)
def test_a_fix_is_tested_by_what_it_can_reach(
    make_repo: MakeRepo, edits: Mapping[str, str], tests: str, reason: str
) -> None:
    """A function's tests are those that run it, a value's those that run what uses it, through other modules too. The
    complete suite runs at the base commit, and with what lands."""
    root = make_repo(FILES)
    landing, suite = fixed(root, edits)
    outcome = by_path(landing)["shop.py"]
    assert (outcome.tests, outcome.reason) == (tests, reason)
    assert suite.whole_runs == (1 if reason else 2)


def test_the_report_says_how_files_were_tested() -> None:
    """In one line: what was tested by some tests, by all, and by none."""
    words = ("3 of 9 tests, by what they run", "no test reaches it", "all tests: who reads a.txt is not known", "")
    outcomes = tuple(Outcome(path=str(n), status=Status.FAILED, tests=said) for n, said in enumerate(words))
    report = Report(run_id="r", repository="/r", base="0", branch="main", land="commit", outcomes=outcomes,
                    test_validation="quick", test_runs=3, part_test_runs=4)  # fmt: skip
    assert how_tested(report) == (
        "1 file(s) by the tests that reach it, 1 file(s) by all tests, 1 file(s) that no test reaches; then all together by "
        "the complete suite. 3 run(s) of the suite, 4 of some of its tests"
    )
    assert how_tested(report.model_copy(update={"test_validation": "full"})) == ""


def test_a_command_that_names_no_tests_runs_all(make_repo: MakeRepo) -> None:
    """An exit code is all there is, so that is what a fix is held to."""
    check = "import shop\n\nassert shop.double(2) == 4\nassert shop.half(4) == 2\n"
    root = make_repo({"shop.py": SHOP, "check.py": check})
    landing, suite = fixed(root, {"import os\n\n": "", "x / 2": "x / 3"}, test_command=f"{sys.executable} check.py")
    outcome = by_path(landing)["shop.py"]
    assert outcome.tests == "all tests: the command does not run some by name"
    assert outcome.reason.startswith("tests: the tests end with exit code 1")
    assert suite.part_runs == 0


@pytest.mark.slow
def test_a_few_failures_are_enough(make_repo: MakeRepo, tmp_path: Path) -> None:
    """Of forty tests that a fix breaks ten are run, these ten four times more, and once without the fix."""
    log = tmp_path / "ran"
    source = (
        "import pytest\nimport shop\n\n\n@pytest.mark.parametrize('n', range(40))\ndef test_half(n):\n"
        f"    open({str(log)!r}, 'a').write('.')\n    assert shop.half(4) == 2\n"
    )
    root = make_repo({"shop.py": SHOP, "test_shop.py": source})
    landing, suite = fixed(root, {"import os\n\n": "", "x / 2": "x / 3"})
    outcome = by_path(landing)["shop.py"]
    assert outcome.tests == "40 of 40 tests, by what they run"
    assert outcome.reason.startswith("tests: test_shop::test_half[0] is failed; ")
    assert len(log.read_text()) == 40 + 6 * 10
    assert (suite.whole_runs, suite.part_runs) == (1, 6)


ORDERED = """\
import shop

SEEN = []


def test_first():
    SEEN.append(1)


def test_second():
    assert SEEN and shop.half(4) == 2
"""


@pytest.mark.slow
@pytest.mark.parametrize("wrong", [False, True])
def test_a_test_that_needs_another_is_judged_by_all(make_repo: MakeRepo, wrong: bool) -> None:
    """By itself it fails with and without the fix, so that the complete suite has to say."""
    root = make_repo({"shop.py": SHOP, "test_shop.py": ORDERED})
    landing, _ = fixed(root, {"import os\n\n": "", "x / 2": f"x / {3 if wrong else 2.0}"})
    outcome = by_path(landing)["shop.py"]
    assert outcome.tests == "1 of 2 tests, by what they run, then all"
    assert outcome.reason == (
        "tests: test_shop::test_second is failed: assert ([1] and 1.3333333333333333 == 2)" if wrong else ""
    )


@pytest.mark.slow
def test_what_was_noted_is_kept(make_repo: MakeRepo) -> None:
    """The next run at the same commit knows it too: the complete suite runs only for what lands."""
    root = make_repo(FILES)
    edits = {"import os\n\n": "", "x / 2": "x / 3"}
    assert fixed(root, edits)[1].whole_runs == 1
    landing, suite = fixed(root, edits, retry_failed=True)
    assert (by_path(landing)["shop.py"].tests, suite.whole_runs) == ("1 of 4 tests, by what they run", 0)
