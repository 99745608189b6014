"""Strangers' words (names of files, codes, messages) where a forge reads them: they ping nobody, close no issue, and are
no markup."""

from __future__ import annotations

import re

_LIVE = re.compile(r"([@#!]|://|gh-)(?=[\w/])", re.IGNORECASE)
_JOINER = "\u2060"  # not seen, and no letter
_LONGEST = 200


def line(words: str) -> str:
    """On one line, for titles and messages of commits: what a forge would act on has a joiner in it."""
    return _LIVE.sub(lambda found: found[1] + _JOINER, _printable(words))


def code(words: str) -> str:
    """As a span of code in Markdown, in a table too, where forges look for neither names nor numbers."""
    shown = _printable(words)[:_LONGEST].replace("`", "'").replace("|", "\\|").strip()
    return f"`{shown or ' '}`"


def _printable(words: str) -> str:
    shown = words.encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in shown)
