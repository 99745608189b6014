"""How much a patch could break: by what it leaves of the syntax tree."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from stomper.analysis.syntax import OWN, PYTHON, Parser

Risk = Literal["cosmetic", "typing", "logic"]
RISKS: tuple[Risk, ...] = ("cosmetic", "typing", "logic")
_TYPING = ("__future__", "typing", "typing_extensions", "collections.abc", "types")


def risk(before: Mapping[str, bytes | None], after: Mapping[str, bytes | None], parser: Parser = OWN) -> Risk:
    """The highest tier among the files of a patch, given both sides of each (None where a side does not exist).

    Cosmetic: comments, layout, the order of imports. Typing: annotations and what is imported for them. Else logic."""
    return max(
        (_of_file(p, before.get(p), after.get(p), parser) for p in {*before, *after}),
        key=RISKS.index,
        default="cosmetic",
    )


def _of_file(path: str, before: bytes | None, after: bytes | None, parser: Parser) -> Risk:
    if before is None or after is None or before == after:
        return "cosmetic" if before == after else "logic"
    if not path.endswith(PYTHON):
        return "cosmetic" if before.split() == after.split() and path.endswith((".md", ".txt", ".rst")) else "logic"
    old, new = parser.parse(before), parser.parse(after)  # each a tree of its own: they are taken apart
    if old is None or new is None:
        return "logic"
    _leave_what_differs(old, new, _lines(before), _lines(after))
    if _shown(_ImportsSorted().visit(old)) == _shown(_ImportsSorted().visit(new)):
        return "cosmetic"
    # What was sorted is sorted still.
    return "typing" if _shown(_Untyped().visit(old)) == _shown(_Untyped().visit(new)) else "logic"


def _leave_what_differs(old: ast.Module, new: ast.Module, before: Sequence[bytes], after: Sequence[bytes]) -> None:
    """Take out of both trees the statements at their beginnings and ends that read the same, cut at definitions, which are
    no imports and never left out: what holds of the rest holds of the whole. *before* and *after* are their lines."""

    def same(a: ast.stmt, b: ast.stmt) -> bool:
        return a.col_offset == b.col_offset and _source(a, before) == _source(b, after)

    for way in (1, -1):
        both = list(zip(old.body[::way], new.body[::way], strict=False))
        alike = next((n for n, pair in enumerate(both) if not same(*pair)), len(both))
        while alike and not isinstance(both[alike - 1][0], _DEFINITIONS):
            alike -= 1
        for tree in (old, new):
            tree.body = tree.body[alike:] if way > 0 else tree.body[: len(tree.body) - alike]


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n|$)")


def _lines(source: bytes) -> list[bytes]:
    return _LINE.findall(source)


def _source(statement: ast.stmt, lines: Sequence[bytes]) -> tuple[bytes, ...]:
    """The whole lines of a statement, its decorators too."""
    decorators = getattr(statement, "decorator_list", [])
    first = min(node.lineno for node in (statement, *decorators))
    return tuple(lines[first - 1 : statement.end_lineno])


def _shown(tree: ast.AST) -> str:
    return ast.dump(tree)


class _ImportsSorted(ast.NodeTransformer):
    """Runs of neighbouring imports in one order, one name each."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        for name in ("body", "orelse", "finalbody"):
            if isinstance(block := getattr(node, name, None), list):
                setattr(node, name, _sorted_imports(block))
        return node


def _sorted_imports(block: Iterable[ast.stmt]) -> list[ast.stmt]:
    result: list[ast.stmt] = []
    run: list[ast.stmt] = []
    for statement in block:
        if isinstance(statement, ast.Import):
            run += [ast.Import(names=[name]) for name in statement.names]
        elif isinstance(statement, ast.ImportFrom):
            run += [ast.ImportFrom(module=statement.module, names=[n], level=statement.level) for n in statement.names]
        else:
            result += [*sorted(run, key=ast.dump), statement]
            run = []
    return [*result, *sorted(run, key=ast.dump)]


class _Untyped(_ImportsSorted):
    """Without annotations, and without the imports that serve them."""

    def visit_arg(self, node: ast.arg) -> ast.AST:
        """An argument without its annotation."""
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """A function without the annotation of what it returns."""
        node.returns = None
        return self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        """The same for coroutines."""
        node.returns = None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        """A plain assignment, or nothing where no value is assigned.

        In a class the annotation itself may be read when the program runs, by dataclasses for one: it stays there."""
        if node.value is None:
            return None
        return ast.Assign(targets=[node.target], value=node.value, lineno=0)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """A class, whose own annotated names are left as they are."""
        fields = {id(s) for s in node.body if isinstance(s, ast.AnnAssign)}
        node.body = [s if id(s) in fields else self.visit(s) for s in node.body]
        return node

    def visit_Import(self, node: ast.Import) -> ast.AST | None:
        """Nothing, for what only types are imported from."""
        node.names = [name for name in node.names if name.name not in _TYPING]
        return node if node.names else None

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        """The same."""
        return None if node.module in _TYPING and not node.level else node

    def visit_If(self, node: ast.If) -> ast.AST | None:
        """Nothing, for what only a type checker runs."""
        test = node.test
        name = test.id if isinstance(test, ast.Name) else test.attr if isinstance(test, ast.Attribute) else ""
        return None if name == "TYPE_CHECKING" and not node.orelse else self.generic_visit(node)
