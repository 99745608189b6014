"""Sources with an error that a checker finds, and with one that only tests can find."""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator

UNUSED = "import sys as nobody_uses_this\n"
SWAPS: dict[type[ast.AST], str] = {
    ast.Eq: "!=", ast.NotEq: "==", ast.Is: "is not", ast.IsNot: "is", ast.In: "not in", ast.NotIn: "in", ast.Lt: ">=",
    ast.LtE: ">", ast.Gt: "<=", ast.GtE: "<",
}  # fmt: skip


def with_unused(source: str) -> str:
    """The source with an unused import where imports may stand."""
    body = ast.parse(source).body
    first = next(
        (
            n
            for n in body
            if not (isinstance(n, ast.Expr) or (isinstance(n, ast.ImportFrom) and n.module == "__future__"))
        ),
        None,
    )
    lines = source.splitlines(keepends=True)
    at = min([first.lineno, *(d.lineno for d in getattr(first, "decorator_list", ()))]) - 1 if first else len(lines)
    return "".join([*lines[:at], UNUSED, *lines[at:]])


def damaged(source: str, chance: random.Random) -> str:
    """The source with one comparison, truth value or number in a function changed."""
    functions = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    edits = sorted({edit for f in functions for statement in f.body for edit in _edits(statement)})
    if not edits:
        return source
    line, start, end, text = chance.choice(edits)
    lines = source.splitlines(keepends=True)
    raw = lines[line].encode()
    lines[line] = (raw[:start] + text.encode() + raw[end:]).decode()
    return "".join(lines)


def _edits(statement: ast.stmt) -> Iterator[tuple[int, int, int, str]]:
    for node in ast.walk(statement):
        if isinstance(node, ast.Constant) and isinstance(node.value, int) and node.lineno == node.end_lineno:
            new = str(not node.value) if isinstance(node.value, bool) else str(node.value + 1)
            yield node.lineno - 1, node.col_offset, node.end_col_offset or 0, new
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and node.lineno == node.end_lineno:
            word = SWAPS[type(node.ops[0])]
            left, right = ast.unparse(node.left), ast.unparse(node.comparators[0])
            yield node.lineno - 1, node.col_offset, node.end_col_offset or 0, f"{left} {word} {right}"
