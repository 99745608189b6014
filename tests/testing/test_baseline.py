"""The tests at the base commit: run once, kept between runs, and never taken for more than they are."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from stomper.errors import SuiteError
from stomper.fixing.session import Session
from stomper.models import Status
from stomper.testing.results import SuiteRun, SuiteState, worse
from tests.support.repositories import MakeRepo, open_run, write
from tests.support.runs import RULES, commit, nothing_landed, only, repair, scripted

PASSING = "def test_good():\n    assert True\n"
FAILING = "def test_bad():\n    assert False\n"


def session_on(root: Path, **settings: object) -> Session:
    """A session with tests."""
    return open_run(root, **{"checkers": RULES, **settings})


def baseline(root: Path, **settings: object) -> tuple[SuiteRun, int, list[str]]:
    """The baseline of one run, how often the suite was run for it, and the warnings."""
    session = session_on(root, **settings)
    try:
        run = session.baselines.at(session.base)
        assert session.baselines.at(session.base) is run
        return run, session.suite.whole_runs, session.warnings
    finally:
        session.close()


def test_it_is_run_once_for_a_commit_and_kept(make_repo: MakeRepo) -> None:
    """The next run at the same commit takes what the last one saw, and says so; another commit is run anew."""
    root = make_repo({"test_a.py": PASSING})
    first, runs, _ = baseline(root)
    assert (first.state, runs, first.kept) == (SuiteState.PASSED, 1, "")
    second, runs, _ = baseline(root)
    assert (second.state, runs) == (SuiteState.PASSED, 0)
    assert second.tests == first.tests
    assert "as a run saw them on" in second.words
    commit(root, "b.py", "x = 1\n")
    assert baseline(root)[1] == 1


@pytest.mark.slow
def test_another_command_is_another_baseline(make_repo: MakeRepo) -> None:
    """What one command saw says nothing of another."""
    root = make_repo({"test_a.py": PASSING, "test_b.py": PASSING})
    assert len(baseline(root)[0].tests) == 2
    run, runs, _ = baseline(root, test_command="python -m pytest test_b.py")
    assert (len(run.tests), runs) == (1, 1)


@pytest.mark.slow
def test_what_is_carried_makes_another_baseline(make_repo: MakeRepo) -> None:
    """A compiled extension that git ignores is there; with another one, what the tests said before says nothing."""
    test = "import pathlib\n\n\ndef test_a():\n    assert pathlib.Path('fast.so').read_bytes() == b'compiled'\n"
    root = make_repo({"test_a.py": test, ".gitignore": "*.so\n"})
    write(root, {"fast.so": b"compiled"})
    assert baseline(root)[0].state is SuiteState.PASSED
    assert baseline(root)[1] == 0
    write(root, {"fast.so": b"compiled otherwise"})
    with pytest.raises(SuiteError, match="none of 1 tests passes"):
        baseline(root)


@pytest.mark.slow
def test_what_can_be_collected_is_compared_where_something_cannot(make_repo: MakeRepo) -> None:
    """Tests of which some cannot be read are no measure; without those files the others speak against the fix."""
    test = "from shop import double\n\n\ndef test_double():\n    assert double(2) == 4\n"
    shop = "import os\n\n\ndef double(x):\n    return x + x\n"
    root = make_repo({"shop.py": shop, "test_shop.py": test, "test_old.py": "import nowhere\n\nnowhere.go()\n"})
    agents = scripted(root, {"action": "drop_lines"}, {"action": "replace", "old": "x + x", "new": "x + 1"})
    refused = repair(root, agents=agents, test_validation="final")
    assert nothing_landed(root, refused)
    named = re.search(r"--set 'test_command=(.* -m pytest --ignore=test_old\.py)'", refused.failure)
    assert named is not None, refused.failure
    landing = repair(root, agents=agents, test_validation="final", test_command=named[1])
    assert "test_double is failed" in only(landing).reason
    assert nothing_landed(root, landing)


@pytest.mark.slow
def test_a_fix_that_makes_a_file_collectable_lands(make_repo: MakeRepo) -> None:
    """Where that is what is repaired; that the file's own entry is gone, and its tests are new, is no harm."""
    root = make_repo({"test_a.py": PASSING, "test_old.py": "import nowhere\n\n\n" + PASSING})
    checkers = {**RULES, "pytest": {"enabled": True}}
    agents = scripted(root, {"action": "drop_lines"}, {"action": "replace", "old": "import nowhere\n", "new": ""})
    landing = repair(root, agents=agents, checkers=checkers, test_validation="final")
    assert only(landing).status is Status.FIXED
    assert len(landing.landed) == 1


@pytest.mark.parametrize(
    ("files", "state", "said"),
    [
        (
            {"test_a.py": PASSING + FAILING},
            SuiteState.FAILED,
            "fail at the base commit (failed · 1 passed, 1 failed",
        ),
        ({"a.py": "x = 1\n"}, SuiteState.NONE, "no tests were found"),
    ],
)
def test_a_weak_baseline_is_warned_of(
    make_repo: MakeRepo, files: dict[str, str | bytes], state: SuiteState, said: str
) -> None:
    """Failing, broken and missing tests are each said in words; a second run warns as well."""
    root = make_repo(files)
    for _ in range(2):
        run, _, warnings = baseline(root)
        assert run.state is state
        assert any(said in warning for warning in warnings)


def test_a_failing_baseline_can_be_refused(make_repo: MakeRepo) -> None:
    """With allow_failing_baseline = false the run stops before anything is paid for."""
    root = make_repo({"test_a.py": PASSING + FAILING})
    with pytest.raises(SuiteError, match="mend them first"):
        baseline(root, allow_failing_baseline=False)


