"""Reports to files and what GitHub Actions shows: of any result, each is valid, and tells what is in the code."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stomper.models import CheckerRun, Diagnostic, LeftOut, Outcome, Patch, Report, Status
from stomper.reports.files import FORMATS
from stomper.reports.github_actions import SHOWN, SUMMARY_LIMIT, add_summary, commands
from stomper.reports.gitlab_codequality import codequality
from stomper.reports.junit import junit
from stomper.reports.result import FileResult, Finding, RunResult
from stomper.reports.sarif import sarif

RESERVED = re.compile(r"^[A-Za-z0-9_.~/%-]+$")
texts = st.text(st.characters(exclude_categories=()), max_size=20)  # lone surrogates and control characters, too
diagnostics = st.builds(
    Diagnostic,
    tool=st.sampled_from(["ruff", "mypy", "a/b"]),
    code=st.text(min_size=1, max_size=5),
    message=texts,
    path=texts.filter(bool),
    line=st.integers(0, 9),
    column=st.integers(0, 9),
    end_line=st.integers(0, 9),
    fingerprint=st.sampled_from(["", "one", "two"]),
)
findings = st.builds(Finding, diagnostics, st.sampled_from(["left", "unknown", "proven"]), texts)
files = st.builds(
    FileResult,
    texts.filter(bool),
    st.lists(findings, max_size=4).map(tuple),
    st.sampled_from([None, *Status]),
    texts,
    st.floats(0, 100),
)
results = st.builds(
    RunResult,
    verb=st.sampled_from(["fix", "check"]),
    exit_code=st.integers(0, 2),
    failure=texts,
    files=st.lists(files, max_size=3).map(tuple),
    checkers=st.lists(st.builds(CheckerRun, name=texts, error=texts), max_size=2).map(tuple),
    warnings=st.lists(texts, max_size=2).map(tuple),
    over_limit=st.integers(0, 3),
    markdown=texts,
    data=st.just({"a": 1}),
)


def left(path: str, number: int = 1, state: Any = "left", **more: Any) -> FileResult:
    """A file with so many errors."""
    found = [
        Finding(Diagnostic(tool="ruff", code="F401", message="unused", path=path, **{"line": n + 1, **more}), state)
        for n in range(number)
    ]
    return FileResult(path, tuple(found))


def result(*of: FileResult, failure: str = "", markdown: str = "# one\n") -> RunResult:
    """What came to these files."""
    return RunResult("check", 1, failure, of, (), (), 0, markdown, {})


def suite_of(of: RunResult) -> ET.Element:
    """The one suite of the JUnit report."""
    (suite,) = ET.fromstring(junit(of))  # noqa: S314 - our own
    return suite


@given(results)
def test_every_format_tells_any_result(of: RunResult) -> None:
    """Whatever names and messages hold, a report is UTF-8."""
    for write in FORMATS.values():
        assert write(of).encode("utf-8")


@given(results)
def test_sarif_is_what_code_scanning_asks_for(of: RunResult) -> None:
    """Each result has its rule, a level, words, a place and a fingerprint of its own; paths survive as URIs."""
    log = json.loads(sarif(of))
    assert (log["version"], len(log["runs"])) == ("2.1.0", 1)
    (run,) = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(set(rules)) == len(rules)
    assert len(run["results"]) == len(of.findings)
    prints = []
    for told, finding in zip(run["results"], of.findings, strict=True):
        assert rules[told["ruleIndex"]] == told["ruleId"]
        assert told["level"] == {"left": "error", "unknown": "warning", "proven": "note"}[finding.state]
        assert told["message"]["text"]
        place = told["locations"][0]["physicalLocation"]
        assert RESERVED.match(uri := place["artifactLocation"]["uri"])
        path = finding.diagnostic.path
        if path.isprintable():
            assert unquote_to_bytes(uri).decode() == path
        region = place["region"]
        assert 1 <= region["startLine"] <= region.get("endLine", 9)
        assert region.get("startColumn", 1) >= 1
        prints += told["partialFingerprints"].values()
    assert all(prints.count(p) == 2 for p in prints), "under two names, and no other result has it"
    assert run["invocations"][0]["executionSuccessful"] is not bool(of.failure)


@given(results)
def test_junit_is_xml_and_counts(of: RunResult) -> None:
    """A case for each checker and file; the counts are those of the cases."""
    suite = suite_of(of)
    cases = suite.findall("testcase")
    assert len(cases) == len(of.checkers) + len(of.files) + bool(of.over_limit) + bool(of.failure)
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(suite.get(attribute, "")) == sum(case.find(tag) is not None for case in cases)
    assert int(suite.get("tests", "")) == len(cases)


@given(results)
def test_code_quality_has_each_fingerprint_once(of: RunResult) -> None:
    """GitLab drops an entry whose fingerprint it has seen."""
    entries = json.loads(codequality(of))
    assert len({entry["fingerprint"] for entry in entries}) == len(entries) == len(of.findings)
    for entry in entries:
        assert entry["location"]["lines"]["begin"] >= 1
        assert entry["severity"] in ("info", "minor", "major")


@given(results)
def test_annotations_are_one_line_each_and_no_more_than_are_shown(of: RunResult) -> None:
    """Nothing in a name or a message ends a command or begins another."""
    lines = commands(of, Path("/repo"))
    for level in ("error", "warning", "notice"):
        of_level = [line for line in lines if line.startswith(f"::{level} ")]
        assert len(of_level) <= SHOWN
    assert all(re.match(r"::(error|warning|notice) [^\r\n]*::[^\r\n]+$", line) for line in lines)
    assert bool(lines) is bool(of.findings or of.failure)


def test_a_name_that_looks_like_a_command() -> None:
    """What separates the parts of a command is escaped."""
    (line,) = commands(result(left("a,b::c%0A.py", column=3)), Path("/repo"))
    assert line == "::error title=ruff F401,file=a%2Cb%3A%3Ac%250A.py,line=1,col=3::unused"


def test_the_last_annotation_says_how_many_more() -> None:
    """Code that does not parse comes first."""
    broken = Diagnostic(tool="ruff", code="invalid-syntax", message="broken", path="z.py", line=1)
    lines = commands(result(left("a.py", 25), FileResult("z.py", (Finding(broken),))), Path("/repo"))
    assert len(lines) == SHOWN
    assert "file=z.py" in lines[0]
    assert lines[-1].endswith("17 more error(s) left; the summary and the reports have them all")


def test_paths_are_those_of_the_workspace(tmp_path: Path) -> None:
    """A repository that is checked out below the workspace is found there."""
    (below,) = commands(result(left("a.py")), tmp_path / "sub", str(tmp_path))
    (outside,) = commands(result(left("a.py")), tmp_path, str(tmp_path / "other"))
    assert "file=sub/a.py," in below
    assert "file=a.py," in outside


@pytest.mark.parametrize("before", [0, 1000, SUMMARY_LIMIT - 10, SUMMARY_LIMIT])
def test_a_long_summary_is_cut(tmp_path: Path, before: int) -> None:
    """GitHub drops a summary over its limit altogether: what is there stays, and a block that is cut is closed."""
    file = tmp_path / "summary"
    file.write_bytes(b"x" * before)
    add_summary(result(markdown="# é\n```\n" + "y" * 99 + ("\n" + "é" * 99) * 9999), file)
    content = file.read_bytes()
    assert len(content) <= SUMMARY_LIMIT
    assert content.startswith(b"x" * before)
    if before < SUMMARY_LIMIT - 10:
        assert content.decode().endswith("\n```\n\n… the rest is over GitHub's limit for a summary.\n")


def outcome(path: str, status: Status, **more: Any) -> Outcome:
    """How a file ended; one error in it."""
    error = Diagnostic(tool="ruff", code="F401", message="unused", path=path, line=1, fingerprint=path)
    fixed = status is Status.FIXED
    patch = Patch(base="0", changes=(), diff=b"") if fixed else None
    return Outcome(
        path=path, status=status, patch=patch, **{"fixed" if fixed else "remaining": (error,)}, **more
    )  # fmt: skip


def report(*outcomes: Outcome, **more: Any) -> Report:
    """A report of these."""
    return Report(run_id="r", repository="/repo", base="0", branch="main", land="commit", outcomes=outcomes, **more)


def test_what_landed_is_gone_and_what_is_only_proven_is_not() -> None:
    """An error whose fix is a patch is still in the code: a note. What nobody could repair is an error."""
    told = RunResult.of_report(
        report(
            outcome("landed.py", Status.FIXED, commit="c"),
            outcome("patch.py", Status.FIXED, patch_file="/p/patch"),
            outcome("failed.py", Status.FAILED, reason="traceback\ntests: broken"),
            outcome("waits.py", Status.WAITING, reason="its risk is logic"),
        )
    )
    results = json.loads(sarif(told))["runs"][0]["results"]
    found = {r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]: r for r in results}
    assert {path: r["level"] for path, r in found.items()} == {
        "patch.py": "note", "failed.py": "error", "waits.py": "error"
    }  # fmt: skip
    assert found["failed.py"]["message"]["text"] == "unused (tests: broken)"
    cases = {case.get("name"): case for case in suite_of(told).iter("testcase")}
    verdicts = {name: [child.tag for child in case] for name, case in cases.items()}
    assert verdicts == {"landed.py": [], "patch.py": [], "failed.py": ["failure"], "waits.py": ["skipped"]}


def test_a_limit_and_a_checker_without_a_verdict_are_seen() -> None:
    """Neither is about a file, and neither goes unsaid."""
    broken = CheckerRun(name="mypy", error="it crashed")
    told = RunResult.of_report(report(checkers=(broken,), left_out=LeftOut(by_limit=7)))
    notes = json.loads(sarif(told))["runs"][0]["invocations"][0]["toolExecutionNotifications"]
    assert [note["message"]["text"] for note in notes] == [
        "mypy could not say: it crashed",
        "7 error(s) are over a limit, and were not aimed at",
    ]
    suite = suite_of(told)
    assert (suite.get("errors"), suite.get("failures")) == ("1", "1")
