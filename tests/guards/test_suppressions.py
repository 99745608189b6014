"""The table of suppressions: each row by its own example, in a comment of its language and in a string."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from stomper.guards.comments import suppression
from stomper.guards.suppressions import HINT, MARKERS, Marker, Place
from tests.guards.test_guards import diff

# A file of each language, or of one that has comments as the example has them, and a line of its code.
FILES = {
    "yaml": "a.yaml", "typescript": "a.ts", "html": "a.html", "dockerfile": "Dockerfile", "other": "a.pp", "go": "a.go",
    "rust": "a.rs", "c": "a.cc", "csharp": "a.cs", "java": "a.java", "dart": "a.dart", "php": "a.php", "ruby": "a.rb",
    "perl": "a.pl", "r": "a.R", "elixir": "a.ex",
}  # fmt: skip
BY_COMMENT = {"#!": "a.rs", "#p": "a.c", "#n": "a.cs", "<!": "a.md", "--": "a.lua", "//": "a.ts", "/*": "a.ts", "@f": "a.kt",
              "{-": "a.hs", "ig": "a.yaml", "#[": "a.rs"}  # fmt: skip


def file_of(marker: Marker) -> str:
    """A file that the row's example may stand in."""
    named = [FILES[name] for name in sorted(marker.languages) if name in FILES]
    return named[0] if named else BY_COMMENT.get(marker.example[:2], "a.sh")


def edited(path: str, before: str, after: str) -> str:
    """What the guard says of such an edit."""
    return suppression(diff({path: (before.encode(), after.encode())}, job=path))


EACH = [pytest.param(marker, id=f"{marker.tool}: {marker.example}") for marker in MARKERS]
HEAD = "#!/bin/sh\n"  # of any file: no other language minds


@pytest.mark.parametrize("marker", EACH)
def test_each_is_refused_where_it_is_added(marker: Marker) -> None:
    """Above a line of code, and as far as a comment can stand there, behind one."""
    path = file_of(marker)
    code = f"{HEAD}x y z\n"
    assert HINT.search(marker.example)
    assert edited(path, code, f"{HEAD}{marker.example}\nx y z\n")
    if marker.place is not Place.CODE:
        assert edited(path, code, f"{HEAD}x y z {marker.example}\n")


@pytest.mark.parametrize("marker", [m for m in EACH if '"' not in m.values[0].example])  # type: ignore[union-attr]
def test_each_may_be_spoken_of_in_a_string(marker: Marker) -> None:
    """A string that holds the same words silences nothing; prose has none."""
    path = file_of(marker)
    if PurePosixPath(path).suffix in (".md", ".html"):
        pytest.skip("text and no code")
    assert edited(path, "x = y\n", f'x = "{marker.example}"\n') == ""


