"""What a fix may never do."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from stomper.guards import base
from stomper.guards.base import Diff
from stomper.guards.comments import suppression
from stomper.guards.files import line_endings, scope, shape
from stomper.guards.registry import GUARDS, guards_of, objection
from stomper.guards.syntax import syntax
from stomper.models import Change, FileJob, Patch

FILE = "100644"
NONE = "000000"
ZERO = "0" * 40


def diff(
    files: Mapping[str, tuple[bytes | None, bytes | None]],
    *,
    job: str = "a.py",
    modes: Mapping[str, tuple[str, str]] | None = None,
    may_edit: Callable[[str], bool] = lambda _: False,
) -> Diff:
    """A diff of *files* (path → content before and after); modes follow from the contents unless given."""
    changes = []
    for path, (before, after) in files.items():
        natural = (NONE if before is None else FILE, NONE if after is None else FILE)
        old, new = (modes or {}).get(path, natural)
        changes.append(Change(path=path, old_mode=old, new_mode=new, old_blob=ZERO, new_blob=ZERO))
    return Diff(
        job=FileJob(path=job, diagnostics=()),
        patch=Patch(base=ZERO, changes=tuple(changes), diff=b""),
        before={path: sides[0] for path, sides in files.items()},
        after={path: sides[1] for path, sides in files.items()},
        may_edit=may_edit,
    )


def edit(before: bytes, after: bytes) -> Diff:
    """The job's own file with a content before and after."""
    return diff({"a.py": (before, after)})


def test_a_plain_fix_passes_every_guard() -> None:
    """An edit of the job's own file that only removes an import meets no objection."""
    assert objection(edit(b"import os\nx = 1\n", b"x = 1\n")) == ""


def test_an_objection_names_its_guard() -> None:
    """The reason of a rejection begins with the guard's name."""
    assert objection(edit(b"x = 1\n", b"x = (\n")).startswith("guard syntax: ")


def test_scope_allows_the_job_and_what_the_settings_allow() -> None:
    """The job's own file and the allowed extra files may be edited."""
    files = {"a.py": (b"1\n", b"2\n"), "b.py": (b"1\n", b"2\n")}
    assert scope(diff({"a.py": (b"1\n", b"2\n")})) == ""
    assert scope(diff(files, may_edit=lambda path: path == "b.py")) == ""


@pytest.mark.parametrize("other", ["b.py", "A.py", "sub/a.py", "pyproject.toml"])
@pytest.mark.parametrize("sides", [(b"1\n", b"2\n"), (None, b"2\n"), (b"1\n", None)])
def test_scope_refuses_any_other_file(other: str, sides: tuple[bytes | None, bytes | None]) -> None:
    """Editing, adding or deleting a file that was not given is refused by its name."""
    said = scope(diff({"a.py": (b"1\n", b"2\n"), other: sides}))
    assert other in said


def test_shape_allows_an_edit_and_a_new_file() -> None:
    """A file that keeps its mode, executable or not, and a new file have the shape they should."""
    assert shape(edit(b"1\n", b"2\n")) == ""
    assert shape(diff({"a.py": (b"1\n", b"2\n")}, modes={"a.py": ("100755", "100755")})) == ""
    assert shape(diff({"a.py": (b"1\n", b"2\n"), "b.py": (None, b"1\n")})) == ""


@pytest.mark.parametrize(
    ("path", "modes", "word"),
    [
        ("a.py", (FILE, NONE), "deleted"),
        ("a.py", (FILE, "120000"), "link"),
        ("a.py", (FILE, "160000"), "submodule"),
        ("b.py", (NONE, "120000"), "link"),
        ("a.py", (FILE, "100755"), "mode"),
        ("a.py", ("100755", FILE), "mode"),
        ("a.py", ("120000", FILE), "mode"),
    ],
)
def test_shape_refuses_another_kind_of_file(path: str, modes: tuple[str, str], word: str) -> None:
    """Deleting the file, turning it into a link or submodule and changing its mode are refused."""
    said = shape(diff({path: (b"1\n", b"2\n")}, modes={path: modes}))
    assert word in said
    assert path in said


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"x = 1\n", b'x = "# noqa"\n'),
        (b"x = 1\n", b'"""Says # type: ignore in words."""\nx = 1\n'),
        (b"x = 1\n", b"x = 1  # an honest comment\n"),
        (b"import os  # noqa: F401\n", b"x = 1\n"),
        (b"import os  # noqa: F401\n", b"\nimport os  # noqa: F401\n"),
    ],
)
def test_suppression_allows_strings_comments_and_what_was_there(before: bytes, after: bytes) -> None:
    """Strings that contain such words, other comments and suppressions kept or removed are no suppression added."""
    assert suppression(edit(before, after)) == ""


