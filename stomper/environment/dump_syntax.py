"""Run by the target's interpreter: sources come in on stdin, their syntax trees go out as lines of JSON.

Any Python from 3.8 on reads it, and it imports nothing of ours. On stdin, each source is a line "KIND SIZE", where KIND is
"b" for bytes and "s" for text in UTF-8, then SIZE bytes. The first line out is the version of the interpreter; where that
is none newer than the first argument ("3.11"), it is the only one. `stomper/analysis/portable_tree.py` reads the others."""

from __future__ import annotations

import ast
import json
import sys
from typing import Any

_REFUSED = (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError)


def main(known: str) -> None:
    """Answer for every source on stdin."""
    version = sys.version_info[:2]
    _say(version)
    if list(version) <= [int(part) for part in known.split(".")]:
        return
    feed = sys.stdin.buffer
    for head in iter(feed.readline, b""):
        kind, size = head.split()
        content = feed.read(int(size))
        # A line at a time: what crashes the interpreter shall not take the answers before it along.
        _say(_answer(content, kind == b"s"))


def _say(answer: Any) -> None:
    sys.stdout.write(json.dumps(answer, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def _answer(content: bytes, is_text: bool) -> dict[str, Any] | None:
    try:
        return _tree(ast.parse(content.decode("utf-8", "surrogatepass") if is_text else content))
    except _REFUSED:
        return None


def _tree(tree: ast.AST) -> dict[str, Any]:
    """The kinds of nodes ([name, names of its bases, fields, whether it has a place]) and the nodes, parents first.

    A node is [kind, its place (line, column, last line, last column) where it has one, *values of its fields]."""
    kinds: dict[tuple[str, tuple[str, ...], tuple[str, ...], bool], int] = {}
    nodes: list[list[Any]] = []
    waiting = [tree]

    def kind_of(node: ast.AST) -> int:
        cls = type(node)
        bases = [base.__name__ for base in cls.__mro__[1:] if issubclass(base, ast.AST)]
        entry = (cls.__name__, tuple(bases), cls._fields, "lineno" in cls._attributes)
        return kinds.setdefault(entry, len(kinds))

    def value_of(value: Any) -> Any:
        if isinstance(value, list):
            return [value_of(item) for item in value]
        if not isinstance(value, ast.AST):
            return _constant(value)
        if not value._fields and not value._attributes:  # Load, Add and the like, which many parents share
            return -1 - kind_of(value)
        waiting.append(value)
        return len(waiting) - 1

    for node in waiting:  # which grows
        row: list[Any] = [kind_of(node)]
        if "lineno" in node._attributes:
            row += [getattr(node, name) for name in ("lineno", "col_offset", "end_lineno", "end_col_offset")]
        nodes.append(row + [value_of(getattr(node, name, None)) for name in node._fields])
    return {"kinds": list(kinds), "nodes": nodes}


def _constant(value: Any) -> Any:
    """A constant, with a mark for what JSON cannot say; a plain number is a node."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:  # JSON makes one character of two surrogates that stand together
            return {"text": value.encode("utf-32-le", "surrogatepass").hex()}
        return value
    if isinstance(value, int):
        return {"int": hex(value)}
    if isinstance(value, float):
        return {"float": value.hex()}
    if isinstance(value, complex):
        return {"complex": [value.real.hex(), value.imag.hex()]}
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if value is Ellipsis:
        return {"ellipsis": True}
    raise ValueError("a constant of a kind that is not known")


if __name__ == "__main__":
    main(sys.argv[1])
