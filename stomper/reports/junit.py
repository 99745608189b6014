"""JUnit XML, as pipelines show test results: a test case for each checker and for each file that was aimed at."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from stomper.models import Status
from stomper.reports.escaping import printable
from stomper.reports.result import FileResult, RunResult

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WAITS = (Status.SKIPPED, Status.WAITING)


def junit(result: RunResult) -> str:
    """One suite. Errors are what could not be done, failures are files with errors left, skipped is who waits for you."""
    suite = ET.Element("testsuite", name=f"stomper {result.verb}")
    for run in result.checkers:
        case = ET.SubElement(suite, "testcase", classname="checker", name=_clean(run.name), time=f"{run.seconds:.3f}")
        if run.error:
            _add(case, "error", "no verdict", run.error)
    for file in result.files:
        _add_file(suite, file)
    if result.over_limit:
        case = ET.SubElement(suite, "testcase", classname="stomper", name="limits")
        _add(case, "failure", f"{result.over_limit} error(s) are over a limit, and were not aimed at", "")
    if result.failure:
        _add(ET.SubElement(suite, "testcase", classname="stomper", name="run"), "error", "stopped", result.failure)
    for attribute, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(len(list(suite.iter(tag)))))
    suites = ET.Element("testsuites")
    suites.append(suite)
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=False) + "\n"


def _add_file(suite: ET.Element, file: FileResult) -> None:
    name = printable(file.path)
    case = ET.SubElement(suite, "testcase", classname="file", name=name, file=name, time=f"{file.seconds:.3f}")
    left = [finding.diagnostic for finding in file.findings if finding.state != "proven"]
    lines = [f"{name}:{d.line}:{d.column}: {d.code} {d.message}" for d in left]
    why = file.reason.strip().splitlines()[-1] if file.reason.strip() else f"{len(left)} error(s)"
    if file.status in _WAITS:
        _add(case, "skipped", why, "\n".join(lines))
    elif left or file.status is Status.FAILED:
        _add(case, "failure", why, "\n".join((*([file.reason] if file.reason else []), *lines)))


def _add(case: ET.Element, tag: str, message: str, text: str) -> None:
    ET.SubElement(case, tag, message=_clean(message)).text = _clean(text)


def _clean(text: str) -> str:
    """The text with what XML cannot say escaped as Python would."""
    return _NOT_XML.sub(lambda found: repr(found[0])[1:-1], text)