@pytest.mark.parametrize("marker", EACH)
def test_each_may_stay_move_with_its_code_and_go(marker: Marker) -> None:
    """Lines that are added around it, the code under it edited, and taking it away are no suppression added."""
    path = file_of(marker)
    with_it = f"{HEAD}{marker.example}\nx y z\n"
    assert edited(path, f"{with_it}b c d\n", f"{HEAD}\n\n{marker.example}\nx y zz\nb c d\n") == ""
    assert edited(path, with_it, f"{HEAD}x y z\n") == ""


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("a.ts", "f(); // eslint-disable-line no-eval\ng();\n", "f(); // eslint-disable-line\ng();\n"),
        ("a.ts", "f(); // eslint-disable-line a\ng();\n", "f(); // eslint-disable-line a, b\ng();\n"),
        ("a.ts", "// eslint-disable-next-line a\nf();\ng();\n", "f();\n// eslint-disable-next-line a\ng();\n"),
        ("a.ts", "// eslint-disable-next-line a\nf();\ng();\n", "/* eslint-disable a */\nf();\ng();\n"),
        ("a.ts", "/* eslint-disable */\nf();\n/* eslint-enable */\ng();\n", "/* eslint-disable */\nf();\ng();\n"),
        ("a.ts", "f();\n// @ts-ignore\ng();\n", "// @ts-nocheck\nf();\ng();\n"),
        ("a.ts", "f();\n// @ts-nocheck\ng();\n", "// @ts-nocheck\nf();\ng();\n"),
        ("a.js", "// @ts-check\nf();\n", "f();\n"),
        ("a.ts", "f();\n", "f(`${/* eslint-disable */ 1}`);\n"),
        ("a.tsx", "<p>x</p>\n", "<p>{/* eslint-disable */}don't x isn't</p>\n"),
        ("a.ts", "a(/\"/);\n", "a(/\"/); // @ts-ignore \"\ng();\n"),
        ("a.sh", "#!/bin/sh\nf\n# shellcheck disable=SC1\ng\n", "#!/bin/sh\n# shellcheck disable=SC1\nf\ng\n"),
        ("a.sh", "# shellcheck disable=SC1\nf\n", "# shellcheck disable=SC1,SC2\nf\n"),
        ("a.yaml", "a: 1 # yamllint disable-line rule:x\nb: 2\n", "# yamllint disable rule:x\na: 1\nb: 2\n"),
        ("a.py", "x = 1  # noqa: F401\n", "x = 1  # noqa F401\n"),
        ("a.py", "x = 1  # pyright: ignore[a]\n", "x = 1  # pyright: ignore\n"),
        ("a.py", "def f():\n    # pylint: disable=a\n    x\n\n\ndef g():\n    y\n",
         "def f():\n    x\n\n\ndef g():\n    # pylint: disable=a\n    y\n"),
        ("a.ipynb", '{"cells": [{"cell_type": "code", "source": ["import os\\n"]}]}',
         '{"cells": [{"cell_type": "code", "source": ["import os  # noqa\\n"]}]}'),
        ("script", "#!/usr/bin/env bash\nf\n", "#!/usr/bin/env bash\n# shellcheck disable=SC1\nf\n"),
        ("a.weird", "f\n", "f # noqa\n"),
    ],
)  # fmt: skip
def test_widened_and_moved_ones_are_refused(path: str, before: str, after: str) -> None:
    """More codes, more lines, other lines: also where a string or another language seems to hide it."""
    assert "suppression" in edited(path, before, after)


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("a.ts", "f(); // eslint-disable-line a, b\n", "f(); // eslint-disable-line a\n"),
        ("a.ts", "/* eslint-disable */\nf();\ng();\n", "// eslint-disable-next-line\nf();\ng();\n"),
        ("a.ts", "/* eslint-disable */\nf();\ng();\n", "/* eslint-disable */\nf();\n/* eslint-enable */\ng();\n"),
        ("a.ts", "// @ts-ignore\nf();\n", "// @ts-expect-error: why\nf();\n"),
        ("a.ts", "f();\n", "f(); // eslint would not mind\n"),
        ("a.ts", "f('http://x');\n", "f(`// @ts-ignore\n/* eslint-disable */\n`);\n"),
        ("a.sh", "f\n", "# shellcheck shell=bash\nf\n"),
        ("a.sh", "f $1\n", "f \"$1\" # honest\n"),
        ("a.py", "# ruff: noqa\nx = 1\n", "x = 1  # noqa\n"),
        ("a.md", "text\n", "Use `noqa` or eslint-disable with care, and # noqa too.\n"),
    ],
)  # fmt: skip
def test_narrower_ones_and_prose_may_stand(path: str, before: str, after: str) -> None:
    """Fewer codes, fewer lines, and words that are no comment, or a comment that is none of the table."""
    assert edited(path, before, after) == ""


@pytest.mark.parametrize(
    ("path", "code", "silence"),
    [
        ("a.js", '/"/.test(a); bad()', '// eslint-disable-line "'),
        ("a.rb", 'x = ?"; y = 1', '# rubocop:disable all "'),
        ("a.cs", 'var p = @"C:\\"; bad();', '// NOSONAR "'),
        ("a.rs", 'let p = r"\\"; bad();', '// NOSONAR "'),
    ],
)
def test_a_quote_that_begins_no_string_hides_nothing(path: str, code: str, silence: str) -> None:
    """What follows is a comment to the tools; another quote in it does not make it a part of a string."""
    assert edited(path, f"{code}\n", f"{code} {silence}\n")
