"""The target's syntax, as its interpreter parses it."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import sysconfig
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from stomper.analysis import syntax
from stomper.analysis.portable_tree import rebuild
from stomper.analysis.risk import risk
from stomper.environment import dump_syntax
from stomper.environment.target_parser import TargetParser
from stomper.testing.impact.code_units import changed, units
from tests.support.interpreters import newer_python

LIBRARY = Path(sysconfig.get_path("stdlib"))
NEW = b"""\
type Pair[T: int = bool] = tuple[T, T]


def first[T: str, *Ts, **P](pair: Pair) -> int:
    return pair[0]


class Box[T]:
    label = f"{first("a")}: {'"'}"  # of both quotes
"""


def dumped(python: str, sources: list[bytes]) -> list[ast.Module | None]:
    """What *python* says of *sources*, whether they need it or not."""
    feed = b"".join(b"b %d\n%b" % (len(source), source) for source in sources)
    argv = (python, "-I", "-S", "-W", "ignore", dump_syntax.__file__, "3.0")
    done = subprocess.run(argv, input=feed, check=True, capture_output=True)
    answers = [json.loads(line) for line in done.stdout.splitlines()[1:]]
    return [rebuild(a["kinds"], a["nodes"]) if a else None for a in answers]


def library(most: int, *, largest: int) -> list[bytes]:
    """So many sources of the standard library and its tests, spread over all of them."""
    files = [p for p in sorted(LIBRARY.rglob("*.py")) if "site-packages" not in p.parts and p.stat().st_size <= largest]
    return [file.read_bytes() for file in files[:: max(len(files) // most, 1)]][:most]


def compared(python: str, most: int, *, largest: int, places: bool) -> int:
    """How many of so many sources were compared with what this interpreter makes of them, all of which are the same."""
    sources = library(most, largest=largest)
    count = 0
    for source, tree in zip(sources, dumped(python, sources), strict=True):
        own = syntax.parse(source)
        if own is not None:
            assert tree is not None
            assert ast.dump(tree, include_attributes=places) == ast.dump(own, include_attributes=places), source[:200]
            count += 1
    return count


def test_a_tree_from_another_process_is_the_own_one() -> None:
    """All nodes, fields, constants and places, where both are the same version."""
    assert compared(sys.executable, 20, largest=20_000, places=True) >= 18


@pytest.mark.slow
def test_two_hundred_trees_of_the_library_are_the_own_ones() -> None:
    """By the same version to the place; by a newer one in all but the places, which it may count otherwise."""
    assert compared(sys.executable, 200, largest=60_000, places=True) >= 190
    assert compared(newer_python(), 200, largest=20_000, places=False) >= 180


@pytest.mark.parametrize(
    "literal",
    [
        "'\\ud83d\\ude00'",
        "'\\udc80 \u20ac'",
        "b'\\xff\\0'",
        "1e999",
        "-0.0",
        "3j",
        "...",
        "None",
        "True",
        "u'x'",
        "0x" + "f" * 9000,
    ],
)
def test_every_constant_arrives(literal: str) -> None:
    """Those that JSON cannot say, too: halves of characters, bytes, infinity, numbers of any length."""
    (tree,) = dumped(sys.executable, [f"x = {literal}\n".encode()])
    own = syntax.parse(f"x = {literal}\n")
    assert tree is not None
    assert own is not None
    constant, expected = (next(n for n in ast.walk(t) if isinstance(n, ast.Constant)) for t in (tree, own))
    assert (constant.value, type(constant.value), constant.kind) == (
        expected.value,
        type(expected.value),
        expected.kind,
    )


def test_kinds_of_nodes_that_nobody_knows_yet_are_classes() -> None:
    """They stand below the nearest base that is known, and what is in them is found by whoever walks the tree."""
    kinds: list[list[Any]] = [
        ["Module", ["mod", "AST"], ["body", "type_ignores"], False],
        ["Expr", ["stmt", "AST"], ["value"], True],
        ["TemplateStr", ["expr", "AST"], ["values"], True],
        ["Interpolation", ["expr", "AST"], ["value", "str"], True],
        ["Name", ["expr", "AST"], ["id", "ctx"], True],
        ["Load", ["expr_context", "AST"], [], False],
        ["LazyImport", ["stmt", "AST"], ["names"], True],
        ["FunctionDef", ["stmt", "AST"], ["name", "args", "body", "colour"], True],
    ]
    place = [1, 0, 1, 9]
    nodes: list[list[Any]] = [
             [0, [1, 5, 6], []], [1, *place, 2], [2, *place, [3]], [3, *place, 4, "a"], [4, *place, "a", -6],
             [6, *place, ["os"]], [7, *place, "f", None, [], "red"]]  # fmt: skip
    tree = rebuild(kinds, nodes)
    assert [type(node).__name__ for node in ast.walk(tree)] == [
        "Module", "Expr", "LazyImport", "FunctionDef", "TemplateStr", "Interpolation", "Name", "Load"
    ]  # fmt: skip
    assert isinstance(tree.body[0], ast.Expr)
    assert isinstance(tree.body[0].value, ast.expr)
    assert isinstance(tree.body[1], ast.stmt)
    assert tree.body[1].lineno == 1
    assert isinstance(tree.body[2], ast.FunctionDef)
    assert "colour='red'" in ast.dump(tree)


@pytest.mark.parametrize("nodes", [[[9]], [[1, 1, 0, 1, 1]], [[0, {"odd": 1}, []]], [[0, [5], []]], [[0]]])
def test_what_is_no_tree_is_refused(nodes: list[list[Any]]) -> None:
    """An interpreter that prints anything else makes no tree."""
    kinds = [["Module", ["mod", "AST"], ["body", "type_ignores"], False], ["Pass", ["stmt", "AST"], [], True]]
    with pytest.raises((ValueError, TypeError, LookupError)):
        rebuild(kinds, nodes)


def parser(python: str) -> TargetParser:
    """The parser for a target with this interpreter."""
    return TargetParser((python,), "these tests", lambda: dict(os.environ))


def test_newer_syntax_is_parsed_by_the_target() -> None:
    """Type parameters are among what is walked, so that no comparison overlooks them."""
    tree = parser(newer_python()).parse(NEW)
    assert tree is not None
    alias = syntax.alias_of_type(tree.body[0])
    assert alias is not None
    assert alias[0] == "Pair"
    function = tree.body[1]
    assert isinstance(function, ast.FunctionDef)
    assert len(syntax.type_params(function)) == 3
    assert {n.id for n in syntax.walk(tree) if isinstance(n, ast.Name)} >= {
        "Pair",
        "T",
        "int",
        "bool",
        "str",
        "tuple",
        "first",
    }
    assert syntax.walk(tree) == list(ast.walk(tree))
    assert "TypeVarTuple(name='Ts'" in ast.dump(tree)


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"T: str", b"T: bytes"), (b"T: int = bool", b"T: int = str"), (b"tuple[T, T]", b"tuple[T]"), (b"**P", b"**Q")],
)
def test_what_only_newer_syntax_holds_makes_a_difference(old: bytes, new: bytes) -> None:
    """Neither the risk of a patch nor the choice of its tests overlooks bounds, defaults and type aliases."""
    asked, after = parser(newer_python()), NEW.replace(old, new)
    assert after != NEW
    assert risk({"a.py": NEW}, {"a.py": after}, asked) == "logic"
    assert risk({"a.py": NEW}, {"a.py": NEW.replace(b"  # of both quotes", b"")}, asked) == "cosmetic"
    was, now = units(NEW, asked), units(after, asked)
    assert was is not None
    assert was != now
    different = changed(NEW, after, asked)
    assert different is not None
    assert different.lines or different.names


@pytest.mark.parametrize("source", [b"x = (\n", b"type X = \n", b"\0", b"\xff\n", b"# coding: nonsense\n"])
def test_what_nobody_parses_has_no_tree(source: bytes) -> None:
    """Whoever is asked; and it is a syntax error, for which no other interpreter would help."""
    asked = parser(newer_python())
    assert asked.parse(source) is None
    assert asked.too_new(source) == ""


def fake(folder: Path, body: str) -> str:
    """An interpreter that notes each start in `starts` beside it, and then does *body*."""
    program = folder / "python"
    body = textwrap.indent(textwrap.dedent(body), "")
    program.write_text(f"#!{sys.executable}\nimport os, sys\nopen({str(folder / 'starts')!r}, 'a').write('x')\n{body}")
    program.chmod(0o755)
    return str(program)


def starts(folder: Path) -> int:
    """How often it was started."""
    return len((folder / "starts").read_text())


def test_many_sources_take_one_process_and_no_second_one(tmp_path: Path) -> None:
    """Threads that ask again are answered from memory."""
    python = fake(tmp_path, f"os.execv({newer_python()!r}, [{newer_python()!r}, *sys.argv[1:]])")
    sources = [NEW + b"x = %d\n" % n for n in range(30)]
    asked = parser(python)
    assert not asked.asked_target
    asked.prepare([b"x = 1\n"])
    assert not (tmp_path / "starts").exists()  # nothing needed it
    asked.prepare([b"x = 1\n", *sources])
    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(asked.parse, sources * 2))
    assert starts(tmp_path) == 1
    assert asked.asked_target


@pytest.mark.parametrize("printed", ["[3, 7]", "[3, 11]", "", "Python 3.99", "[3, 99]\nnull\n{}\n[]"])
def test_an_interpreter_that_helps_nothing_is_asked_once(tmp_path: Path, printed: str) -> None:
    """One that is no newer, or says what cannot be understood; and the reason names it, with the way out."""
    asked = parser(fake(tmp_path, f"print({printed!r})"))
    asked.prepare([NEW, NEW + b"y\n", NEW + b"z\n"])
    first = starts(tmp_path)
    assert [asked.parse(s) for s in (NEW, NEW + b"y\n", NEW + b"z\n")] == [None] * 3
    assert starts(tmp_path) == first == 1
    assert "these tests" in asked.too_new(NEW)
    assert "set `python`" in asked.too_new(NEW)


def test_a_source_that_crashes_it_takes_no_other_along(tmp_path: Path) -> None:
    """Those before it are answered already, those after it are asked for again."""
    body = f"""\
        from subprocess import run
        head, feed = b"", sys.stdin.buffer.read()
        if b"crash" in feed:
            feed = feed[:feed.index(b"crash")].rpartition(b"b ")[0]
            done = run([{newer_python()!r}, *sys.argv[1:]], input=feed)
            sys.exit(139)
        run([{newer_python()!r}, *sys.argv[1:]], input=feed)
        """
    asked = parser(fake(tmp_path, body))
    sources = [NEW, NEW + b"crash\n", NEW + b"y\n"]
    asked.prepare(sources)
    assert [asked.parse(source) is not None for source in sources] == [True, False, True]
    assert starts(tmp_path) == 2
