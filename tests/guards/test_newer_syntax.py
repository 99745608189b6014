"""Code for a newer Python than the one that runs Stomper: honest fixes of it land, and no guard looks away from it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from stomper.environment.target_parser import TargetParser
from stomper.guards.base import Diff
from stomper.guards.registry import objection
from stomper.landing.land import Landing
from stomper.models import Change, Diagnostic, FileJob, Patch, Status
from tests.support.interpreters import newer_python
from tests.support.repositories import MakeRepo, git
from tests.support.runs import RULES, only, repair

CONFIGURATION = '[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.13"\n'
UNUSED = "import os\n\n"
ALIAS = UNUSED + "type Number = int\n\n\ndef double(n: Number) -> Number:\n    return n * 2\n"
GENERIC = UNUSED + "class Box[T: int = bool]:\n    def get(self, t: T) -> T:\n        found = t\n        return found\n"
NESTED = UNUSED + """WORDS = {"a": 1}\nTEXT = f"{WORDS["a"]}: {'"'}"  # of both quotes\n"""
TESTED = UNUSED + 'def test_sum():\n    x = 1 + 1\n    assert x == 2, f"{x} {"is"} {f"{x}"}"\n'
SWALLOWED = "\n        try: found = t\n        except Exception: pass"
BROKEN = UNUSED + "type Number = int\n\n\ndef double(n: Number -> Number:\n    assert n\n    return n * 2\n"
# What an agent makes of each: (name, before, what it edits, the guard that turns it down).
EDITS: list[tuple[str, str, dict[str, str], str]] = [
    ("alias.py", ALIAS, {UNUSED: ""}, ""),
    ("generic.py", GENERIC, {UNUSED: ""}, ""),
    ("nested.py", NESTED, {UNUSED: ""}, ""),
    ("test_honest.py", TESTED, {UNUSED: ""}, ""),
    ("repaired.py", BROKEN, {"Number ->": "Number) ->", UNUSED: ""}, ""),
    ("downgraded.py", ALIAS, {UNUSED: "", "type Number = int": "Number = int"}, ""),
    ("test_disarmed.py", TESTED, {UNUSED: "", "    assert x": "    print(x)  # "}, "weakened_tests"),
    ("test_skipped.py", TESTED, {UNUSED: "import pytest\n\n", "def ": "@pytest.mark.skip\ndef "}, "weakened_tests"),
    ("silenced.py", ALIAS, {"import os\n": "import os  # noqa\n"}, "suppression"),
    ("hidden.py", NESTED, {UNUSED: "", "# of": "# noqa' of"}, "suppression"),
    ("hollow.py", ALIAS, {UNUSED: "", "return n * 2": "..."}, "emptied_bodies"),
    ("swallowed.py", GENERIC, {UNUSED: "", "found = t": SWALLOWED}, "swallowed_exceptions"),
    ("given_up.py", ALIAS, {"import os": "from typing import Any", "= int": "= Any"}, "typing_escapes"),
    ("gone.py", ALIAS, {UNUSED: "", "type Number = int\n": "", ": Number": ": int", "-> Number": "-> int"}, "public_names"),
    ("worse.py", ALIAS, {UNUSED: "", "type Number = int": "type Number = "}, "syntax"),
    ("torn.py", BROKEN, {"Number ->": "Number) ->", UNUSED: "", "    assert n\n": ""}, "syntax"),
]  # fmt: skip


def edited(source: str, edits: dict[str, str]) -> str:
    """*source* after the edits, each of which is one."""
    for old, new in edits.items():
        assert old in source
        source = source.replace(old, new)
    return source


def run(make_repo: MakeRepo, python: str) -> tuple[Path, Landing]:
    """One run over all of it, with a target of that interpreter."""
    root = make_repo({"pyproject.toml": CONFIGURATION, **{name: before for name, before, _, _ in EDITS}})
    table = root.parent / "table.json"
    table.write_text(json.dumps({name: edited(before, edits) for name, before, edits, _ in EDITS}))
    code = (
        "import json, sys; open(sys.argv[2], 'w').write(json.load(open(sys.argv[1]))[sys.argv[2].removeprefix('./')])"
    )
    agent = {"kind": "command", "command": [sys.executable, "-c", code, str(table), "{file}"]}
    landing = repair(root, python=python, max_attempts=1, agents={"ruff": {"enabled": False}, "mine": agent})
    return root, landing


