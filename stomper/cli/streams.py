"""stdout and stderr as a run needs them: whoever reads them may stop reading, and may know ASCII alone."""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_PLAIN = {
    "…": "...", "→": "->", "←": "<-", "–": "-", "—": "-", "−": "-", "·": "-", "•": "*", "×": "x", "≥": ">=", "≤": "<=",
    "✓": "ok", "✔": "ok", "✗": "x", "✘": "x", "“": '"', "”": '"', "‘": "'", "’": "'", "│": "|", "─": "-", "█": "#",
}  # fmt: skip
"""What our own words have beside ASCII."""
_HANDLER = "stomper.plain"


class _Forgiving(io.FileIO):
    """A file descriptor that swallows what is written to it once nobody reads it: the run goes on to its end, and ends with
    its own exit code."""

    def write(self, data: ReadableBuffer, /) -> int:
        """Write *data*, here or nowhere; how many bytes are done with."""
        try:
            return super().write(data)
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return memoryview(data).nbytes


def prepare() -> None:
    """Have both streams of this process forgive a reader that is gone, and spell what their encoding lacks."""
    codecs.register_error(_HANDLER, _plain)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # it was closed before we began
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - for as long as the process
        elif isinstance(stream, io.TextIOWrapper) and stream is getattr(sys, f"__{name}__"):
            setattr(sys, name, _forgiving(stream))


def _forgiving(stream: io.TextIOWrapper) -> TextIO:
    with contextlib.suppress(OSError):
        stream.flush()
    errors = stream.errors if _spells_all(stream) else _HANDLER
    raw = _Forgiving(stream.fileno(), "wb", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors=errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def _spells_all(stream: io.TextIOWrapper) -> bool:
    """Whether there is nothing that *stream* would fail at: not at what its encoding lacks, and not at names of files that
    are in another one."""
    try:
        "…\udcff".encode(stream.encoding, stream.errors or "strict")
    except UnicodeError:
        return False
    return True


def _plain(error: UnicodeError) -> tuple[str | bytes, int]:
    """The handler of encoding errors: what is like it in ASCII, else its number."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_PLAIN.get(c, ascii(c)[1:-1]) for c in lacking), error.end
