"""Names and messages as they can be shown: nothing in them is taken for markup."""

from __future__ import annotations

import re
from collections.abc import Sequence

_SPECIAL = re.compile(r"([\\`*_\[\]~#$!|])")


def printable(name: str) -> str:
    """A file name as it can be shown: control characters and undecodable bytes escaped."""
    shown = name.encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in shown)


def inline(text: str, most: int = 300) -> str:
    """*text* for one line or cell of Markdown, at most *most* characters of it: it cannot end the cell, begin markup or
    HTML, or become a link."""
    shown = printable(" ".join(text.split()))
    shown = f"{shown[:most]}…" if len(shown) > most else shown
    shown = _SPECIAL.sub(r"\\\1", shown)
    shown = shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # Many renderers make links of bare addresses.
    shown = shown.replace("://", ":&#47;&#47;").replace("@", "&#64;")
    return re.sub(r"(?i)\bwww\.", lambda found: f"{found[0][:-1]}&#46;", shown)


def link(text: str, address: str) -> str:
    """*text*, linked where there is an https address for it."""
    plain = inline(text)
    return f"[{plain}](<{address}>)" if re.fullmatch(r"https://[\w./~:#?=&%+-]+", address, re.ASCII) else plain


def table(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]], *, total: int = 0) -> list[str]:
    """A table of cells that are safe already; *total*, where there are more than these rows."""
    lines = ["", f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return [*lines, "", f"… and {total - len(rows)} more."] if total > len(rows) else lines


def fenced(text: str, language: str = "") -> str:
    """*text* as a block of code that nothing in it can end."""
    shown = text.encode("utf-8", "backslashreplace").decode("utf-8")
    longest = max((len(run) for run in re.findall(r"`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{shown}\n{fence}"
