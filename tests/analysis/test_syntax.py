"""Python source as a syntax tree."""

from __future__ import annotations

import ast
import gc
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stomper.analysis import syntax
from stomper.analysis.syntax import parse, walk

SOURCE = Path(syntax.__file__).with_name("risk.py").read_bytes()


@pytest.fixture
def interrupted() -> Iterator[None]:
    """Let other threads run wherever objects are made."""

    def give_way(_phase: str, _info: dict[str, int]) -> None:
        time.sleep(0)

    before = gc.get_threshold()
    gc.callbacks.append(give_way)
    gc.set_threshold(1000)
    yield
    gc.set_threshold(*before)
    gc.callbacks.remove(give_way)


@pytest.mark.usefixtures("interrupted")
def test_threads_parse_side_by_side() -> None:
    """Python fails with SystemError when two make a tree at a time; a file would have failed for it."""
    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(parse, [SOURCE] * 40))


def test_all_of_a_tree_is_what_python_says_it_is() -> None:
    """The nodes come in the order of the library's own walk."""
    tree = parse(SOURCE)
    assert tree is not None
    assert walk(tree) == list(ast.walk(tree))


@pytest.mark.parametrize("source", ["x = (", b"\0", b"\xff\xfe", "+" * 100_000 + "0"])
def test_what_does_not_parse_has_no_tree(source: str | bytes) -> None:
    """Neither what is no Python, nor what is nested too deep."""
    assert parse(source) is None
