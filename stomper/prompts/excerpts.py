"""Errors as an agent reads them: each with the lines around it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from stomper.models import Diagnostic

_MESSAGE_LIMIT, _LINE_LIMIT = 400, 300
_LINE_END = re.compile(r"\r\n|\r|\n")  # what ends a line for Python and its checkers; str.splitlines knows more


def shown_errors(diagnostics: Sequence[Diagnostic], source: str, *, window: int, room: int) -> tuple[str, int]:
    """The errors with *window* lines of *source* on both sides, as many as *room* characters hold, but at least one.

    Returns the text and how many errors it leaves out."""
    lines = _LINE_END.split(source)
    shown: list[str] = []
    for number, diagnostic in enumerate(diagnostics):
        text = _error(diagnostic, lines, window)
        room -= len(text) + 1
        if shown and room < 0:
            return "\n".join(shown), len(diagnostics) - number
        shown.append(text)
    return "\n".join(shown), 0


def _plain(text: str) -> str:
    """One line, without what a terminal or a reader could take for more than it is."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _error(diagnostic: Diagnostic, lines: Sequence[str], window: int) -> str:
    place = f"line {diagnostic.line}" if diagnostic.line else "the whole file"
    head = f"- {place}: {diagnostic.tool} {diagnostic.code}: {_plain(diagnostic.message)[:_MESSAGE_LIMIT]}"
    first = max(diagnostic.line - 1 - window, 0)
    around = lines[first : diagnostic.line + window] if diagnostic.line else []
    marked = [
        f"    {n:>5}{' >' if n == diagnostic.line else '  '} {line[:_LINE_LIMIT]}"
        for n, line in enumerate(around, first + 1)
    ]
    return "\n".join([head, *marked])
