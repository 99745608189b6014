"""Any command as a checker: its lines by a pattern, its JSON by JSONPath."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stomper.checkers.base import Checker
from stomper.errors import CheckerError
from tests.support.checkers import checker, program
from tests.support.repositories import MakeRepo, write


def by_line(root: Path, printed: str, *, code: int = 1, pattern: str = "") -> Checker:
    """A `command` checker whose program prints this."""
    pattern = pattern or r"^(?P<path>[^:\n]+):(?P<line>\d+): (?:\[(?P<code>\w+)\] )?(?P<message>.+)$"
    source = f"print({printed!r})\nraise SystemExit({code})\n"
    return checker(root, "lint", kind="command", pattern=pattern, **program(root, source))


def test_a_command_is_read_with_its_pattern(make_repo: MakeRepo) -> None:
    """Every line that matches is an error; without a code the checker's name stands for it."""
    root = make_repo({"a.py": ""})
    found = by_line(root, f"a.py:3: [X1] bad\nnoise\n{root}/sub/b c.py:4: worse").check(root)
    assert [(d.path, d.line, d.code, d.message) for d in found] == [
        ("a.py", 3, "X1", "bad"),
        ("sub/b c.py", 4, "lint", "worse"),
    ]
    assert by_line(root, "all fine", code=0).check(root) == []


@pytest.mark.parametrize("name", ["./sub/a.py", "sub/../sub/a.py", "sub//a.py"])
def test_paths_are_spelled_as_git_spells_them(make_repo: MakeRepo, name: str) -> None:
    """Detours in a path that a tool reports are taken out."""
    root = make_repo({"sub/a.py": ""})
    assert [d.path for d in by_line(root, f"{name}:1: bad").check(root)] == ["sub/a.py"]


@pytest.mark.parametrize("name", ["../outside.py", "/outside.py", "sub/../../outside.py"])
def test_a_path_outside_the_tree_is_refused(make_repo: MakeRepo, name: str) -> None:
    """A tool that reports a file outside the tree is not to be trusted with this tree."""
    root = make_repo({"sub/a.py": ""})
    write(root.parent, {"outside.py": ""})
    with pytest.raises(CheckerError, match=r"outside the tree"):
        by_line(root, f"{name}:1: bad").check(root)


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("", "needs `command`, and `pattern` or `json_path`"),
        ("(", "not a regular expression"),
        ("(?P<path>x)", "lacks the group.*message"),
        ("(?P<message>x)", "lacks the group.*path"),
    ],
)
def test_a_bad_pattern_is_refused_before_the_run(make_repo: MakeRepo, pattern: str, said: str) -> None:
    """A pattern that is missing, wrong or lacks a group is named with its table."""
    with pytest.raises(CheckerError, match=rf"\[checkers\.lint\].*{said}"):
        checker(make_repo({"a.py": ""}), "lint", kind="command", command=["true"], pattern=pattern)


def test_a_line_that_is_no_number_is_no_verdict(make_repo: MakeRepo) -> None:
    """A pattern that takes words for line numbers is a CheckerError, not a crash."""
    root = make_repo({"a.py": ""})
    with pytest.raises(CheckerError, match="line"):
        by_line(root, "a.py:three: bad", pattern=r"(?P<path>[\w.]+):(?P<line>\w+): (?P<message>.+)").check(root)


JSON_ENTRIES = [
    {"file": "a.py", "text": "no spaces", "rule": "X1", "at": {"row": 2, "col": 3}},
    {"file": "a.py", "text": "no tabs", "at": {"row": 9}},
]


JSON_FIELDS = {"path": "$.file", "message": "$.text", "code": "$.rule", "line": "$.at.row", "column": "$.at.col"}


@pytest.mark.parametrize(
    ("printed", "query"),
    [
        (json.dumps({"results": JSON_ENTRIES}), "$.results[*]"),
        (json.dumps(JSON_ENTRIES), "$[*]"),
        ("\n".join(map(json.dumps, JSON_ENTRIES)), "$[*]"),
        (json.dumps([{"messages": [e]} for e in JSON_ENTRIES]), "$..messages[*]"),
    ],
)
def test_a_command_that_prints_json_is_read_with_jsonpath(make_repo: MakeRepo, printed: str, query: str) -> None:
    """One document or a line for each error: `json_path` finds the errors and `json_fields` their parts."""
    root = make_repo({"a.py": ""})
    table = {"kind": "command", "json_path": query, "json_fields": JSON_FIELDS}
    found = checker(root, "lint", **table, **program(root, f"print({printed!r})")).check(root)
    assert [(d.code, d.message, d.path, d.line, d.column) for d in found] == [
        ("X1", "no spaces", "a.py", 2, 3),
        ("lint", "no tabs", "a.py", 9, 0),
    ]


def test_a_command_whose_json_names_no_error_is_clean(make_repo: MakeRepo) -> None:
    """An empty list with exit code 0 is no error."""
    root = make_repo({"a.py": ""})
    lint = checker(root, "lint", kind="command", json_path="$[*]", **program(root, "print('[]')"))
    assert lint.check(root) == []


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("print('oops')", "not JSON"),
        ("import sys; print('[]'); sys.exit(3)", "exit code 3 and named no error"),
        ("print('[{}]')", "an error lacks path and message"),
        ("print('[1]')", "no object"),
        ('print(\'[{"path": "a.py", "message": "m", "line": "x"}]\')', "line is 'x'"),
    ],
)
def test_a_command_whose_json_cannot_be_used_is_no_verdict(make_repo: MakeRepo, source: str, said: str) -> None:
    """What is not JSON, lacks a part, or came with a failure and no error is never "clean"."""
    root = make_repo({"a.py": ""})
    lint = checker(root, "lint", kind="command", json_path="$[*]", **program(root, source))
    with pytest.raises(CheckerError, match=said):
        lint.check(root)


def test_a_jsonpath_that_is_none_is_refused(make_repo: MakeRepo) -> None:
    """A query that cannot be compiled is named with its key."""
    with pytest.raises(CheckerError, match=r"\[checkers.lint\] line = '\$\[': not a JSONPath"):
        checker(
            make_repo({"a.py": ""}), "lint", kind="command", command=["x"], json_path="$", json_fields={"line": "$["}
        )