def test_a_crash_is_no_baseline_and_is_not_kept(make_repo: MakeRepo) -> None:
    """A suite that dies proves nothing, now or later."""
    root = make_repo({"test_a.py": "import os\n\n\ndef test_a():\n    os.kill(os.getpid(), 9)\n"})
    for _ in range(2):
        with pytest.raises(SuiteError, match="prove nothing at the base commit: crashed"):
            baseline(root)


@pytest.mark.slow
def test_a_test_that_fails_now_and_then_at_the_base_counts_as_passed(make_repo: MakeRepo) -> None:
    """What failed is run again by itself: what passes then is flaky, and named; what fails each time may fail."""
    root = make_repo({"notes.txt": "1\n"})
    log = root.parent / "log"
    flaky = f"import pathlib\nlog = pathlib.Path({str(log)!r})\n\n\ndef test_a():\n    fails = not log.exists()\n"
    commit(root, "test_b.py", PASSING)
    commit(root, "test_a.py", flaky + "    log.touch()\n    assert not fails\n" + FAILING)
    run, runs, warnings = baseline(root)
    assert (runs, run.state) == (1, SuiteState.FAILED)
    assert {t.name: t.status for t in run.tests}["test_a::test_a"] == "passed"
    assert "flaky: test_a::test_a failed once and passed when it was run again" in warnings


def test_a_failure_of_that_day_excuses_nothing_later(make_repo: MakeRepo) -> None:
    """A baseline that was not all green is not kept: the next run sees for itself."""
    root = make_repo({"notes.txt": "1\n"})
    down = root.parent / "down"
    test = f"import pathlib\n\n\ndef test_a():\n    assert not pathlib.Path({str(down)!r}).exists()\n"
    commit(root, "test_a.py", test + "\n\n" + PASSING)
    down.touch()
    assert baseline(root)[0].state is SuiteState.FAILED
    down.unlink()
    run, runs, _ = baseline(root)
    assert (run.state, runs, run.kept) == (SuiteState.PASSED, 1, "")


@pytest.mark.slow
def test_what_was_proven_is_told_and_kept_though_the_tests_prove_nothing(make_repo: MakeRepo) -> None:
    """The report has every outcome and what it cost; the patches are files, and nothing lands."""
    root = make_repo({"a.py": "import os\n", "test_a.py": "import os\n\n\ndef test_a():\n    os._exit(3)\n"})
    landing = repair(root, include=["a.py"], test_validation="final", allow_failing_baseline=False)
    assert landing.failure
    assert landing.landed == ()
    outcome = only(landing)
    assert outcome.reason.startswith("proven, but nothing was landed: ")
    assert [a.result for a in outcome.attempts] == ["proven"]
    assert Path(outcome.patch_file).is_file()


UNIT = (
    "import unittest\n\nimport shop\n\n\nclass T(unittest.TestCase):\n"
    "    def test_one(self):\n        self.assertEqual(shop.ONE, 1)\n"
)
SKIPPED = UNIT.replace("class T", "@unittest.skip('not here')\nclass T")
SHOP = "ONE = 1\n"
NOTHING_RUN: dict[str, tuple[dict[str, str], str]] = {
    "pytest, all skipped": ({"test_a.py": SKIPPED}, ""),
    "unittest, all skipped": ({"test_a.py": SKIPPED}, "@ -m unittest test_a"),
    "unittest, none found": ({"tests.py": UNIT, "src/__init__.py": ""}, "@ -m unittest discover -s src -t ."),
    "pytest that only plans": ({"test_a.py": UNIT, "pytest.ini": "[pytest]\naddopts = --setup-plan\n"}, ""),
    "unittest that fails and says nothing by its exit code": (
        {"test_a.py": UNIT.replace("ONE, 1", "ONE, 2")},
        "sh -c '@ -m unittest test_a || true'",
    ),
    "pytest that fails and says nothing by its exit code": (
        {"test_a.py": UNIT.replace("ONE, 1", "ONE, 2")},
        "sh -c '@ -m pytest -q || true'",
    ),
}


@pytest.mark.parametrize("what", NOTHING_RUN)
def test_a_suite_in_which_no_test_passes_is_no_measure(make_repo: MakeRepo, what: str) -> None:
    """Whatever its exit code is."""
    files, command = NOTHING_RUN[what]
    root = make_repo({"shop.py": SHOP, **files})
    with pytest.raises(SuiteError, match=r"prove nothing|no tests were found|none of"):
        baseline(root, test_command=command.replace("@", sys.executable))


@pytest.mark.parametrize("way", ["import os\nos._exit(0)\n", "import os\nos.execl('/bin/true', 'true')\n"])
def test_a_process_that_ends_before_its_tests_do(make_repo: MakeRepo, way: str) -> None:
    """With the exit code of one that passed: fewer tests than before came to their end."""
    root = make_repo({"shop.py": SHOP, "test_a.py": UNIT})
    session = open_run(root, checkers=RULES, test_command=f"{sys.executable} -m unittest test_a")
    before = session.baselines.at(session.base)
    with session.pool.lease(session.base) as tree:
        assert worse(before, session.suite.run(tree.path, known=before)) == {}
        write(tree.path, {"shop.py": way + SHOP})
        now = session.suite.run(tree.path, known=before)
    session.close()
    assert worse(before, now) == {"": "no tests came to their end, and 1 did before"}
