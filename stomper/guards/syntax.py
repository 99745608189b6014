"""The guard for what the others see: Python that can be parsed, before and after."""

from __future__ import annotations

import re
from collections import Counter

from stomper.analysis.syntax import PYTHON
from stomper.guards.base import Diff

_SYNTAX_ERRORS = ("invalid-syntax", "E999")  # as ruff and flake8 call them
_DEFINED = re.compile(rb"^[ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)[ \t]*[\[(:]", re.MULTILINE)
_ASSERTED = re.compile(rb"\bassert\w*|\braises\b|\bfail\b")
_WORD = re.compile(rb"\w+")
_KEPT = 0.5  # the share of its words that a file keeps whose syntax is repaired
_CONFLICT = re.compile(rb"^<{7} ", re.MULTILINE)


def syntax(diff: Diff) -> str:
    """Python that parsed still parses. What did not is only repaired: as no other guard sees through it, by its words."""
    for path in diff.patch.paths:
        before, after = diff.before[path] or b"", diff.after[path]
        if path.endswith(PYTHON) and after is not None and (said := _said(diff, path, before, after)):
            return said
    return ""


def _said(diff: Diff, path: str, before: bytes, after: bytes) -> str:
    was, now = diff.tree(before), diff.tree(after)
    if was:
        return "" if now else f"{path} no longer parses{_in_brackets(diff.parser.too_new(after))}"
    known = any(d.path == path and d.code in _SYNTAX_ERRORS for d in diff.job.diagnostics)
    if not known and (reason := diff.parser.too_new(before)):
        return f"{path} cannot be parsed, so nobody can say what the fix takes away: {reason}"
    if not now and (reason := diff.parser.too_new(after)):
        return f"{path} cannot be parsed, so nobody can say that it is repaired: {reason}"
    lost = _lost(before, after)
    return f"it took {lost} away from {path}, whose syntax it was to repair" if lost else ""


def _in_brackets(words: str) -> str:
    return f" ({words})" if words else ""


def _lost(before: bytes, after: bytes) -> str:
    """The first name that *before* defines and *after* does not, or its assertions; by words, as it does not parse."""
    kept = set(_DEFINED.findall(after))
    if gone := [name for name in _DEFINED.findall(before) if name not in kept]:
        return str(gone[0], "utf-8", "replace")
    words = Counter(_WORD.findall(before))
    if not _CONFLICT.search(before) and (words & Counter(_WORD.findall(after))).total() < words.total() * _KEPT:
        return "most"
    was, now = len(_ASSERTED.findall(before)), len(_ASSERTED.findall(after))
    # Of both sides of a conflict one goes.
    return "assertions" if now < (min(was, 1) if _CONFLICT.search(before) else was) else ""
