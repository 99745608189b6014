"""Comparing two runs of a target's tests."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stomper.testing.results import AS_A_WHOLE, CaseResult, SuiteRun, SuiteState, files_without, worse


def outcome(*tests: tuple[str, str], state: SuiteState | None = None, returncode: int | None = None) -> SuiteRun:
    """A run with these tests (name, status)."""
    failed = any(status == "failed" for _, status in tests)
    cases = tuple(CaseResult(name, status) for name, status in tests)
    return SuiteRun(
        state=state or (SuiteState.FAILED if failed else SuiteState.PASSED),
        tests=cases,
        returncode=int(failed) if returncode is None else returncode,
        seconds=0.0,
        complaint="said so",
    )


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
        (GOOD, outcome(state=SuiteState.NONE, returncode=5), ["a is gone", "b is gone"]),
        (outcome(("a", "failed")), outcome(("a", "failed")), []),
        (outcome(("a", "failed")), outcome(("a", "passed")), []),
        (outcome(("a", "failed")), outcome(), ["a is gone"]),
        (outcome(("a", "skipped")), outcome(("a", "failed")), ["a is failed"]),
        (outcome(("a", "failed")), outcome(("a", "failed"), ("b", "failed")), ["b is failed"]),
        (outcome(state=SuiteState.NONE, returncode=5), outcome(("a", "failed")), ["a is failed"]),
    ],
)
def test_worse_names_each_test_that_got_worse(base: SuiteRun, now: SuiteRun, expected: list[str]) -> None:
    """Failed, vanished, skipped and new failing tests are worse; what failed before is not held against a fix."""
    assert sorted(worse(base, now).values()) == expected


@pytest.mark.parametrize("state", [SuiteState.CRASHED, SuiteState.TIMED_OUT])
def test_a_run_without_a_verdict_is_worse(state: SuiteState) -> None:
    """A crash and a timeout are worse whatever the tests said until then."""
    said = list(worse(GOOD, outcome(("a", "passed"), ("b", "passed"), state=state, returncode=3)).values())
    assert len(said) == 1
    assert str(state) in said[0]


def test_exit_codes_alone_are_compared() -> None:
    """Where no test is named a command that succeeded has to succeed; one that failed may fail again."""
    good, bad = outcome(), outcome(state=SuiteState.FAILED, returncode=2)
    assert worse(good, good) == {}
    assert worse(good, bad) == {AS_A_WHOLE: "the tests end with exit code 2: said so"}
    assert worse(bad, bad) == {}
    assert worse(bad, good) == {}


def test_tests_that_are_no_longer_run_are_worse() -> None:
    """Where no test is named either: "no tests" is less than "passed", and more than "failed"."""
    passed, none, failed = (outcome(state=s) for s in (SuiteState.PASSED, SuiteState.NONE, SuiteState.FAILED))
    runs = (passed, none, failed)
    assert [[bool(worse(base, now)) for now in runs] for base in runs] == [
        [False, True, True],
        [False, False, True],
        [False, False, False],
    ]


def test_a_file_that_can_be_collected_again_is_not_gone() -> None:
    """The entry of a file that could not be read for tests is not missed; its tests may pass or be skipped."""
    old = CaseResult("test_old", "failed", collected=False)
    base = SuiteRun(SuiteState.COLLECTION, (*GOOD.tests, old), 1, 0.0)
    assert worse(base, outcome(("a", "passed"), ("b", "passed"), ("test_old::c", "passed"))) == {}
    assert worse(base, base) == {}
    assert worse(GOOD, base) == {"test_old": "test_old is failed"}


@pytest.mark.parametrize("status", ["passed", "failed", "skipped"])
def test_an_address_in_a_name_does_not_make_another_test(status: str) -> None:
    """A test whose name holds an address is the same one in the next run, and its old failure is not held against."""
    base, now = outcome(("a[<o at 0x7f01>]", status)), outcome(("a[<o at 0x7f02>]", status))
    assert worse(base, now) == {}


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["passed", "failed", "skipped"])), max_size=6))
def test_a_run_is_never_worse_than_itself(tests: list[tuple[str, str]]) -> None:
    """The same run twice is no worse, also where two tests share a name."""
    assert worse(outcome(*tests), outcome(*tests)) == {}


def test_files_without_a_test_that_is_asked_for() -> None:
    """By the module in the test's name: an inherited test is defined in another file, and only that is known of it."""
    places = {
        "a.test_a::x": "a/test_a.py",
        "a.test_b.T::y[q::r.s]": "a/test_b.py",
        "test_c.T::y": "a/test_b.py",
        "d::z": "",
    }
    base = SuiteRun(SuiteState.PASSED, tuple(CaseResult(k, "passed", path=p) for k, p in places.items()), 0, 0.0)
    assert files_without(base, ["a.test_a::x"]) == {"a/test_b.py"}
    assert files_without(base, ["a.test_b.T::y[q::r.s]"]) == {"a/test_a.py"}
    assert files_without(base, ["test_c.T::y", "a.test_b", "a.test_a::new"]) == frozenset()
