"""Running a target's tests and comparing two runs of them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stomper import errors, testing
from stomper.environment import Environment
from stomper.testing import Suite, confirmed, worse
from tests.conftest import MakeRepo

PASSING = "def test_good():\n    assert True\n"
FAILING = "def test_bad():\n    assert False, 'on purpose'\n"


def outcome(
    *tests: tuple[str, str], state: testing.SuiteState | None = None, returncode: int | None = None
) -> testing.SuiteRun:
    """A run with these tests (name, status)."""
    failed = any(status == "failed" for _, status in tests)
    results = tuple(testing.CaseResult(name, status) for name, status in tests)
    return testing.SuiteRun(
        state=state or (testing.SuiteState.FAILED if failed else testing.SuiteState.PASSED),
        tests=results,
        returncode=int(failed) if returncode is None else returncode,
        seconds=0.0,
        complaint="said so",
    )


def suite(
    root: Path, command: str = "", *, timeout_s: float = 120, python: tuple[str, ...] = (sys.executable,)
) -> Suite:
    """The suite of *root*, run by the interpreter of these tests."""
    return Suite(Environment(root, "these tests", python), command, timeout_s, root.parent / "scratch")


GOOD = outcome(("a", "passed"), ("b", "passed"))


@pytest.mark.parametrize(
    ("base", "now", "expected"),
    [
        (GOOD, GOOD, []),
        (GOOD, outcome(("a", "passed"), ("b", "failed")), ["b is failed"]),
        (GOOD, outcome(("a", "passed")), ["b is gone"]),
        (GOOD, outcome(("a", "passed"), ("b", "skipped")), ["b is skipped"]),
        (GOOD, outcome(("a", "passed"), ("b", "passed"), ("c", "failed")), ["c is failed"]),
        (GOOD, outcome(("a", "passed"), ("b", "passed"), ("c", "passed")), []),
        (GOOD, outcome(state=testing.SuiteState.NONE, returncode=5), ["a is gone", "b is gone"]),
        (outcome(("a", "failed")), outcome(("a", "failed")), []),
        (outcome(("a", "failed")), outcome(("a", "passed")), []),
        (outcome(("a", "failed")), outcome(), ["a is gone"]),
        (outcome(("a", "skipped")), outcome(("a", "failed")), ["a is failed"]),
        (outcome(("a", "failed")), outcome(("a", "failed"), ("b", "failed")), ["b is failed"]),
        (outcome(state=testing.SuiteState.NONE, returncode=5), outcome(("a", "failed")), ["a is failed"]),
    ],
)
def test_worse_names_each_test_that_got_worse(
    base: testing.SuiteRun, now: testing.SuiteRun, expected: list[str]
) -> None:
    """Failed, vanished, skipped and new failing tests are worse; what failed before is not held against a fix."""
    assert worse(base, now) == expected


@pytest.mark.parametrize("state", [testing.SuiteState.CRASHED, testing.SuiteState.TIMED_OUT])
def test_a_run_without_a_verdict_is_worse(state: testing.SuiteState) -> None:
    """A crash and a timeout are worse whatever the tests said until then."""
    said = worse(GOOD, outcome(("a", "passed"), ("b", "passed"), state=state, returncode=3))
    assert len(said) == 1
    assert str(state) in said[0]


def test_exit_codes_alone_are_compared() -> None:
    """Where no test is named a command that succeeded has to succeed; one that failed may fail again."""
    good, bad = outcome(), outcome(state=testing.SuiteState.FAILED, returncode=2)
    assert worse(good, good) == []
    assert worse(good, bad) == ["the tests fail with exit code 2: said so"]
    assert worse(bad, bad) == []
    assert worse(bad, good) == []


@pytest.mark.parametrize("status", ["passed", "failed", "skipped"])
def test_an_address_in_a_name_does_not_make_another_test(status: str) -> None:
    """A test whose name holds an address is the same one in the next run, and its old failure is not held against."""
    base, now = outcome(("a[<o at 0x7f01>]", status)), outcome(("a[<o at 0x7f02>]", status))
    assert worse(base, now) == []


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["passed", "failed", "skipped"])), max_size=6))
def test_a_run_is_never_worse_than_itself(tests: list[tuple[str, str]]) -> None:
    """The same run twice is no worse, also where two tests share a name."""
    assert worse(outcome(*tests), outcome(*tests)) == []


@pytest.mark.parametrize(
    ("files", "state", "statuses"),
    [
        ({"test_a.py": PASSING}, testing.SuiteState.PASSED, {"test_a::test_good": "passed"}),
        (
            {"test_a.py": PASSING + FAILING},
            testing.SuiteState.FAILED,
            {"test_a::test_good": "passed", "test_a::test_bad": "failed"},
        ),
        ({"test_a.py": "x = 1\n"}, testing.SuiteState.NONE, {}),
        (
            {"test_a.py": "import no_such_thing\n", "test_b.py": PASSING},
            testing.SuiteState.COLLECTION,
            {"test_a": "failed"},
        ),
        (
            {"test_a.py": "import pytest\ndef test_s():\n    pytest.skip('no')\n"},
            testing.SuiteState.PASSED,
            {"test_a::test_s": "skipped"},
        ),
        (
            {"test_a.py": "import pytest\n@pytest.fixture\ndef f():\n    assert 0\ndef test_e(f):\n    pass\n"},
            testing.SuiteState.FAILED,
            {"test_a::test_e": "failed"},
        ),
        ({"conftest.py": "import no_such_thing\n", "test_a.py": PASSING}, testing.SuiteState.CRASHED, {}),
    ],
)
def test_pytest_is_read_test_by_test(
    make_repo: MakeRepo, files: Mapping[str, str], state: testing.SuiteState, statuses: dict[str, str]
) -> None:
    """Passing, failing, skipped, missing and broken tests are told apart by name."""
    run = suite(root := make_repo(files)).run(root)
    assert (run.state, {t.name: t.status for t in run.tests}) == (state, statuses)


def test_a_failure_says_where_and_why(make_repo: MakeRepo) -> None:
    """A failing test has its file, line and message; a run in words counts its tests."""
    run = suite(root := make_repo({"tests/test_a.py": PASSING + FAILING})).run(root)
    failed = next(t for t in run.tests if t.status == "failed")
    assert (failed.path, failed.line) == ("tests/test_a.py", 3)
    assert "on purpose" in failed.message
    assert run.words == "failed · 1 passed, 1 failed"


def test_a_run_can_be_limited_to_files(make_repo: MakeRepo) -> None:
    """Only the files asked for are run."""
    root = make_repo({"test_a.py": PASSING, "test_b.py": FAILING})
    run = suite(root).run(root, ["test_a.py"])
    assert (run.state, [t.name for t in run.tests]) == (testing.SuiteState.PASSED, ["test_a::test_good"])


def test_a_run_that_takes_too_long_is_no_verdict(make_repo: MakeRepo) -> None:
    """A suite that hangs is stopped and called timed out."""
    root = make_repo({"test_a.py": "import time\ndef test_slow():\n    time.sleep(600)\n"})
    assert suite(root, timeout_s=3).run(root).state is testing.SuiteState.TIMED_OUT


def test_nothing_is_written_into_the_tree(make_repo: MakeRepo) -> None:
    """A run of the tests leaves no cache, byte code or report in the tree."""
    root = make_repo({"test_a.py": PASSING})
    suite(root).run(root)
    assert sorted(p.name for p in root.iterdir()) == [".git", "test_a.py"]


@pytest.mark.parametrize(
    ("code", "state"), [(0, testing.SuiteState.PASSED), (1, testing.SuiteState.FAILED), (7, testing.SuiteState.FAILED)]
)
def test_another_command_is_judged_by_its_exit_code(make_repo: MakeRepo, code: int, state: testing.SuiteState) -> None:
    """A command that is not pytest passes with exit code 0 and fails with any other."""
    root = make_repo({"check.py": f"print('said')\nraise SystemExit({code})\n"})
    run = suite(root, f"{sys.executable} check.py").run(root)
    assert (run.state, run.tests, run.returncode) == (state, (), code)


def test_pytest_within_another_command_is_read_too(make_repo: MakeRepo) -> None:
    """A command that starts pytest somewhere inside is still read test by test."""
    code = "import subprocess, sys\nsys.exit(subprocess.call([sys.executable, '-m', 'pytest', 'test_a.py']))\n"
    root = make_repo({"check.py": code, "test_a.py": PASSING + FAILING})
    run = suite(root, f"{sys.executable} check.py").run(root)
    assert (run.state, len(run.tests)) == (testing.SuiteState.FAILED, 2)


@pytest.mark.parametrize(
    ("files", "only", "state"),
    [
        ({"test_a.py": "x = 1\n"}, (), testing.SuiteState.NONE),
        ({"conftest.py": "import no_such_thing\n", "test_a.py": PASSING}, (), testing.SuiteState.CRASHED),
        ({"test_a.py": PASSING, "test_b.py": FAILING}, ("test_a.py",), testing.SuiteState.PASSED),
    ],
)
def test_pytest_behind_a_launcher_is_still_pytest(
    make_repo: MakeRepo, files: Mapping[str, str], only: tuple[str, ...], state: testing.SuiteState
) -> None:
    """With an interpreter behind a launcher of several words, as with `uv run`, pytest is told from other commands."""
    root = make_repo(files)
    launcher = ("env", "A=1", "B=2", "C=3", "D=4", sys.executable)
    assert suite(root, python=launcher).run(root, only).state is state


@pytest.mark.parametrize(
    "config", ["addopts = --ff\n", "addopts = --strict-config\ncache_dir = .cache\n", "junit_family = xunit2\n"]
)
def test_the_targets_own_options_still_work(make_repo: MakeRepo, config: str) -> None:
    """Options of the target that have to do with the cache or the JUnit file do not break the run."""
    root = make_repo({"pytest.ini": f"[pytest]\n{config}", "test_a.py": PASSING})
    run = suite(root).run(root)
    assert run.words == "passed · 1 passed"


def test_packages_of_the_tree_are_imported_from_it(make_repo: MakeRepo) -> None:
    """A package under src/, and one in the root, come from the tree that is tested."""
    check = "import inside, outer\n\ndef test_from():\n    assert (inside.WHERE, outer.WHERE) == ('src', 'root')\n"
    root = make_repo(
        {
            "src/inside/__init__.py": "WHERE = 'src'\n",
            "outer/__init__.py": "WHERE = 'root'\n",
            "tests/test_a.py": check,
        }
    )
    assert suite(root).run(root).state is testing.SuiteState.PASSED


def test_a_missing_command_says_what_to_set(make_repo: MakeRepo) -> None:
    """A test command that does not exist, or cannot be split, is an error that names the way out."""
    root = make_repo({"test_a.py": PASSING})
    with pytest.raises(errors.SuiteError, match=r"no-such-program.*test_command"):
        suite(root, "no-such-program --all").run(root)
    with pytest.raises(errors.SuiteError, match="cannot be split"):
        suite(root, "pytest 'unclosed")


TWICE = """\
import pathlib, sys
{order}
def test_first():
    assert True


