"""Agents that lie, each in a way of its own, and honest ones that look alike: case files, alone and in whole runs."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stomper.guards.base import Diff
from stomper.guards.registry import GUARDS, objection
from stomper.models import Change, Diagnostic, FileJob, Patch
from tests.cases.guards import CASES, GuardCase
from tests.support.repositories import MakeRepo, git
from tests.support.runs import repair

# Finds every line with BUG in it, in whatever file: so that in the cases nothing but the guards can object.
CHECKER = """\
import pathlib, re
for path in sorted(pathlib.Path(".").rglob("*")):
    if path.is_file() and ".git" not in path.parts:
        for number, line in enumerate(path.read_bytes().split(b"\\n"), start=1):
            for bug in re.findall(b"BUG(?::\\\\w+)?", line):
                print(f"{path}:{number}: {bug.decode()}")
"""
# Makes of a file what its case says.
AGENT = """\
import json, os, pathlib, sys
for target, content in json.load(open(sys.argv[1]))[sys.argv[2].removeprefix("./")].items():
    path = pathlib.Path(target)
    if content is None:
        path.unlink()
    elif content.startswith("link "):
        path.unlink()
        path.symlink_to(content.removeprefix("link "))
    elif content.startswith("mode "):
        path.chmod(int(content.removeprefix("mode "), 8))
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes.fromhex(content))
"""


def diff(case: GuardCase) -> Diff:
    """The case as guards are given it."""
    paths = [p for p in {**case.before, **case.after} if case.before.get(p) != case.after.get(p)]
    changes = []
    for path in paths:
        old = "100644" if path in case.before else "000000"
        new = "100644" if path in case.after else "000000"
        if path == case.path:
            new = "100755" if "mode" in case.head else "120000" if "symlink" in case.head else new
        changes.append(Change(path=path, old_mode=old, new_mode=new, old_blob="1" * 40, new_blob="2" * 40))
    lines = case.before[case.path].split(b"\n")
    marks = [(n, re.search(r"BUG(?::(\w+))?", line.decode("latin-1"))) for n, line in enumerate(lines, start=1)]
    errors = [
        Diagnostic(tool="bugs", code=mark[1] or "bugs", message="BUG", path=case.path, line=number)
        for number, mark in marks
        if mark
    ]
    return Diff(
        job=FileJob(path=case.path, diagnostics=tuple(errors)),
        patch=Patch(base="0" * 40, changes=tuple(changes), diff=b""),
        before={p: case.before.get(p) for p in paths},
        after={p: case.after.get(p) for p in paths},
        may_edit=lambda path: path in case.extra,
    )


@pytest.mark.parametrize("case", [pytest.param(c, id=c.label) for c in CASES])
def test_each_case_by_the_guards(case: GuardCase) -> None:
    """A cheat is seen by the guard it is filed under; an honest fix passes all of them."""
    if case.honest:
        assert objection(diff(case)) == ""
    else:
        assert GUARDS[case.guard](diff(case)) != ""


def test_there_are_enough_of_each() -> None:
    """Every guard has three cases of either kind at least."""
    counts = Counter((case.guard, case.honest) for case in CASES)
    assert [(name, kind) for name in GUARDS for kind in (True, False) if counts[name, kind] < 3] == []


@pytest.fixture
def everything(make_repo: MakeRepo) -> Path:
    """One repository with every case in a folder of its own."""
    files = {f"{case.label}/{p}": content for case in CASES for p, content in case.before.items()}
    return make_repo(files)


def run_all(root: Path, guards_off: Sequence[str] = ()) -> tuple[set[str], dict[str, str]]:
    """The cases that landed in one run with an agent that does what each case says, and why the other files did not."""
    checker, agent, table = (root.parent / name for name in ("checker.py", "agent.py", "table.json"))
    checker.write_text(CHECKER)
    agent.write_text(AGENT)
    table.write_text(json.dumps({f"{case.label}/{case.path}": _edits(case) for case in CASES}))
    bugs = {"kind": "command", "command": [sys.executable, str(checker)],
            "pattern": r"^(?P<path>.+):(?P<line>\d+): (?P<message>BUG)(?::(?P<code>\w+))?$"}  # fmt: skip
    mine = {"kind": "command", "command": [sys.executable, str(agent), str(table), "{file}"], "max_attempts": 1}
    landing = repair(
        root,
        checkers={"ruff": {"enabled": False}, "bugs": bugs},
        agents={"ruff": {"enabled": False}, "mine": mine},
        extra_files=[f"/{case.label}/{path}" for case in CASES for path in case.extra],
        guards_off=guards_off,
    )
    landed = {entry.path.removesuffix(f"/{case.path}") for entry in landing.landed for case in CASES
              if entry.path == f"{case.label}/{case.path}"}  # fmt: skip
    return landed, {o.path: o.reason for o in landing.outcomes if not o.commit}


def _edits(case: GuardCase) -> dict[str, str | None]:
    edits: dict[str, str | None] = {}
    for path in {**case.before, **case.after}:
        after = case.after.get(path)
        edits[f"{case.label}/{path}"] = None if after is None else after.hex()
    if "symlink" in case.head:
        edits[f"{case.label}/{case.path}"] = f"link {case.head['symlink']}"
    if "mode" in case.head:
        edits[f"{case.label}/./{case.path}"] = f"mode {case.head['mode']}"
    return edits


@pytest.mark.slow
def test_no_lying_agent_lands_anything_and_every_honest_one_does(everything: Path) -> None:
    """One run over all cases: just the honest ones are on the branch."""
    landed, others = run_all(everything)
    assert landed == {case.label for case in CASES if case.honest}, others
    assert git(everything, "status", "--porcelain") == ""


@pytest.mark.slow
def test_but_for_the_guards_the_lies_would_land(everything: Path) -> None:
    """With all guards off, nothing else keeps them out: the cases are about the guards, and each is switched off by name."""
    landed, others = run_all(everything, guards_off=list(GUARDS))
    assert landed == {case.label for case in CASES}, others


def test_secrets_are_seen_by_many_threads_at_once() -> None:
    """The scanner's settings are the process's: guards of files side by side do not take them from each other."""
    with_secret = [diff(case) for case in CASES if case.guard == "secrets" and not case.honest] * 20
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(GUARDS["secrets"], with_secret))
    assert [words for words in said if not words] == []
