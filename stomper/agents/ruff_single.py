"""Single fixes of ruff's: some errors of a code in a file are repaired, and others of the same code are left alone.

ruff can be told codes and no places, so its edits are applied here. One edit of F401 takes away all the unused names of
a statement: for that code ruff is shown a file in which the names that are to stay are used."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

from stomper.analysis.fingerprints import LINE_END, compare, stamp
from stomper.analysis.syntax import parse, walk
from stomper.checkers.ruff import Edit, RuffChecker
from stomper.models import Diagnostic

_BOM = "\ufeff"


def apply_only(checker: RuffChecker, tree: Path, wanted: Sequence[Diagnostic]) -> None:
    """Repair *wanted*, which are errors of one code in one file, by ruff's fixes of them; the file stays as it is where
    that would repair others of that code too, and where it is a notebook.

    Raises CheckerError where ruff fails."""
    code, path = wanted[0].code, wanted[0].path
    file = tree / path
    content = file.read_bytes()
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return
    places = {_place(d) for d in wanted}
    others = [d for d in checker.check(tree, [path]) if d.code == code and _place(d) not in places]
    if code == "F401" and (names := sorted(set(_bound(text, others)))):
        file.write_bytes(f"{text}\n({', '.join(names)},)\n".encode())
    edits = [e for d, e in checker.fixes(tree, path) if d.code == code and _place(d) in places]
    file.write_bytes(edited(text, edits).encode("utf-8"))
    if not _still_there(checker, tree, path, text, others):
        file.write_bytes(content)


def _place(diagnostic: Diagnostic) -> tuple[int, int, str]:
    return diagnostic.line, diagnostic.column, diagnostic.message


def _bound(text: str, unused: Sequence[Diagnostic]) -> Iterator[str]:
    """The names that the imports at these places bind."""
    module = parse(text.removeprefix(_BOM))
    for node in walk(module) if module else ():
        if isinstance(node, ast.alias) and any(_inside(node, d) for d in unused):
            yield node.asname or node.name.partition(".")[0]


def _inside(name: ast.alias, diagnostic: Diagnostic) -> bool:
    """Whether an error is about *name*; ruff gives the place of what comes after `as`, where there is such."""
    start, end = (name.lineno, name.col_offset), (name.end_lineno or name.lineno, name.end_col_offset or 0)
    return start < (diagnostic.line, diagnostic.column) <= end


def edited(text: str, fixes: Sequence[Sequence[Edit]]) -> str:
    """Return *text* after *fixes*, from its start on; one that overlaps with a fix before it is left out."""
    mark = _BOM if text.startswith(_BOM) else ""
    text = text.removeprefix(_BOM)
    starts = [0, *(end.end() for end in LINE_END.finditer(text)), len(text)]
    taken: list[tuple[int, int, str]] = []
    for fix in sorted(dict.fromkeys(map(tuple, fixes)), key=lambda edits: [edit.start for edit in edits]):
        parts = sorted((_offset(starts, edit.start), _offset(starts, edit.end), edit.text) for edit in fix)
        if parts and (not taken or parts[0][0] >= taken[-1][1]):
            taken += parts
    for start, end, new in reversed(taken):
        text = text[:start] + new + text[end:]
    return mark + text


def _offset(starts: Sequence[int], place: tuple[int, int]) -> int:
    """Where a place is in a text whose lines begin at *starts*; the last of them is the text's end."""
    line, column = place
    return min(starts[min(line, len(starts)) - 1] + column - 1, starts[-1])


def _still_there(checker: RuffChecker, tree: Path, path: str, text: str, others: Sequence[Diagnostic]) -> bool:
    """Whether *others*, which were errors of *text*, are errors of the file as it is now."""
    parser = checker.context.environment.parser
    before = stamp(others, lambda _: text.encode("utf-8"), parser)
    after = stamp(checker.check(tree, [path]), lambda _: (tree / path).read_bytes(), parser)
    return not compare(before, after).fixed