def test_second():
    seen = pathlib.Path({log!r})
    count = len(seen.read_text()) if seen.exists() else 0
    with seen.open("a") as out:
        out.write("x")
    assert {condition}
"""


@pytest.mark.parametrize(
    ("condition", "broken", "flaky", "whole"),
    [
        ("False", ["test_a::test_second is failed"], [], 1),
        ("count != 0", [], ["test_a::test_second is failed"], 2),
        ("count == 1", ["test_a::test_second is failed"], [], 2),
    ],
    ids=["fails always", "fails once", "fails but alone"],
)
def test_broken_is_told_from_flaky(
    make_repo: MakeRepo, condition: str, broken: list[str], flaky: list[str], whole: int
) -> None:
    """A new failure is run alone; what passes there is run with all the others again, and only then believed."""
    root = make_repo({"notes.txt": "1\n"})
    log = str(root.parent / "log")
    (root / "test_a.py").write_text(TWICE.format(order="", log=log, condition=condition))
    tests = suite(root)
    base = outcome(("test_a::test_first", "passed"), ("test_a::test_second", "passed"))
    assert confirmed(tests, root, base, tests.run(root)) == (broken, flaky)
    assert tests.whole_runs == whole


def test_a_test_in_a_class_is_asked_for_alone(make_repo: MakeRepo) -> None:
    """Classes, parameters and folders: each failing test can be named to pytest."""
    source = "import pytest\n\n\nclass TestA:\n    @pytest.mark.parametrize('x', ['a b', 'c[1]'])\n"
    root = make_repo({"tests/deep/test_a.py": source + "    def test_it(self, x):\n        assert not x\n"})
    tests = suite(root)
    nodes = [t.node for t in tests.run(root).tests]
    assert nodes == ["tests/deep/test_a.py::TestA::test_it[a b]", "tests/deep/test_a.py::TestA::test_it[c[1]]"]
    assert [t.node for t in tests.run(root, nodes[1:]).tests] == nodes[1:]
