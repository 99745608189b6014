"""Search-and-replace edits of one file, as a model gives them: all applied exactly as they are, or none."""

from __future__ import annotations

import io
import itertools
import re
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from pydantic import BaseModel, Field

_SHOWN = 120  # characters of a line in what a model is told
_SURROGATES = re.compile("[\ud800-\udfff]")
_LIKE = 0.6  # how alike a line must be to be named in place of one that is not there


class Edit(BaseModel):
    """One replacement."""

    old: str = Field(
        description="Text of the file, copied exactly, white space and all. It must occur exactly once in the file: "
        "take in lines before or after it until it does."
    )
    new: str = Field(description="What stands in its place afterwards. Empty to remove it.")


class Edits(BaseModel):
    """All changes to the file, each against the file as it is now; they must not overlap."""

    edits: list[Edit] = Field(description="Empty when none of the errors can be repaired.")


class EditProblem(Exception):
    """The edits cannot be applied. Its text tells the model which of them and why."""


@dataclass(frozen=True)
class Source:
    """A file as text that turns back into the same bytes.

    A file whose lines all end in CRLF is seen with LF, as models write it. Bytes that its encoding does not know are
    surrogates, and every edit leaves them as they are."""

    text: str
    encoding: str
    crlf: bool

    @classmethod
    def read(cls, content: bytes) -> Source:
        encoding, text = _decode(content)
        bare = text.replace("\r\n", "")
        crlf = "\r\n" in text and "\n" not in bare and "\r" not in bare
        return cls(text.replace("\r\n", "\n") if crlf else text, encoding, crlf)

    def write(self, text: str) -> bytes:
        """The file's bytes if it read *text*. Raises UnicodeEncodeError for what its encoding cannot hold."""
        return (text.replace("\n", "\r\n") if self.crlf else text).encode(self.encoding, _errors(self.encoding))

    @property
    def shown(self) -> str:
        """The text for a reader: without the byte order mark, with U+FFFD for what cannot be shown."""
        return sendable(self.text.removeprefix("\ufeff"))

    def fit(self, text: str) -> str:
        """An edit's text with the file's line endings."""
        return text.replace("\r\n", "\n") if self.crlf else text


def apply(content: bytes, edits: Sequence[Edit]) -> bytes:
    """*content* after all *edits*, each found in it as it was. Raises EditProblem with every reason against them."""
    source = Source.read(content)
    places: list[tuple[int, int, str, int]] = []
    problems: list[str] = []
    for number, edit in enumerate(edits, 1):
        old, new = source.fit(edit.old), source.fit(edit.new)
        found = list(_occurrences(source.text, old))
        if len(found) != 1:
            problems.append(f"edit {number}: {_why(source, old, found)}")
        elif said := _unwritable(source, new):
            problems.append(f"edit {number}: {said}")
        else:
            places.append((found[0], found[0] + len(old), new, number))
    places.sort()
    for before, after in itertools.pairwise(places):
        if after[0] < before[1]:
            first, second = sorted((before[3], after[3]))
            problems.append(f"edits {first} and {second} overlap: make one edit of them")
    if problems:
        raise EditProblem("\n".join(problems))
    pieces, done = [], 0
    for start, end, new, _ in places:
        pieces += [source.text[done:start], new]
        done = end
    return source.write("".join([*pieces, source.text[done:]]))


def sendable(text: str) -> str:
    """Text that can be written as UTF-8: U+FFFD in place of what stands for an odd byte."""
    return _SURROGATES.sub("\ufffd", text)


def _decode(content: bytes) -> tuple[str, str]:
    """The encoding that the file declares and its text, or UTF-8 where those would not give the same bytes again."""
    try:
        declared = tokenize.detect_encoding(io.BytesIO(content).readline)[0]
        encoding = "utf-8" if declared == "utf-8-sig" else declared  # the byte order mark stays in the text
        text = content.decode(encoding)
        if text.encode(encoding) == content:
            return encoding, text
    except (SyntaxError, UnicodeError, LookupError):
        pass
    return "utf-8", content.decode("utf-8", "surrogateescape")


def _errors(encoding: str) -> str:
    return "surrogateescape" if encoding == "utf-8" else "strict"


def _occurrences(text: str, old: str) -> Iterator[int]:
    """Where *old* begins in *text*, those included that overlap."""
    place = text.find(old) if old else -1
    while place >= 0:
        yield place
        place = text.find(old, place + 1)


def _why(source: Source, old: str, found: Sequence[int]) -> str:
    if not old:
        return "`old` is empty: give the text that is to be replaced"
    if found:
        lines = ", ".join(str(source.text.count("\n", 0, place) + 1) for place in found[:5])
        return f"`old` occurs {len(found)} times (lines {lines}): take in more of the lines around it"
    return f"`old` does not occur in the file{_nearest(source, old)}: copy it exactly"


def _nearest(source: Source, old: str) -> str:
    """Words about the line that the model may have meant."""
    if not source.crlf and "\r\n" in source.text and "\n" in old:
        return (
            ", whose lines end in CRLF here and LF there; choose text within one line, or write \\r\\n where it stands"
        )
    wanted = next((line.strip() for line in old.splitlines() if line.strip()), "")[:_SHOWN]
    best, where, shown = _LIKE, 0, ""
    matcher = SequenceMatcher(b=wanted, autojunk=False)
    for number, line in enumerate(source.shown.splitlines(), 1):
        matcher.set_seq1(line.strip()[:_SHOWN])
        if matcher.real_quick_ratio() > best and matcher.quick_ratio() > best and matcher.ratio() > best:
            best, where, shown = matcher.ratio(), number, line[:_SHOWN]
    return f" (line {where} reads {shown!r})" if where else ""


def _unwritable(source: Source, new: str) -> str:
    """Why *new* cannot stand in the file; empty when it can."""
    try:
        new.encode(source.encoding)
    except UnicodeEncodeError as error:
        return f"`new` has {new[error.start]!r}, which the file's encoding {source.encoding} cannot hold"
    return ""
