"""Edits as a model gives them: exactly what they say, byte for byte, or nothing at all."""

from __future__ import annotations

import difflib
import random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from stomper.agents.api.edits import Edit, EditProblem, Source, apply

lines = st.text("abcé \t=(x)\x0c\u2028", max_size=8)
texts = st.lists(lines, max_size=12).map("\n".join)
RAW = bytes(range(256))


def edits_between(before: str, after: str) -> list[Edit]:
    """The change from *before* to *after* as edits whose `old` occurs once, taking in what stands around it."""
    edits: list[Edit] = []
    done = 0  # in *before*, the end of the last edit
    blocks = difflib.SequenceMatcher(a=before, b=after, autojunk=False).get_opcodes()
    for tag, start, end, new_start, new_end in blocks:
        if tag == "equal":
            continue
        left, right = start, end
        while not unique(before, before[left:right]):
            if left > done:
                left -= 1
            elif right < len(before):
                right += 1
            else:
                return [Edit(old=before, new=after)]
        if (edits and left < done) or any(right > s for t, s, *_ in blocks if t != "equal" and s >= end and s > start):
            return [Edit(old=before, new=after)]
        edits.append(
            Edit(old=before[left:right], new=before[left:start] + after[new_start:new_end] + before[end:right])
        )
        done = right
    return edits


def unique(text: str, part: str) -> bool:
    """Whether *part* occurs exactly once, overlapping occurrences counted."""
    return bool(part) and sum(text.startswith(part, n) for n in range(len(text))) == 1


@given(before=texts, after=texts, crlf=st.booleans(), bom=st.booleans(), shuffle=st.randoms(use_true_random=False))
def test_the_edits_of_a_change_reproduce_it(
    before: str, after: str, crlf: bool, bom: bool, shuffle: random.Random
) -> None:
    """Whatever the change, the line endings, the byte order mark and the order of the edits: the same bytes."""
    assume(before and ("\n" in before or not crlf))  # without a line's end nothing says which ends it has
    edits = edits_between(before, after)
    shuffle.shuffle(edits)

    def written(text: str) -> bytes:
        return (("\ufeff" if bom else "") + (text.replace("\n", "\r\n") if crlf else text)).encode()

    assert apply(written(before), edits) == written(after)


@given(head=st.binary(max_size=30), tail=st.binary(max_size=30), new=st.text("ab\n", max_size=5))
def test_bytes_around_an_edit_never_change(head: bytes, tail: bytes, new: str) -> None:
    """Any bytes, in any encoding or none, with any line endings: all but the edited text stays."""
    content = head + b"\n<<edit me>>\n" + tail
    crlf = Source.read(content).crlf
    assert not crlf
    assert apply(content, [Edit(old="<<edit me>>", new=new)]) == head + b"\n" + new.encode() + b"\n" + tail


@given(st.binary(max_size=60))
def test_reading_and_writing_is_lossless(content: bytes) -> None:
    """Any file turns into text and back into itself."""
    source = Source.read(content)
    assert source.write(source.text) == content
    source.shown.encode()


@given(content=st.binary(max_size=60), edits=st.lists(st.builds(Edit, old=st.text("ab\n"), new=st.text("ab\n"))))
def test_all_or_none(content: bytes, edits: list[Edit]) -> None:
    """Edits either give a file or a reason; nothing else is ever raised."""
    try:
        assert isinstance(apply(content, edits), bytes)
    except EditProblem as problem:
        assert "edit" in str(problem)


@pytest.mark.parametrize(
    ("content", "edits", "said"),
    [
        (b"x = 1\nx = 1\nx = 1\n", [("x = 1", "y")], "edit 1: `old` occurs 3 times (lines 1, 2, 3)"),
        (b"aaa\n", [("aa", "b")], "edit 1: `old` occurs 2 times"),
        (b"a\nb\n", [("a", "c"), ("z", "y")], "edit 2: `old` does not occur in the file: copy it exactly"),
        (b"import  os\n", [("import os", "")], "edit 1: `old` does not occur in the file (line 1 reads 'import  os')"),
        (b"a\n", [("", "y")], "edit 1: `old` is empty"),
        (b"abc\n", [("bc", "x"), ("ab", "y")], "edits 1 and 2 overlap"),
        (b"a\r\nb\nc\n", [("a\nb", "x")], "whose lines end in CRLF here and LF there"),
        (b"# coding: latin-1\nx = 1\n", [("x = 1", "'\u20ac'")], "which the file's encoding iso-8859-1 cannot hold"),
        (b"a = 1\n", [("1", "'\ud800'")], "cannot hold"),
    ],
)
def test_what_the_model_is_told(content: bytes, edits: list[tuple[str, str]], said: str) -> None:
    """Each problem names the edit, what is wrong, and what to do."""
    with pytest.raises(EditProblem) as problem:
        apply(content, [Edit(old=old, new=new) for old, new in edits])
    assert said in str(problem.value)


@pytest.mark.parametrize(
    ("content", "old", "new", "after"),
    [
        (b"a\r\nb\r\nc", "a\nb\n", "a\nx\ny\n", b"a\r\nx\r\ny\r\nc"),
        (b"a\r\nb\r\n", "a\r\nb", "x\r\ny", b"x\r\ny\r\n"),
        (b"a\r\nb\nc\n", "a\r\nb", "x\r\nb", b"x\r\nb\nc\n"),
        (b"\xef\xbb\xbfimport os\n", "import os\n", "", b"\xef\xbb\xbf"),
        (b"# coding: latin-1\ns = '\xe9'\n", "s = '\u00e9'", "s = '\u00e8'", b"# coding: latin-1\ns = '\xe8'\n"),
        (b"s = '\xff'\nimport os", "import os", "x", b"s = '\xff'\nx"),
        ("s = '\u00e9\u4e2d'\n".encode(), "\u4e2d", "\u6587", "s = '\u00e9\u6587'\n".encode()),
        (b"a\x0cb\n", "b", "c", b"a\x0cc\n"),
        (b"abab", "aba", "x", b"xb"),
    ],
)
def test_special_files(content: bytes, old: str, new: str, after: bytes) -> None:
    """Line endings, marks, encodings and endings without a newline survive."""
    assert apply(content, [Edit(old=old, new=new)]) == after


def test_edits_are_against_the_file_as_it_was() -> None:
    """A later edit neither sees nor touches what an earlier one wrote."""
    assert apply(b"a b\n", [Edit(old="a", new="b b"), Edit(old=" b", new="!")]) == b"b b!\n"
    assert apply(b"ab", [Edit(old="a", new="b"), Edit(old="b", new="a")]) == b"ba"
    assert apply(b"ab", []) == b"ab"
