"""Python source as a syntax tree."""

from __future__ import annotations

import ast
import threading

# CPython counts the depth of the tree that it makes in one place for all threads, and fails with SystemError when two of
# them make one at a time: https://github.com/python/cpython/issues/106905. It holds the interpreter meanwhile anyhow.
_parsing = threading.RLock()  # what is collected meanwhile may end in this thread


def parse(source: bytes | str) -> ast.Module | None:
    """The syntax tree of *source*, for the caller alone; None for what does not parse. Safe to call from threads."""
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
