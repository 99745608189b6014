"""The ruff agent against plain ruff, over many files and sets of rules."""

from __future__ import annotations

import random
import sysconfig
import uuid
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stomper.agents.ruff import RuffAgent
from stomper.agents.ruff_single import edited
from stomper.analysis.fingerprints import compare
from stomper.checkers.ruff import Edit, RuffChecker
from stomper.checkers.selection import matches_code
from stomper.fixing.session import Session
from stomper.models import Diagnostic, FileJob
from tests.support.repositories import MakeRepo, open_run, write
from tests.support.ruff import fixed_by_ruff

EVERYTHING = 'target-version = "py311"\nlint.select = ["ALL"]\nlint.ignore = ["D203", "D213"]\n'
SETS = ("F401", "UP", "UP006,UP035,UP045", "I001", "F401,UP032,I001", "SIM", "RET", "PLR", "W291,W293", "C4", "E71", "B",
        "RUF100", "UP032", "PT", "FURB", "Q", "COM812", "D", "PIE", "TC", "F841,F811", "UP,F401", "RSE,UP034")  # fmt: skip


def library(seed: int, number: int) -> dict[str, str | bytes]:
    """So many files of the standard library, the largest left out."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    found = [p for p in folder.rglob("*.py") if "site-packages" not in p.parts and p.stat().st_size < 60_000]
    chosen = random.Random(seed).sample(sorted(found), number)  # noqa: S311 - no secret
    return {f"{n}_{path.name}": path.read_bytes() for n, path in enumerate(chosen)}


def differences(session: Session, fixable: Sequence[str], *, unsafe: bool = False) -> list[str]:
    """The files of which the agent makes something else than ruff, but for what it names and the fixes brought about."""
    agent, checker = session.agents[0], session.checkers[0]
    assert isinstance(agent, RuffAgent)
    assert isinstance(checker, RuffChecker)
    base = session.collect().by_path
    aimed_at = {path: tuple(d for d in found if matches_code(d.code, fixable)) for path, found in base.items()}
    jobs = [FileJob(path=path, diagnostics=found) for path, found in aimed_at.items()]
    oracle = fixed_by_ruff(session.target.root, ",".join(fixable), unsafe=unsafe)
    with session.pool.lease(session.base) as tree:
        done = agent.repair(checker, tree.path, jobs, base)
        made = {path: (tree.path / path).read_bytes() for path in base}
        write(tree.path, oracle)
        plain = _by_path(checker.check(tree.path))
    wrong = []
    for path in base:
        named = {code for part in done[path].cleaned_up for code in part.codes} if path in done else set()
        if named:
            brought = compare(base[path], plain.get(path, [])).introduced
            gone = compare(plain.get(path, []), done[path].found).fixed
            if sum(d.code in named for d in gone) > sum(d.code in named for d in brought):
                wrong.append(f"{fixable}: {path}: more than what {named} were brought about")
        elif made[path] != oracle[path]:
            wrong.append(f"{fixable}: {path}")
    return wrong


def _by_path(errors: Sequence[Diagnostic]) -> dict[str, list[Diagnostic]]:
    found: dict[str, list[Diagnostic]] = {}
    for diagnostic in errors:
        found.setdefault(diagnostic.path, []).append(diagnostic)
    return found


def opened(root: Path, *, unsafe: bool = False) -> Session:
    """A session with the rules of the repository itself."""
    agents = {"ruff": {"unsafe_fixes": unsafe}}
    return open_run(root, checkers={"ruff": {}}, agents=agents, test_validation="none")


@pytest.mark.slow
def test_a_few_files_of_the_standard_library(make_repo: MakeRepo) -> None:
    """Byte for byte what ruff makes of the same codes, and nothing that the file had before is cleaned up."""
    session = opened(make_repo({"ruff.toml": EVERYTHING, **library(1, 6)}))
    wrong = [words for fixable in ("F401,UP032,I001", "UP") for words in differences(session, fixable.split(","))]
    session.close()
    assert not wrong


@pytest.mark.slow
@pytest.mark.parametrize("unsafe", [False, True])
def test_many_files_and_sets_of_rules(make_repo: MakeRepo, *, unsafe: bool) -> None:
    """The same for fifty files and each of two dozen sets of rules; for some sets with unsafe fixes too."""
    session = opened(make_repo({"ruff.toml": EVERYTHING, **library(2, 50)}), unsafe=unsafe)
    wrong = [
        words
        for fixable in (SETS[:8] if unsafe else SETS)
        for words in differences(session, fixable.split(","), unsafe=unsafe)
    ]
    session.close()
    assert not wrong


LINES = st.lists(
    st.sampled_from(
        [
            "import os",
            "import sys, re",
            "from typing import Dict, List",
            "from typing import Optional, List as L",
            "x: List[int] = []",
            "y: Optional[str] = '{}'.format(1)",
            "def f(a: Dict[str, L]):\n    import abc\n    return os",
            "print('%s' % sys, f'plain')  # noqa: E501",
            "if x == None: pass",
            "z = dict(a=1) ",
        ]
    ),
    min_size=1,
    max_size=8,
    unique=True,
).map("\n".join)
CHOSEN = st.sets(st.sampled_from(["F401", "UP", "I001", "UP006", "F541", "W", "C4", "RUF100", "E"]), min_size=1)


@pytest.mark.slow
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(sources=st.lists(LINES, min_size=1, max_size=8), fixable=CHOSEN)
def test_any_mixture_of_errors(make_repo: MakeRepo, sources: list[str], fixable: set[str]) -> None:
    """Whichever errors stand beside each other, those that are not aimed at stay."""
    files = {f"{n}.py": source for n, source in enumerate(sources)}
    root = make_repo({"ruff.toml": EVERYTHING, **files}, uuid.uuid4().hex)
    session = opened(root)
    wrong = differences(session, sorted(fixable))
    session.close()
    assert not wrong


@given(st.text(alphabet="ab\nä\r", max_size=30), st.data())
def test_edits_are_made_where_they_belong(text: str, data: st.DataObject) -> None:
    """By line and column in characters, whatever ends a line; what overlaps is left out."""
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    if "\r\n" in (text[start - 1 : start + 1], text[end - 1 : end + 1]):
        return  # no place is between the two
    edit = Edit(_place(text, start), _place(text, end), "new")
    assert edited(text, [(edit,)]) == f"{text[:start]}new{text[end:]}"
    assert edited(f"\ufeff{text}", [(edit,), (edit,)]) == f"\ufeff{text[:start]}new{text[end:]}" or start == end


def _place(text: str, offset: int) -> tuple[int, int]:
    before = text[:offset].replace("\r\n", "\n\n").replace("\r", "\n")
    whole = text[:offset].replace("\r\n", "\n").replace("\r", "\n")
    return whole.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
