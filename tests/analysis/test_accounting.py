"""What is fixed and what is introduced does not depend on where things stand: with real ruff and real mypy."""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from stomper.analysis.fingerprints import compare, stamp
from stomper.checkers.registry import make_checkers
from stomper.config.settings import Settings
from stomper.environment.python import Environment
from stomper.models import Diagnostic

HEAD = ["import os", "import sys", "from typing import List"]
# Definitions with errors of ruff and mypy that do not depend on their order; two errors that look the same in one of them.
BLOCKS = (
    """\
def compare(a: object) -> bool:
    if a == None:
        return True
    if a == None:
        return False
    return 1""",
    """\
def fill(items: List[int] = []) -> None:
    unused = 1
    items.append('a')""",
    """\
class One:
    def value(self) -> int:
        l = 1
        return 'x'

    def other(self) -> str:
        return self.nothing""",
    """\
class Two:
    def value(self) -> int:
        l = 1
        return 'x'""",
    """\
def outer() -> int:
    def inner() -> str:
        return 1

    return inner()""",
    """\
def text() -> str:
    return f'plain' + (
        f'and'
        f'more'
    )""",
    """\
@staticmethod
def decorated(a: int) -> str:
    return a""",
    """\
def call() -> None:
    len(1)
    len(1)""",
)
VARIANTS = 40


def variant(rng: random.Random) -> str:
    """The same module with definitions moved, and comment and blank lines put in."""
    blocks = list(BLOCKS)
    rng.shuffle(blocks)
    lines = list(HEAD)
    for block in blocks:
        lines += ["", "", *block.split("\n")]
    result: list[str] = []
    depth = 0
    for line in lines:
        indent = line[: len(line) - len(line.lstrip())]
        # Between statements only, and not between a decorator and what it decorates.
        if depth == 0 and not (result and result[-1].startswith("@")) and line.strip():
            kinds = ("", f"{indent}# a comment", f"{indent}# {rng.random()}")
            result += [rng.choice(kinds) for _ in range(rng.choice((0, 0, 0, 1, 3)))]
        result.append(line)
        depth += line.count("(") - line.count(")")
    return "\n".join(result) + "\n"


def diagnostics(folder: Path, sources: Sequence[str]) -> list[list[Diagnostic]]:
    """What ruff and mypy say of each source, as if all of them were one file."""
    tree = folder / "tree"
    tree.mkdir()
    for number, source in enumerate(sources):
        (tree / f"module_{number}.py").write_text(source)
    tables = {"ruff": {"enabled": True, "args": ["--isolated", "--select", "E7,F,B006"]}, "mypy": {"enabled": True}}
    environment = Environment(tree, "these tests", (sys.executable,), Path(sys.executable).parent)
    checkers = make_checkers(Settings.model_validate({"checkers": tables}), environment, folder / "cache")
    found = [d for checker in checkers for d in checker.check(tree)]
    assert {d.tool for d in found} == {"ruff", "mypy"}
    result = []
    for number, source in enumerate(sources):
        mine = [d.model_copy(update={"path": "one.py"}) for d in found if d.path == f"module_{number}.py"]
        result.append(stamp(mine, partial(_content, source.encode())))
    return result


def _content(source: bytes, _path: str) -> bytes:
    return source


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))])
def test_moved_definitions_and_comments_fix_and_introduce_nothing(tmp_path: Path, seed: int) -> None:
    """Comment and blank lines that come and go, and definitions that move, leave every error what it was."""
    rng = random.Random(seed)  # noqa: S311 - for tests
    sources = [variant(rng) for _ in range(VARIANTS)]
    base, *others = diagnostics(tmp_path, sources)
    assert len(base) > 15
    for source, errors in zip(sources[1:], others, strict=True):
        outcome = compare(base, errors)
        assert (outcome.fixed, outcome.introduced) == ((), ()), source
        assert len(outcome.remaining) == len(base)


def test_one_of_two_equal_errors_is_one(tmp_path: Path) -> None:
    """Two errors that look the same are two: when one goes, one is fixed and one remains."""
    source = BLOCKS[0] + "\n"
    before, after = diagnostics(tmp_path, [source, source.replace("== None", "is None", 1)])
    outcome = compare([d for d in before if d.tool == "ruff"], [d for d in after if d.tool == "ruff"])
    assert (len(outcome.fixed), len(outcome.remaining), len(outcome.introduced)) == (1, 1, 0)
