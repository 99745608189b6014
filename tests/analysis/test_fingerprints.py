"""The same error after its line moved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stomper.analysis.fingerprints import compare, fold_message, stamp
from stomper.models import Diagnostic

Marked = list[tuple[str, bool]]  # the lines of a file, and whether an error is on each


def found(lines: Marked) -> list[Diagnostic]:
    """The stamped errors of a file of these lines."""
    source = "".join(f"{text}\n" for text, _ in lines)
    errors = [error(n, text.split()[0] if text.split() else "") for n, (text, bad) in enumerate(lines, 1) if bad]
    return stamp(errors, lambda _: source.encode())


def error(line: int, word: str = "x", *, code: str = "F841", path: str = "a.py") -> Diagnostic:
    """An error on *line* with a message that names it, as some tools do."""
    return Diagnostic(tool="ruff", code=code, message=f"`{word}` on line {line}", path=path, line=line, end_line=line)


def prints(diagnostics: Sequence[Diagnostic]) -> Counter[str]:
    """The fingerprints as a multiset."""
    return Counter(d.fingerprint for d in diagnostics)


NAMES = st.sampled_from(["alpha", "beta", "gamma"])


@st.composite
def definitions(draw: st.DrawFn) -> Marked:
    """A function, or a class with methods, with errors on some of its lines."""
    lines: Marked = []
    method = draw(st.booleans())
    indent = "    " if method else ""
    if method:
        lines.append((f"class {draw(NAMES).title()}:", draw(st.booleans())))
    for _ in range(draw(st.integers(1, 2)) if method else 1):
        lines.append((f"{indent}def {draw(NAMES)}():", draw(st.booleans())))
        for _ in range(draw(st.integers(1, 3))):
            lines.append((f"{indent}    {draw(NAMES)} = {draw(st.integers(0, 2))}", draw(st.booleans())))
    return lines


FILLERS = st.sampled_from(["", "    ", "# a comment", "        # an indented comment", "\t"])


@given(st.lists(definitions(), max_size=5), st.data())
def test_inserted_lines_and_moved_definitions_change_nothing(blocks: list[Marked], data: st.DataObject) -> None:
    """Blank lines, comments and whole definitions in another order leave every error the same error."""
    before = [line for block in blocks for line in block]
    after: Marked = []
    for line in (line for block in data.draw(st.permutations(blocks)) for line in block):
        after += [(filler, False) for filler in data.draw(st.lists(FILLERS, max_size=2))]
        after.append(line)
    first, second = found(before), found(after)
    comparison = compare(first, second)
    assert (comparison.fixed, comparison.introduced) == ((), ())
    assert len(comparison.remaining) == len(first)
    assert prints(first) == prints(second)


@given(definitions(), definitions())
def test_no_error_is_lost_or_doubled(one: Marked, other: Marked) -> None:
    """Every error before is fixed or remains, every error after remains or is introduced, and it works both ways."""
    first, second = found(one), found(other)
    there, back = compare(first, second), compare(second, first)
    assert len(there.fixed) + len(there.remaining) == len(first)
    assert len(there.introduced) + len(there.remaining) == len(second)
    assert (len(back.fixed), len(back.introduced)) == (len(there.introduced), len(there.fixed))


@pytest.mark.parametrize("blank", ["\x0c", "# page\x0c", "# next\x85line", "# separated\u2028line", "# file\x1cend"])
def test_only_what_ends_a_line_for_python_ends_one(blank: str) -> None:
    """A form feed or a Unicode separator above an error does not change which line is looked at."""
    lines: Marked = [("def alpha():", False), ("    beta = 1", True), ("    gamma = 2", False)]
    assert prints(found([(blank, False), *lines])) == prints(found(lines))


def test_two_equal_errors_are_two() -> None:
    """Of two errors that look the same, one fixed is one fixed and one that remains."""
    twice: Marked = [("x = 1", True), ("x = 1", True)]
    comparison = compare(found(twice), found(twice[:1]))
    assert (len(comparison.fixed), len(comparison.remaining), len(comparison.introduced)) == (1, 1, 0)
    comparison = compare(found(twice[:1]), found(twice))
    assert (len(comparison.fixed), len(comparison.remaining), len(comparison.introduced)) == (0, 1, 1)


def test_an_edited_line_with_the_same_message_remains() -> None:
    """An edit of the flagged line that leaves the message as it was neither fixes nor introduces an error."""
    first, second = found([("x = 1", True)]), found([("x = 2  # edited", True)])
    comparison = compare(first, second)
    assert prints(first) != prints(second)
    assert (comparison.fixed, comparison.remaining, comparison.introduced) == ((), tuple(first), ())


@pytest.mark.parametrize("change", [{"code": "F401"}, {"path": "b.py"}, {"message": "other"}, {"tool": "mypy"}])
def test_another_error_is_another(change: dict[str, str]) -> None:
    """Another tool, code, file or message is one error fixed and one introduced."""
    first = stamp([error(1)], lambda _: b"x = 1\n")
    second = stamp([error(1).model_copy(update=change)], lambda _: b"x = 1\n")
    comparison = compare(first, second)
    assert (comparison.fixed, comparison.remaining, comparison.introduced) == (tuple(first), (), tuple(second))


def test_the_same_line_in_another_function_has_another_fingerprint() -> None:
    """The definitions around an error are part of what it is."""
    one: Marked = [("def alpha():", False), ("    x = 1", True)]
    other: Marked = [("def beta():", False), ("    x = 1", True)]
    assert prints(found(one)) != prints(found(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("defined on line 3", "defined on line 14"),
        ("unused `os`", 'unused "os"'),
        ("at 0x7f01ab", "at 0x12"),
        ("two  words\n", "two words"),
    ],
)
def test_messages_are_folded(one: str, other: str) -> None:
    """Numbers, addresses, quotes and white space do not make another message."""
    assert fold_message(one) == fold_message(other)


@pytest.mark.parametrize(
    "read", [lambda _: None, lambda _: b"", lambda _: b"\xff\xfe(", lambda _: b"def f(:\n", lambda _: b"\0"]
)
def test_any_content_gives_a_fingerprint(read: Callable[[str], bytes | None]) -> None:
    """A missing file, one that is no text and one that does not parse give fingerprints that do not change."""
    errors = [error(0), error(7)]
    assert prints(stamp(errors, read)) == prints(stamp(errors, read))
    assert all(d.fingerprint for d in stamp(errors, read))


def test_stamped_errors_are_in_the_order_of_the_file() -> None:
    """Stamping sorts by file and line, whatever order a tool reports in."""
    errors = [error(2), error(1, path="b.py"), error(1)]
    assert [(d.path, d.line) for d in stamp(errors, lambda _: b"x\ny\n")] == [("a.py", 1), ("a.py", 2), ("b.py", 1)]


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("Import from `a` instead: `B`, `C`", "Import from `a` instead: `C`, `B`", True),
        ("Import from `a` instead: `B`, `C`", "Import from `a` instead: `C`", True),
        ("Import from `a` instead: `B`", "Import from `a` instead: `B`, `C`", False),
        ("Import from `a` instead: `B`", "Import from `a` instead: `C`", False),
        ("type `int`; expected `str`", "type `str`; expected `int`", False),
        ("`os` imported but unused", "`re` imported but unused", False),
    ],
)
def test_a_list_of_names_is_the_same_in_any_order_and_shorter(before: str, after: str, *, same: bool) -> None:
    """An error about fewer of the names it was about is the old one; about another name it is another."""
    first, second = (stamp([error(1).model_copy(update={"message": m})], lambda _: b"x\n") for m in (before, after))
    comparison = compare(first, second)
    assert (len(comparison.remaining), len(comparison.fixed), len(comparison.introduced)) == (
        (1, 0, 0) if same else (0, 1, 1)
    )