@pytest.mark.parametrize(
    "comment",
    [
        "# noqa",
        "#noqa:F401",
        "# NOQA : F401",
        "# why not # noqa",
        "# ruff: noqa",
        "# flake8: noqa: F401",
        "# type: ignore",
        "#type:ignore[attr-defined]",
        "# mypy: ignore-errors",
        "# mypy: disable-error-code=misc",
        "# pyright: ignore",
        "# pylint: disable=all",
        "# pylint: skip-file",
        "# pragma: no cover",
        "# fmt: off",
        "# fmt: skip",
        "# isort: skip_file",
        "# nosec",
        "# pyre-ignore",
        "# ruff: disable[F401]",
        "# ruff: ignore[F401]",
        "# ruff: file-ignore[F401]",
        "# ruff: isort: skip_file",
        "# ruff: isort: off",
    ],
)
def test_suppression_refuses_every_comment_that_silences(comment: str) -> None:
    """A comment that silences a checker is refused wherever in a line it stands, and named."""
    for after in (f"x = 1  {comment}\n", f"{comment}\nx = 1\n"):
        assert "it added a suppression in a.py" in suppression(edit(b"x = 1\n", after.encode()))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"import os  # noqa: F401\n", b"import os  # noqa\n"),
        (b"import os  # noqa: F401\n", b"import os  # noqa: F401, E501\n"),
        (b"x = y  # type: ignore[misc]\n", b"x = y  # type: ignore\n"),
        (b"import os  # noqa\nx = 1\n", b"import os  # noqa\nx = 1  # noqa\n"),
    ],
)
def test_suppression_refuses_to_widen_one_that_was_there(before: bytes, after: bytes) -> None:
    """A suppression that silences more than it did, or stands there once more, is one that was added."""
    assert "it added a suppression" in suppression(edit(before, after))


def test_suppression_is_found_where_python_does_not_tokenize() -> None:
    """In a file that is no valid Python, and in a new one, an added suppression is found all the same."""
    assert "it added a suppression" in suppression(edit(b"x = (\n", b"x = (  # noqa\n"))
    assert "b.py" in suppression(diff({"b.py": (None, b"x = 1  # noqa\n")}))


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("a.py", b"x = 1\n", b"x = 2\n"),
        ("a.py", b"x = (\n", b"x = ((\n"),
        ("a.py", b"x = (\n", b"x = ()\n"),
        ("a.txt", b"x = 1\n", b"x = (\n"),
        ("a.py", None, b"x = 1\n"),
        ("a.py", b"x = 1\n", None),
    ],
)
def test_syntax_allows_what_parses_or_never_did(path: str, before: bytes | None, after: bytes | None) -> None:
    """What parses, what did not parse before, and what is not Python meets no objection."""
    assert syntax(diff({path: (before, after)}, job=path)) == ""


@pytest.mark.parametrize("path", ["a.py", "a.pyi"])
@pytest.mark.parametrize(
    ("before", "after"),
    [(b"x = 1\n", b"x = (\n"), (b"x = 1\n", b"  x = 1\n"), (b"x = 1\n", b"x\0 = 1\n"), (None, b"def f(:\n")],
)
def test_syntax_refuses_what_no_longer_parses(path: str, before: bytes | None, after: bytes) -> None:
    """Python that parsed, or is new, has to parse afterwards."""
    assert syntax(diff({path: (before, after)}, job=path)) == f"{path} no longer parses"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"a\nb\n", b"a\nc\n"),
        (b"a\r\nb\r\n", b"a\r\n"),
        (b"\xef\xbb\xbfa\n", b"\xef\xbb\xbfb\n"),
        (b"a", b"a\n"),
        (b"a\0\n", b"a\0\r\n"),
        (b"a\n", b""),
        (None, b"a\r\n"),
        (b"a\r\n", None),
    ],
)
def test_line_endings_may_stay(before: bytes | None, after: bytes | None) -> None:
    """Files that keep their endings and byte order mark, are binary, or are new or gone meet no objection."""
    assert line_endings(diff({"a.py": (before, after)})) == ""


@pytest.mark.parametrize(
    ("before", "after", "word"),
    [
        (b"a\nb\n", b"a\r\nb\r\n", "line endings"),
        (b"a\r\nb\r\n", b"a\nb\n", "line endings"),
        (b"a\r\nb\r\n", b"a\r\nb\n", "line endings"),
        (b"a\nb\n", b"a\r\nb\n", "line endings"),
        (b"a\n", b"\xef\xbb\xbfa\n", "byte order mark"),
        (b"\xef\xbb\xbfa\n", b"a\n", "byte order mark"),
    ],
)
def test_line_endings_may_not_change(before: bytes, after: bytes, word: str) -> None:
    """Other line endings, in all lines or in some, and a byte order mark that comes or goes are refused."""
    assert word in line_endings(edit(before, after))


def test_no_function_is_overlooked() -> None:
    """They are found wherever a statement can be."""
    source = Path(base.__file__).read_bytes() + (
        b"match x:\n    case 1:\n        def in_case(): ...\ntry: ...\nexcept E:\n    def in_handler(): ...\n"
        b"if y:\n    async def in_branch():\n        class C:\n            def method(self): ...\n"
    )
    tree = base.parsed(source)
    assert tree is not None
    made = [n for n in ast.walk(tree) if isinstance(n, base.FUNCTIONS)]
    assert {f.name for f in base.functions(tree).values()} == {f.name for f in made}
    assert "in_branch.C.method" in base.functions(tree)


def test_a_suppression_in_any_declared_encoding_is_seen() -> None:
    """What Python reads as a comment counts, however its bytes look."""
    head = b"# coding: utf-7\n"
    assert "suppression" in suppression(edit(head + b"import os\n", head + b"import os  +ACM- noqa\n"))


def test_the_guards_of_a_language_are_named() -> None:
    """All of them for Python; for others those that need no syntax tree, in the words of the report."""
    said = guards_of(["a.py", "b/c.yaml", "d.ts"])
    assert said["python"] == "all"
    assert said["yaml"] == said["typescript"]
    assert said["yaml"].startswith("comments, scope, size, secrets, ")
    assert "comments" not in guards_of(["c.yaml"], off=["suppression"])["yaml"]
    assert guards_of(["a.py"], off=["size"])["python"].count(", ") == len(GUARDS) - 2
