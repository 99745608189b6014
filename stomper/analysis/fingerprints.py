"""What makes an error the same error after its line moved, and the comparison of two sets of errors."""

from __future__ import annotations

import ast
import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from stomper.analysis.syntax import OWN, PYTHON, Parser, parse, walk
from stomper.models import Diagnostic

_FOLDS = ((re.compile(r"0x[0-9a-fA-F]+"), "0x"), (re.compile(r"\d+"), "0"), (re.compile(r"[`'\"“”‘’]"), "'"))

_QUOTED = re.compile(r"'[^']*'(?:, '[^']*')*")

LINE_END = re.compile(r"\r\n|\r|\n")
"""Matches what ends a line for Python; str.splitlines knows more."""


def fold_message(message: str) -> str:
    """The message without what changes when code moves: numbers, addresses, kinds of quotes, white space."""
    for pattern, replacement in _FOLDS:
        message = pattern.sub(replacement, message)
    return " ".join(message.split())


def stamp(
    diagnostics: Iterable[Diagnostic], read: Callable[[str], bytes | None], parser: Parser = OWN
) -> list[Diagnostic]:
    """The diagnostics with their fingerprints; *read* gives a path's content, or None."""
    by_path: dict[str, list[Diagnostic]] = defaultdict(list)
    for diagnostic in diagnostics:
        by_path[diagnostic.path].append(diagnostic)
    stamped: list[Diagnostic] = []
    late: dict[str, str] = {}  # what takes a process is parsed together

    def stamp_group(path: str, source: str, tree: ast.Module | None) -> None:
        lines, scopes = LINE_END.split(source), _scopes(tree)
        stamped.extend(d.model_copy(update={"fingerprint": _fingerprint(d, lines, scopes)}) for d in by_path[path])

    for path in by_path:
        source = (read(path) or b"").decode("utf-8", errors="replace")
        tree = parse(source)
        if tree is None and path.endswith(PYTHON):
            late[path] = source
        else:
            stamp_group(path, source, tree)
    parser.prepare(late.values())
    for path, source in late.items():
        stamp_group(path, source, parser.parse(source))
    return sorted(stamped, key=lambda d: (d.path, d.line, d.column, d.tool, d.code, d.message))


def _fingerprint(diagnostic: Diagnostic, lines: Sequence[str], scopes: Sequence[tuple[int, int, str]]) -> str:
    last = max(diagnostic.end_line, diagnostic.line)
    flagged = " ".join(" ".join(lines[max(diagnostic.line - 1, 0) : last]).split()) if diagnostic.line else ""
    inside = [name for start, end, name in scopes if start <= diagnostic.line <= end]
    parts = (diagnostic.tool, diagnostic.code, diagnostic.path, fold_message(diagnostic.message), flagged, *inside)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:20]


def _scopes(tree: ast.Module | None) -> list[tuple[int, int, str]]:
    """(first line, last line, name) of every definition, outermost first; empty for what does not parse."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    found = walk(tree) if tree else ()
    return [(n.lineno, n.end_lineno or n.lineno, n.name) for n in found if isinstance(n, kinds)]


@dataclass(frozen=True)
class Comparison:
    """Errors before against errors after, as multisets. What remains is said with the place that it has after."""

    fixed: tuple[Diagnostic, ...]
    remaining: tuple[Diagnostic, ...]
    introduced: tuple[Diagnostic, ...]


def compare(before: Sequence[Diagnostic], after: Sequence[Diagnostic]) -> Comparison:
    """Match the same fingerprints first; then the same tool, code, path and message, whose flagged source was edited
    without curing it (an import block that is still unsorted): that is the old error, neither fixed nor introduced. So
    is one whose message lists the same names in another order, or fewer of them."""
    remaining, left_before, left_after = _match(before, after, lambda d: (d.fingerprint,))
    same, fixed, introduced = _match(
        left_before, left_after, lambda d: (d.tool, d.code, d.path, fold_message(d.message))
    )
    about, fixed, introduced = _match_lists(fixed, introduced)
    return Comparison(tuple(fixed), (*remaining, *same, *about), tuple(introduced))


def _match_lists(
    before: Sequence[Diagnostic], after: Sequence[Diagnostic]
) -> tuple[list[Diagnostic], list[Diagnostic], list[Diagnostic]]:
    """Like `_match`, where a list of names in a message is the same as a longer one in any order."""
    matched: list[Diagnostic] = []
    gone: list[Diagnostic] = []
    new = list(after)
    for diagnostic in before:
        now = next((d for d in new if _about_less(diagnostic, d)), None)
        if now is None:
            gone.append(diagnostic)
        else:
            new.remove(now)
            matched.append(_moved(diagnostic, now))
    return matched, gone, new


def _about_less(before: Diagnostic, after: Diagnostic) -> bool:
    if (before.tool, before.code, before.path) != (after.tool, after.code, after.path):
        return False
    (old, was), (new, now) = _lists(before.message), _lists(after.message)
    if old != new or len(was) != len(now):
        return False
    return all((len(some) > 1 and fewer <= some) or fewer == some for some, fewer in zip(was, now, strict=True))


def _lists(message: str) -> tuple[str, list[set[str]]]:
    """The message without the names that it quotes, and these, list by list."""
    folded = fold_message(message)
    return _QUOTED.sub("''", folded), [set(found[0].split(", ")) for found in _QUOTED.finditer(folded)]


def _match(
    before: Sequence[Diagnostic], after: Sequence[Diagnostic], key: Callable[[Diagnostic], tuple[str, ...]]
) -> tuple[list[Diagnostic], list[Diagnostic], list[Diagnostic]]:
    """(before that is also in after, at its place there; before that is not; after that is not in before)."""
    there: dict[tuple[str, ...], list[Diagnostic]] = defaultdict(list)
    wanted = Counter(key(d) for d in before)
    new = []
    for diagnostic in reversed(after):
        k = key(diagnostic)
        if len(there[k]) < wanted[k]:
            there[k].append(diagnostic)  # the last first
        else:
            new.append(diagnostic)
    matched: list[Diagnostic] = []
    gone: list[Diagnostic] = []
    for diagnostic in before:
        if now := there[key(diagnostic)]:
            matched.append(_moved(diagnostic, now.pop()))
        else:
            gone.append(diagnostic)
    return matched, gone, new[::-1]


def _moved(before: Diagnostic, after: Diagnostic) -> Diagnostic:
    place = {"line": after.line, "column": after.column, "end_line": after.end_line}
    return before.model_copy(update=place)
