"""What a model is shown of a file: all of it or what is around the errors, and never as instructions."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stomper.agents.api.edits import Source
from stomper.agents.api.excerpts import parts
from stomper.models import Diagnostic, FileJob


def job(*lines: int, path: str = "a.py") -> FileJob:
    """A job with errors in these lines."""
    errors = [Diagnostic(tool="ruff", code="E741", message="m", path=path, line=line) for line in lines]
    return FileJob(path=path, diagnostics=tuple(errors))


def shown(content: bytes, *lines: int, tokens: int = 500) -> str:
    """The first part."""
    return parts(job(*lines), Source.read(content), "the job", tokens)[0]


def pieces(text: str) -> list[tuple[int, str]]:
    """The first line's number and the text of each piece."""
    found = re.findall(r"Lines (\d+) to \d+:\n\n(FILE-\w+-*)\n(.*?)\n\2(?=\n|$)", text, re.DOTALL)
    return [(int(first), piece) for first, _, piece in found]


def test_a_small_file_is_shown_whole() -> None:
    """As it is, once, between two equal lines that are not in it, and the same each time for the provider's cache."""
    content = b"import os\n\tx = 'FILE-'\n"
    text = shown(content, 1)
    fences = re.findall(r"^FILE-\w+$", text, re.MULTILINE)
    assert text.count(content.decode()) == 1
    assert len(fences) == 2 == fences.count(fences[0])
    assert shown(content, 2) == text


@given(st.lists(st.integers(1, 3000), min_size=1, max_size=30), st.integers(500, 3000))
def test_a_large_file_is_shown_around_its_errors(lines: list[int], tokens: int) -> None:
    """The pieces are text of the file, in its order, within the limit, and as many errors as possible are in them."""
    source = [f"line_{n} = {n}" for n in range(1, 3001)]
    text = shown("\n".join(source).encode(), *lines, tokens=tokens)
    found = pieces(text)
    assert found
    assert sum(len(piece) for _, piece in found) <= tokens * 4
    seen: set[int] = set()
    for first, piece in found:
        inside = piece.split("\n")
        assert source[first - 1 : first - 1 + len(inside)] == inside
        assert not seen & set(range(first, first + len(inside)))
        seen |= set(range(first, first + len(inside)))
    assert set(lines) <= seen


@pytest.mark.parametrize("lines", [(0,), (99_999,), ()])
def test_errors_without_a_place(lines: tuple[int, ...]) -> None:
    """An error of the whole file shows its beginning; one beyond the end shows the end; none shows nothing."""
    content = b"\n".join(b"x = 1" for _ in range(5000))
    assert len(pieces(shown(content, *lines))) == (1 if lines else 0)


def test_what_cannot_be_sent_is_replaced() -> None:
    """Odd bytes in the file, in the prompt and in the path."""
    source = Source.read(b"x = '\xff'\r\ny = 1\r\n")
    whole = parts(job(1, path="a\udcff\n.py"), source, "job \udcff", 500)
    assert "".join(whole).encode()
    assert "x = '\ufffd'\ny = 1" in whole[0]
    assert "`a\ufffd .py`" in whole[0]
