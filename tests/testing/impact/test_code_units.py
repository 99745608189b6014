"""What a change of a Python file changes: for those who run its functions, and for those who look its names up."""

from __future__ import annotations

import pytest

from stomper.testing.impact.code_units import changed

BEFORE = """\
\"\"\"What it is.\"\"\"
import os
import sys

RATE = 2


def plain(x, y=1):
    \"\"\"Told.\"\"\"
    return x + y


class Shop:
    size = 1

    @property
    def area(self):
        return self.size * 2


print(sys.argv)
"""


@pytest.mark.parametrize(
    ("old", "new", "lines", "names", "unclear"),
    [
        ("", "", (), set(), False),
        ("x + y", "x + y  # said", (), set(), False),
        ("x + y", "x - y", ((8, 10),), set(), False),
        ("y=1", "y=2", ((8, 10),), set(), False),
        ("Told.", "Said.", (), {"plain"}, False),
        ("def plain", "def renamed", ((8, 10),), {"plain", "renamed"}, False),
        ("self.size * 2", "self.size * 3", ((16, 18),), set(), False),
        ("    @property\n", "", ((16, 18),), {"area"}, False),
        ("size = 1", "size = 2", ((14, 14),), {"size", "Shop"}, False),
        ("class Shop:", "class Shop(list):", ((13, 18),), {"Shop"}, False),
        ("import os\n", "", ((2, 2),), {"os"}, False),
        ("import os\nimport sys\n", "import sys\nimport os\n", (), set(), False),
        ("RATE = 2", "RATE = 3", ((5, 5),), {"RATE"}, False),
        ("What it is", "What it was", ((1, 1),), {"__doc__"}, False),
        ("print(sys.argv)", "print(sys)", ((21, 21),), set(), True),
        ("RATE = 2\n", "", ((5, 5),), {"RATE"}, False),
        ("import os\n", "from __future__ import annotations\nimport os\n", (), {"annotations"}, True),
        ("import os\n", "from os import *\n", ((2, 2),), {"os"}, True),
        ("RATE = 2\n", "sys.path[:] = []\n", ((5, 5),), {"RATE"}, True),
    ],
)
def test_a_change_by_lines_and_names(
    old: str, new: str, lines: tuple[tuple[int, int], ...], names: set[str], unclear: bool
) -> None:
    """Comments and the order of imports are no change; what is looked up goes by names, what is run by lines."""
    what = changed(BEFORE.encode(), BEFORE.replace(old, new, 1).encode())
    assert what is not None
    assert (what.lines, set(what.names), what.unclear) == (lines, names, unclear)


def test_the_order_of_statements_counts() -> None:
    """What overwrites what is not said by names."""
    what = changed(b"A = 1\nB = A\n", b"B = A\nA = 1\n")
    assert what is not None
    assert what.unclear


def test_what_cannot_be_read_says_nothing() -> None:
    """Neither before nor after."""
    assert changed(b"def broken(:\n", b"x = 1\n") is None
    assert changed(b"x = 1\n", b"x = \0\n") is None