@pytest.mark.parametrize(("name", "before", "edits", "guard"), [pytest.param(*e, id=e[0]) for e in EDITS])
def test_newer_syntax_is_guarded_as_any_other(name: str, before: str, edits: dict[str, str], guard: str) -> None:
    """Nothing is objected to in an honest fix, and each lie by the guard that it is for."""
    parser = TargetParser((newer_python(),), "these tests", lambda: dict(os.environ))
    change = Change(path=name, old_mode="100644", new_mode="100644", old_blob="1" * 40, new_blob="2" * 40)
    after = edited(before, edits).encode()
    diff = Diff(
        job=FileJob(path=name, diagnostics=(Diagnostic(tool="ruff", code="F401", message="", path=name, line=1),)),
        patch=Patch(base="0" * 40, changes=(change,), diff=b""),
        before={name: before.encode()},
        after={name: after},
        may_edit=lambda _: False,
        parser=parser,
    )
    said = objection(diff)
    assert said.startswith(f"guard {guard}: " if guard else "")
    assert bool(said) == bool(guard), said


@pytest.mark.slow
def test_newer_syntax_is_guarded_in_a_whole_run(make_repo: MakeRepo) -> None:
    """Each honest fix lands, and no lie does."""
    root, landing = run(make_repo, newer_python())
    reasons = {o.path: "" if o.commit else o.reason.partition(":")[0] for o in landing.outcomes}
    assert reasons == {name: guard and f"guard {guard}" for name, _, _, guard in EDITS}
    assert git(root, "status", "--porcelain") == ""


@pytest.mark.slow
@pytest.mark.skipif(sys.version_info >= (3, 12), reason="this Python reads it")
def test_what_no_interpreter_reads_is_unknown(make_repo: MakeRepo) -> None:
    """Where the target's interpreter does not know the syntax either, nothing but the repair of an error lands, and the
    reason says what to set."""
    _, landing = run(make_repo, sys.executable)
    assert [o.path for o in landing.outcomes if o.commit] == []
    for outcome in landing.outcomes:
        assert outcome.reason.startswith(("guard syntax: ", "guard suppression: ")), outcome
        assert "set `python`" in outcome.reason or outcome.path in ("torn.py", "silenced.py", "worse.py"), outcome


def test_ruff_brings_newer_syntax_to_a_target_that_takes_it(make_repo: MakeRepo) -> None:
    """A fix that makes the file unreadable for our own Python is no fix that breaks it, and takes no name away."""
    before = "from typing import TypeAlias\n\nPair: TypeAlias = tuple[int, int]\n"
    root = make_repo({"pyproject.toml": CONFIGURATION, "a.py": before})
    rules = {"ruff": {"args": ["--select", "UP040,F401"]}}
    agents = {"ruff": {"unsafe_fixes": True}}
    outcome = only(repair(root, python=newer_python(), checkers=rules, agents=agents))
    assert outcome.status is Status.FIXED, outcome.reason
    assert "type Pair = tuple[int, int]" in git(root, "show", "HEAD:a.py")


def test_many_files_of_newer_syntax_are_worked_on_together(make_repo: MakeRepo, tmp_path: Path) -> None:
    """ruff's first answers for all of them take the target's interpreter a few times, not once for each."""
    starts = tmp_path / "starts"
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\necho >>{starts} "$*"\nexec {newer_python()} "$@"\n')
    python.chmod(0o755)
    root = make_repo({"pyproject.toml": CONFIGURATION, **{f"m{n}.py": f"{ALIAS}N = {n}\n" for n in range(12)}})
    landing = repair(root, python=str(python), checkers=RULES)
    assert len(landing.landed) == 12
    assert sum("dump_syntax" in line for line in starts.read_text().splitlines()) <= 4
