"""What is said of tests that prove nothing: why, and what helps."""

from __future__ import annotations

from pathlib import Path

from stomper.testing.diagnosis import Here, cure, missing_modules, not_as_in_the_checkout, proves_nothing
from stomper.testing.results import CaseResult, SuiteRun, SuiteState


def suite(state: SuiteState, *tests: CaseResult, complaint: str = "") -> SuiteRun:
    """A run that ended so."""
    return SuiteRun(state, tests, 1, 0.1, complaint)


PASSED = CaseResult("test_a::test_a", "passed", path="test_a.py")
FAILED = CaseResult("test_b::test_b", "failed", "assert 1 == 2", path="test_b.py")
UNREAD = CaseResult("::test_c", "failed", "ModuleNotFoundError: No module named 'shop._version'", collected=False)


def test_some_that_pass_are_a_measure() -> None:
    """Tests that failed before are not held against a fix, as long as others pass."""
    assert proves_nothing(suite(SuiteState.PASSED, PASSED)) == ""
    assert proves_nothing(suite(SuiteState.FAILED, PASSED, FAILED)) == ""
    assert proves_nothing(suite(SuiteState.NONE)) == ""


def test_what_is_no_measure_is_said_with_its_reason() -> None:
    """None passes, a file cannot be read, the runner dies, a command fails without a word of which test."""
    assert proves_nothing(suite(SuiteState.FAILED, FAILED)) == "none of 1 tests passes: test_b.py: assert 1 == 2"
    assert "1 file(s) with tests cannot be read: test_c.py: ModuleNotFoundError" in proves_nothing(
        suite(SuiteState.COLLECTION, PASSED, UNREAD)
    )
    assert proves_nothing(suite(SuiteState.CRASHED, complaint="no such option")).startswith("crashed (exit code 1)")
    assert "names no test" in proves_nothing(suite(SuiteState.FAILED, complaint="boom"))


def test_the_cure_names_the_file_that_git_ignores(tmp_path: Path) -> None:
    """A module that lies in the checkout is not to be installed."""
    (tmp_path / "shop").mkdir()
    here = Here(tmp_path, ignored=("shop/_version.py",), python="python3 on PATH")
    said = cure(suite(SuiteState.COLLECTION, PASSED, UNREAD), here, "python -m pytest")
    assert "shop._version is shop/_version.py in your checkout, which git ignores" in said
    assert "install shop" not in said
    assert "--set 'test_command=python -m pytest --ignore=test_c.py'" in said
    assert said.endswith("--test-validation none")


def test_the_cure_names_what_is_to_be_installed(tmp_path: Path) -> None:
    """With the interpreter that lacks it."""
    said = cure(
        suite(SuiteState.CRASHED, complaint="No module named 'requests'"), Here(tmp_path, python="venv"), "pytest"
    )
    assert "install requests for venv, or set `python`" in said


def test_the_cure_names_a_variable_that_is_kept_back(tmp_path: Path) -> None:
    """One that is set where Stomper was started, and that a failure speaks of."""
    failed = CaseResult("test_b::test_b", "failed", "KeyError: 'SHOP_MODE'")
    said = cure(suite(SuiteState.FAILED, failed), Here(tmp_path, variables={"SHOP_MODE", "OTHER"}), "pytest")
    assert "SHOP_MODE is set here, and tests are not given it" in said
    assert "OTHER" not in said


def test_better_beside_the_checkouts_files_is_another_place() -> None:
    """Fewer failures there mean that worktrees are not what the checkout is; the same ones do not."""
    alone = suite(SuiteState.FAILED, PASSED, FAILED)
    now = suite(SuiteState.PASSED, PASSED, CaseResult("test_b::test_b", "passed"))
    assert not_as_in_the_checkout(alone, alone, ["x"]) == ""
    assert "1 test(s) fail where only what git tracks is, and would pass beside" in not_as_in_the_checkout(
        alone, now, [".env"]
    )
    crashed, passes = suite(SuiteState.CRASHED), suite(SuiteState.PASSED)
    assert "the tests fail where" in not_as_in_the_checkout(crashed, passes, [".env"])


def test_modules_are_found_in_what_the_runner_says() -> None:
    """Each once, from messages and from the runner's own complaint."""
    run = suite(
        SuiteState.COLLECTION, UNREAD, UNREAD, complaint="ImportError: cannot import name 'a' from 'shop.b' (x)"
    )
    assert missing_modules(run) == ["shop.b", "shop._version"]
