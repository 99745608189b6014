"""What a file imports from its own repository and uses where a type error is: signatures that an agent would look up."""

from __future__ import annotations

import ast
from pathlib import Path

from stomper.analysis.syntax import OWN, Parser
from stomper.models import FileJob

_LINES = 14


def definitions(source: str, job: FileJob, tree: Path, parser: Parser = OWN) -> str:
    """The heads of imported functions and classes that stand on flagged lines of type errors; empty when there are none."""
    flagged = {d.line for d in job.diagnostics if d.tool == "mypy"}
    module = parser.parse(source)
    if module is None:
        return ""
    used = {n.id for n in ast.walk(module) if isinstance(n, ast.Name) and n.lineno in flagged}
    found = []
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom) and (file := _file_of(node, job.path, tree)):
            wanted = [alias.name for alias in node.names if (alias.asname or alias.name) in used]
            place = file.relative_to(tree).as_posix()
            found += [f"# {place}\n{head}" for name in wanted if (head := _head(file, name, parser))]
    return "\n\n".join(dict.fromkeys(found))


def _file_of(node: ast.ImportFrom, path: str, tree: Path) -> Path | None:
    here = (tree / path).parent
    for _ in range(node.level - 1):
        here = here.parent
    if not here.is_relative_to(tree):
        return None
    parts = (node.module or "").split(".")
    for root in [here] if node.level else [tree / "src", tree]:
        place = root.joinpath(*parts)
        for file in (place.with_suffix(".py"), place / "__init__.py"):
            if file.is_file() and file.resolve() == tree.resolve() / file.relative_to(tree):  # no link leads there
                return file
    return None


def _head(file: Path, name: str, parser: Parser) -> str:
    """The definition of *name*, cut after its first lines."""
    text = file.read_text(encoding="utf-8", errors="replace")
    module = parser.parse(text)
    for node in module.body if module else ():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name == name:
            lines = text.splitlines()[node.lineno - 1 : node.end_lineno]
            return "\n".join([*lines[:_LINES], *(["    ..."] if len(lines) > _LINES else [])])
    return ""
