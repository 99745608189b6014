"""The comments and strings of a source in any language, and its lines of code without them."""

from __future__ import annotations

import bisect
import codecs
import contextlib
import io
import json
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from stomper.analysis.languages import LANGUAGES, Language, Syntax, language
from stomper.analysis.syntax import parse

_SCRIPT = next(entry for entry in LANGUAGES if entry.name == "javascript")
_EXPRESSION = re.compile(r"\$\{(.*?)\}", re.DOTALL)
_STRINGS = (
    tokenize.STRING,
    getattr(tokenize, "FSTRING_MIDDLE", -1),
    getattr(tokenize, "TSTRING_MIDDLE", -1),
)  # 3.12, 3.14
_BLANK = re.compile(r"[^\n]")
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True)
class Piece:
    """A comment or string: where it is in the text, its end not included, and what it says."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Source:
    """A source taken apart. Where it is in doubt whether something is a comment or a string, it is a comment."""

    language: Language
    text: str
    comments: tuple[Piece, ...]
    strings: tuple[Piece, ...]

    @cached_property
    def code(self) -> str:
        """The text with blanks in place of its comments, so that all else stays where it is."""
        return _blanked(self.text, self.comments)

    @cached_property
    def lines(self) -> tuple[tuple[int, int, str], ...]:
        """Each line of code: its number from 0, how far it is indented, and what it says, without comments and layout."""
        entries = []
        for number, line in enumerate(self.code.split("\n")):
            said = " ".join(line.split())
            if said and said != "{}":  # what is left of a comment in JSX
                entries.append((number, len(line) - len(line.lstrip()), said))
        return tuple(entries)

    @cached_property
    def _breaks(self) -> list[int]:
        return [m.start() for m in re.finditer("\n", self.text)]

    def line_of(self, offset: int) -> int:
        """Return the number, from 0, of the line that *offset* is in."""
        return bisect.bisect_left(self._breaks, offset)


def taken_apart(path: str, source: bytes) -> Source:
    """Return the comments and strings of *source*; of a notebook, those of its cells of code."""
    kind, text = language(path, source), text_of(path, source)
    if kind.name in ("python", "notebook"):
        # A tokenizer that is older than the source may take a comment for a part of a string.
        found = _tokenized(text) if parse(text) is not None else None
        return Source(kind, text, *(found or _all_alike(text, kind)))
    return Source(kind, text, *_scanned(text, kind))


def text_of(path: str, source: bytes) -> str:
    """Return what a person reads in a file as text; of a notebook, the code of its cells."""
    kind = language(path, source).name
    text = decoded(source, python=kind == "python")
    return cells(text) if kind == "notebook" else text


def decoded(source: bytes, *, python: bool = False) -> str:
    """Return the text of *source* with plain line ends: by its byte order mark or Python's declaration, else UTF-8."""
    encoding = next((name for mark, name in _BOMS if source.startswith(mark)), "utf-8")
    if python:
        with contextlib.suppress(SyntaxError):
            encoding = tokenize.detect_encoding(io.BytesIO(source).readline)[0]
    return source.decode(encoding, errors="replace").replace("\r\n", "\n").replace("\r", "\n")


def cells(text: str) -> str:
    """Return the code of a notebook, cell by cell, or *text* itself where it is none."""
    try:
        found = [c["source"] for c in json.loads(text)["cells"] if c["cell_type"] == "code"]
        return "\n".join(s if isinstance(s, str) else "".join(s) for s in found) + "\n"
    except (ValueError, KeyError, TypeError):
        return text


def _blanked(text: str, pieces: tuple[Piece, ...]) -> str:
    parts, at = [], 0
    for piece in pieces:
        parts += [text[at : piece.start], _BLANK.sub(" ", text[piece.start : piece.end])]
        at = piece.end
    return "".join((*parts, text[at:]))


Found = tuple[tuple[Piece, ...], tuple[Piece, ...]]
"""The comments, and the strings."""


def _tokenized(text: str) -> Found | None:
    """The comments and strings as Python's own tokenizer finds them; None where it cannot, as of newer syntax."""
    starts = [0, *(m.end() for m in re.finditer("\n", text))]
    comments: list[Piece] = []
    strings: list[Piece] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            kept = comments if token.type == tokenize.COMMENT else strings if token.type in _STRINGS else None
            if kept is not None:
                start, end = (starts[line - 1] + column for line, column in (token.start, token.end))
                kept.append(Piece(start, end, token.string))
    except (tokenize.TokenError, SyntaxError, IndexError):
        return None
    return tuple(comments), tuple(strings)


def _all_alike(text: str, kind: Language) -> Found:
    """All that looks like a comment, as nothing here can tell the strings."""
    found = comment_like(kind.syntax).finditer(text)
    return tuple(Piece(match.start(), match.end(), match[0]) for match in found), ()


def _scanned(text: str, kind: Language) -> Found:
    comments: list[Piece] = []
    strings: list[Piece] = []
    for is_comment, piece in _pieces(text, kind.syntax, 0):
        (comments if is_comment else strings).append(piece)
    return tuple(sorted(comments, key=lambda p: p.start)), tuple(strings)


def _pieces(text: str, syntax: Syntax, offset: int) -> Iterator[tuple[bool, Piece]]:
    for match in _scanner(syntax).finditer(text):
        if match.lastgroup == "other":
            continue
        yield match.lastgroup == "comment", Piece(offset + match.start(), offset + match.end(), match[0])
        if match.lastgroup == "string" and match[0].startswith("`"):  # with code in it
            for inner in _EXPRESSION.finditer(match[0]):
                for is_comment, piece in _pieces(inner[1], _SCRIPT.syntax, offset + match.start() + inner.start(1)):
                    if is_comment:
                        yield True, piece


@lru_cache(maxsize=64)
def _scanner(syntax: Syntax) -> re.Pattern[str]:
    groups = (("comment", syntax.comments), ("string", syntax.strings), ("other", syntax.others))
    parts = [f"(?P<{name}>{'|'.join(some)})" for name, some in groups if some]
    return re.compile("|".join(parts), re.DOTALL | re.MULTILINE)


@lru_cache(maxsize=64)
def comment_like(syntax: Syntax) -> re.Pattern[str]:
    """Return what finds all that looks like a comment, even where it is part of a string."""
    return re.compile("|".join(syntax.comments), re.DOTALL | re.MULTILINE)
