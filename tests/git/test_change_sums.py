"""What a patch changes is a number that adds up, and that is the same wherever the patch is applied."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from stomper.git.change_sums import added_up, as_words, change_sum
from stomper.git.plumbing import AS_PATCH

LINES = st.lists(st.sampled_from(["a", "b", "c", "x = 1", "", "\tz\r"]), max_size=12)
CONTENT = st.one_of(st.none(), st.builds(lambda lines, end: "\n".join(lines) + end, LINES, st.sampled_from(["\n", ""])))


def number(before: str | None, after: str | None) -> int:
    """The number of the patch that git makes of two contents; None is no file."""
    with tempfile.TemporaryDirectory() as name:
        for folder, content in (("a", before), ("b", after)):
            Path(name, folder).mkdir()
            if content is not None:
                Path(name, folder, "f").write_bytes(content.encode())
        argv = ("git", "-c", "core.safecrlf=false", "diff", "--no-index", *AS_PATCH, "a", "b")
        return change_sum(subprocess.run(argv, cwd=name, capture_output=True, check=False).stdout)


@given(CONTENT, CONTENT, CONTENT)
def test_it_adds_up(one: str | None, two: str | None, three: str | None) -> None:
    """One patch on top of another is both together."""
    together = as_words(number(one, three))
    assert added_up([as_words(number(one, two)), as_words(number(two, three))]) == together


@given(CONTENT, CONTENT)
def test_the_way_back_is_its_opposite(one: str | None, two: str | None) -> None:
    """Together they are nothing."""
    assert (number(one, two) + number(two, one)) % (1 << 64) == 0


def test_it_is_the_same_elsewhere() -> None:
    """After other lines have come before and behind, as by a rebase; one more line is another number."""
    before, after = "top\nimport os\nx = 1\nend\n", "top\nx = 1\nend\n"
    there = number(f"more\nof\nit\nand\n{before}some\nmore\n", f"more\nof\nit\nand\n{after}some\nmore\n")
    assert there == number(before, after)
    assert number(before, f"{after}mine = 1\n") != there


def test_binary_files_and_modes() -> None:
    """They count as a whole."""
    one, two = number("\0a", "\0b"), number("\0b", "\0c")
    assert (one + two) % (1 << 64) == number("\0a", "\0c")
    mode = b"diff --git a/f b/f\nold mode 100644\nnew mode 100755\n"
    back = b"diff --git a/f b/f\nold mode 100755\nnew mode 100644\n"
    assert change_sum(mode) != 0
    assert (change_sum(mode) + change_sum(back)) % (1 << 64) == 0
