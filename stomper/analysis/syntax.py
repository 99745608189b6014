"""Python source as a syntax tree."""

from __future__ import annotations

import ast
import threading
from collections.abc import Iterable
from typing import Protocol

PYTHON = (".py", ".pyi")
"""How the names of Python files end."""

# CPython counts the depth of the tree that it makes in one place for all threads, and fails with SystemError when two of
# them make one at a time: https://github.com/python/cpython/issues/106905. It holds the interpreter meanwhile anyhow.
_parsing = threading.RLock()  # what is collected meanwhile may end in this thread


class Parser(Protocol):
    """Parses Python source. Safe to use from threads."""

    def __hash__(self) -> int:
        """Return what tells it from others, as what it made is remembered by it."""
        ...

    @property
    def asked_target(self) -> bool:
        """Return whether some source so far needed a newer Python than this one, and there is one."""
        ...

    def parse(self, source: bytes | str) -> ast.Module | None:
        """Return the syntax tree of *source*, for the caller alone; None for what does not parse."""
        ...

    def too_new(self, source: bytes) -> str:
        """Return why *source*, which does not parse here, may be Python all the same, and the next step; empty for what is a
        syntax error to every Python."""
        ...

    def prepare(self, sources: Iterable[bytes | str]) -> None:
        """Parse together what takes a process, so that `parse` needs none for it afterwards."""
        ...


class OwnParser:
    """The parser of the running interpreter alone."""

    asked_target = False

    def parse(self, source: bytes | str) -> ast.Module | None:
        """Return the syntax tree of *source*; None for what does not parse."""
        return parse(source)

    def too_new(self, source: bytes) -> str:  # noqa: ARG002 - as the others
        """Return nothing: there is no other interpreter to think of."""
        return ""

    def prepare(self, sources: Iterable[bytes | str]) -> None:
        """Do nothing: no process is needed."""


OWN = OwnParser()


def parse(source: bytes | str) -> ast.Module | None:
    """The syntax tree of *source*, for the caller alone; None for what this interpreter does not parse. Safe to call from
    threads."""
    try:
        with _parsing:
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # the last is how the parser says too deep
        return None


def walk(root: ast.AST) -> list[ast.AST]:
    """What ast.walk gives, in less than half the time."""
    found = [root]
    for node in found:  # which grows
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, list):
                found += [item for item in value if isinstance(item, ast.AST)]
            elif isinstance(value, ast.AST):
                found.append(value)
    return found


def alias_of_type(node: ast.AST) -> tuple[str, ast.expr] | None:
    """Return the name and the value of a statement `type NAME = VALUE`; None for any other node."""
    # An interpreter before 3.12 has no class of that name: `stomper.analysis.portable_tree` makes one.
    if type(node).__name__ != "TypeAlias":
        return None
    name, value = getattr(node, "name", None), getattr(node, "value", None)
    return (name.id, value) if isinstance(name, ast.Name) and isinstance(value, ast.expr) else None


def type_params(node: ast.AST) -> list[ast.AST]:
    """Return what stands in brackets behind the name of a function, class or type alias: `[T: int]`."""
    return list(getattr(node, "type_params", ()))
