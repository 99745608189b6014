"""Any tool that prints or writes SARIF."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stomper.checkers.base import Checker
from stomper.errors import CheckerError
from tests.support.checkers import checker, program
from tests.support.repositories import MakeRepo


def sarif(root: Path, log: object, *, code: int = 0, **table: Any) -> Checker:
    """A `sarif` checker whose program prints this log."""
    source = f"print({json.dumps(log)!r})\nraise SystemExit({code})\n"
    return checker(root, "scan", kind="sarif", **program(root, source, **table))


def log_of(*results: dict[str, Any]) -> dict[str, Any]:
    """A SARIF log with these results."""
    return {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "scan"}}, "results": list(results)}]}


def result(uri: str, **more: Any) -> dict[str, Any]:
    """One SARIF result in a file."""
    place = {"artifactLocation": {"uri": uri}, "region": {"startLine": 2, "startColumn": 5, "endLine": 3}}
    return {"ruleId": "R1", "message": {"text": "bad"}, "locations": [{"physicalLocation": place}], **more}


def test_sarif_is_read_with_its_places(make_repo: MakeRepo) -> None:
    """Relative, escaped and file: addresses become paths of the tree; rule, message and region are kept."""
    root = make_repo({"a.py": "", "a b.py": ""})
    log = log_of(result("a.py"), result("a%20b.py"), result((root / "größe.py").as_uri()))
    found = sarif(root, log, code=1).check(root)
    assert [d.path for d in found] == ["a.py", "a b.py", "größe.py"]
    first = found[0]
    assert (first.tool, first.code, first.message) == ("scan", "R1", "bad")
    assert (first.line, first.column, first.end_line) == (2, 5, 3)


@pytest.mark.parametrize(
    "harmless",
    [
        result("a.py", level="note"),
        result("a.py", level="none"),
        result("a.py", suppressions=[{"kind": "inSource"}]),
        {"ruleId": "R1", "message": {"text": "about nothing in particular"}},
        {"ruleId": "R1", "message": {"text": "m"}, "locations": [{"logicalLocations": [{"name": "f"}]}]},
    ],
)
def test_sarif_results_that_are_no_errors_in_a_file_are_left_out(make_repo: MakeRepo, harmless: dict[str, Any]) -> None:
    """Notes, suppressed results and results without a file are not errors to repair."""
    root = make_repo({"a.py": ""})
    assert sarif(root, log_of(harmless)).check(root) == []


def test_sarif_is_read_from_a_file(make_repo: MakeRepo) -> None:
    """With `output` the log is read from that file, which is removed from the tree; a missing one is an error."""
    root = make_repo({"a.py": ""})
    source = f"open('out.sarif', 'w').write({json.dumps(log_of(result('a.py')))!r})\n"
    scan = checker(root, "scan", kind="sarif", **program(root, source, output="out.sarif"))
    assert [d.path for d in scan.check(root)] == ["a.py"]
    assert not (root / "out.sarif").exists()
    with pytest.raises(CheckerError, match=r"wrote no out\.sarif"):
        sarif(root, log_of(), output="out.sarif").check(root)


@pytest.mark.parametrize(
    "log",
    [
        {},
        [],
        "text",
        {"runs": None},
        {"runs": [{"results": None}]},
        {"runs": [{"results": [], "invocations": [{"executionSuccessful": False}]}]},
        {"runs": [{"results": [{"locations": [{"physicalLocation": {}}], "message": {"text": "m"}}]}]},
        log_of(result("/somewhere/else.py")),
        log_of(result("../else.py")),
    ],
)
def test_what_is_no_sound_log_is_no_verdict(make_repo: MakeRepo, log: object) -> None:
    """A log that is malformed, admits to a failed run or names files outside the tree is a CheckerError."""
    root = make_repo({"a.py": ""})
    with pytest.raises(CheckerError):
        sarif(root, log).check(root)
