"""Failing tests as errors, on real trees."""

from __future__ import annotations

from tests.support.checkers import checker
from tests.support.repositories import MakeRepo


def test_pytest_reports_failing_tests(make_repo: MakeRepo) -> None:
    """Each failing test is an error of its module."""
    root = make_repo({"test_a.py": "def test_good():\n    pass\n\n\ndef test_bad():\n    assert 0\n"})
    (found,) = checker(root, "pytest").check(root)
    assert (found.path, found.line, found.code) == ("test_a.py", 5, "test-failed")


def test_pytest_reports_a_module_that_does_not_import(make_repo: MakeRepo) -> None:
    """A test module that fails on import is an error of that module."""
    root = make_repo({"test_a.py": "import no_such_thing\n"})
    assert [d.path for d in checker(root, "pytest").check(root)] == ["test_a.py"]
