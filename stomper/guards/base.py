"""What a guard is given, and what several of them look at."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath

from stomper.analysis.syntax import OWN, PYTHON, Parser, walk
from stomper.guards.vendored import vendored
from stomper.models import FileJob, Patch

Function = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_HOLDS_STATEMENTS = (ast.stmt, ast.ExceptHandler, ast.match_case)  # no expression does


@dataclass(frozen=True)
class Diff:
    """A patch with the contents on both sides of each path; None where a side does not exist."""

    job: FileJob
    patch: Patch
    before: dict[str, bytes | None]
    after: dict[str, bytes | None]
    may_edit: Callable[[str], bool]
    parser: Parser = OWN
    foreign: Callable[[str], str] = vendored
    """Gives that a file is somebody else's or generated, by its folder and the repository's attributes; empty where not."""

    def python(self) -> Iterator[tuple[str, ast.Module, ast.Module]]:
        """Each Python file that is there on both sides, as syntax trees. What does not parse is left out: the guard `syntax`
        answers for it."""
        for path in self.patch.paths:
            before, after = self.before.get(path), self.after.get(path)
            if path.endswith(PYTHON) and before is not None and after is not None:
                old, new = self.tree(before), self.tree(after)
                if old is not None and new is not None:
                    yield path, old, new

    def tree(self, source: bytes) -> ast.Module | None:
        """Return the syntax tree of *source*, which is not to be changed; None for what does not parse."""
        return parsed(source, self.parser)


# All guards look at the same few sources, of the files that are judged just now.
_remembered = lru_cache(maxsize=64)


@_remembered
def parsed(source: bytes, parser: Parser = OWN) -> ast.Module | None:
    """The syntax tree, which is not to be changed; None for what does not parse."""
    return parser.parse(source)


@_remembered
def nodes(tree: ast.Module) -> Sequence[ast.AST]:
    """All of a tree that *parsed* gave."""
    return walk(tree)


def is_test(path: str) -> bool:
    """Whether pytest would look for tests, fixtures or hooks in it."""
    pure = PurePosixPath(path)
    in_tests = any(part in ("tests", "test", "testing") for part in pure.parts[:-1])
    return in_tests or pure.name.startswith("test_") or pure.name.endswith("_test.py") or pure.name == "conftest.py"


@_remembered
def functions(tree: ast.Module) -> Mapping[str, Function]:
    """Every function by its qualified name; of two with one name the last, as when it runs."""
    return _functions(tree, "")


def _functions(tree: ast.AST, prefix: str) -> dict[str, Function]:
    found: dict[str, Function] = {}
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            name = f"{prefix}{node.name}"
            if isinstance(node, FUNCTIONS):
                found[name] = node
            found |= _functions(node, f"{name}.")
        elif isinstance(node, _HOLDS_STATEMENTS):
            found |= _functions(node, prefix)
    return found


def dotted(node: ast.AST) -> str:
    """`a.b.c` for a name or attribute; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = dotted(node.value)
        return f"{inner}.{node.attr}" if inner else node.attr
    return ""


def last(node: ast.AST) -> str:
    """The last part of a dotted name."""
    return dotted(node).rpartition(".")[2]


def hollow(statement: ast.stmt) -> bool:
    """Whether a statement does nothing: pass, `...`, a docstring, returning a constant, NotImplementedError."""
    match statement:
        case ast.Pass() | ast.Expr(value=ast.Constant()):
            return True
        case ast.Return(value=value):
            return value is None or isinstance(value, ast.Constant)
        case ast.Raise(exc=exc) if exc is not None:
            return last(exc.func if isinstance(exc, ast.Call) else exc) == "NotImplementedError"
    return False
