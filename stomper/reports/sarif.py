"""SARIF 2.1.0, as GitHub's code scanning and others read it: what is in the code after the run."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any
from urllib.parse import quote

from stomper import __version__
from stomper.models import Diagnostic
from stomper.reports.escaping import printable
from stomper.reports.result import Finding, RunResult

_LEVELS = {"left": "error", "unknown": "warning", "proven": "note"}
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(result: RunResult) -> str:
    """One SARIF log with one run. A rule is named `TOOL/CODE`; paths are relative to the root of the repository."""
    rules = sorted({_rule(finding.diagnostic) for finding in result.findings})
    numbers = {rule: number for number, rule in enumerate(rules)}
    seen: Counter[str] = Counter()
    results = []
    for finding in result.findings:
        fingerprint = finding.diagnostic.fingerprint
        seen[fingerprint] += 1
        results.append(_result(finding, numbers, f"{fingerprint}:{seen[fingerprint]}" if fingerprint else ""))
    driver = {"name": "Stomper", "version": __version__, "rules": [_described(rule) for rule in rules]}
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"stomper/{result.verb}/"},
        "invocations": [_invocation(result)],
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def uri(path: str) -> str:
    """A path of the repository as a relative reference: what is not plain ASCII is percent-encoded, byte by byte."""
    try:
        return quote(path.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:
        return quote(path.encode("utf-8", "backslashreplace"))


def _rule(diagnostic: Diagnostic) -> str:
    return f"{printable(diagnostic.tool)}/{printable(diagnostic.code)}"


def _described(rule: str) -> dict[str, Any]:
    tool, _, code = rule.partition("/")
    said = {"text": f"{code}, found by {tool}"}
    return {"id": rule, "name": code, "shortDescription": said, "fullDescription": said, "help": said}


def _result(finding: Finding, numbers: dict[str, int], fingerprint: str) -> dict[str, Any]:
    diagnostic = finding.diagnostic
    # A place without a line is refused by some readers: an error of the whole file is shown at its beginning.
    region = {"startLine": max(diagnostic.line, 1)}
    if diagnostic.line and diagnostic.column:
        region["startColumn"] = diagnostic.column
    if diagnostic.end_line >= region["startLine"]:
        region["endLine"] = diagnostic.end_line
    place = {"artifactLocation": {"uri": uri(diagnostic.path)}, "region": region}
    # GitHub goes by the second, and would compute one from the line if there were none.
    names = ("stomper/v1", "primaryLocationLineHash") if fingerprint else ()
    return {
        "ruleId": _rule(diagnostic),
        "ruleIndex": numbers[_rule(diagnostic)],
        "level": _LEVELS[finding.state],
        "message": {"text": _words(finding)},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": dict.fromkeys(names, fingerprint),
        "properties": {"state": finding.state, "fix": diagnostic.fix},
    }


def _words(finding: Finding) -> str:
    message = encodable(finding.diagnostic.message).strip() or finding.diagnostic.code
    return f"{message} ({encodable(finding.why)})" if finding.why else message


def encodable(text: str) -> str:
    """The text without what UTF-8 cannot say."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _invocation(result: RunResult) -> dict[str, Any]:
    said = [("error", result.failure)] if result.failure else []
    said += [("error", f"{run.name} could not say: {run.error}") for run in result.checkers if run.error]
    said += [("warning", warning) for warning in result.warnings]
    if result.over_limit:
        said.append(("warning", f"{result.over_limit} error(s) are over a limit, and were not aimed at"))
    notes = [{"level": level, "message": {"text": encodable(text)}} for level, text in said]
    return {
        "executionSuccessful": not result.failure,
        "exitCode": result.exit_code,
        "toolExecutionNotifications": notes,
    }
