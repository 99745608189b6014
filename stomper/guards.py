"""Rules about a diff: what a fix may never do, however green the checkers are afterwards."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from stomper.models import FileJob, Patch

SUPPRESSION = re.compile(
    r"#\s*(?P<kind>(?:(?:ruff|flake8)\s*:\s*)?noqa|type:\s*ignore|(?:pyright|mypy|pyre|ty|pytype|ruff|isort|pylint|yapf|fmt)\s*:"
    r"|pyre-(?:ignore|fixme)\S*|pragma:?\s*no\s*(?:cover|branch)|nosec|nosemgrep|noinspection)(?P<rest>[^#]*)",
    re.IGNORECASE,
)
_CODE = re.compile(r"[A-Za-z][\w.-]*")
_FOLDER_OR_LINK = ("120000", "160000")


@dataclass(frozen=True)
class Diff:
    """A patch with the contents on both sides of each path; None where a side does not exist."""

    job: FileJob
    patch: Patch
    before: dict[str, bytes | None]
    after: dict[str, bytes | None]
    may_edit: Callable[[str], bool]


def scope(diff: Diff) -> str:
    """Only the job's file, and those the settings allow."""
    outside = [p for p in diff.patch.paths if p != diff.job.path and not diff.may_edit(p)]
    return f"it edited {', '.join(outside)}, which it was not given" if outside else ""


def shape(diff: Diff) -> str:
    """A file stays a file of the same mode: not deleted, not turned into a link, not made executable."""
    for change in diff.patch.changes:
        if change.path == diff.job.path and change.deleted:
            return f"it deleted {change.path}"
        if change.new_mode in _FOLDER_OR_LINK:
            return f"it made {change.path} a link or submodule"
        if int(change.old_mode, 8) and not change.deleted and change.old_mode != change.new_mode:
            return f"it changed the mode of {change.path}"
    return ""


def suppression(diff: Diff) -> str:
    """No comment that silences a checker is added or widened; looked for in comments, not in strings."""
    for path in diff.patch.paths:
        before, after = _suppressions(diff.before[path]), _suppressions(diff.after[path])
        gone = list((before - after).elements())
        for kind, codes in (after - before).elements():
            wider = next((g for g in gone if g[0] == kind and (not g[1] or (codes and codes < g[1]))), None)
            if wider is None:
                return f"it added a suppression in {path}: # {kind} {' '.join(sorted(codes))}".rstrip()
            gone.remove(wider)
    return ""


def syntax(diff: Diff) -> str:
    """Python that parsed still parses."""
    for path in diff.patch.paths:
        after = diff.after[path]
        if (
            path.endswith((".py", ".pyi"))
            and after is not None
            and _parses(diff.before[path] or b"")
            and not _parses(after)
        ):
            return f"{path} no longer parses"
    return ""


def line_endings(diff: Diff) -> str:
    """Line endings and a byte order mark stay as they are."""
    for path in diff.patch.paths:
        before, after = diff.before[path], diff.after[path]
        if before is None or after is None or b"\0" in before:
            continue
        if before.startswith(b"\xef\xbb\xbf") != after.startswith(b"\xef\xbb\xbf"):
            return f"it changed the byte order mark of {path}"
        # (how many lines end in CRLF, how many in LF alone); a file of one kind stays of that kind.
        was, now = _endings(before), _endings(after)
        if any(was) and any(new and not old for old, new in zip(was, now, strict=True)):
            return f"it changed the line endings of {path}"
    return ""


def _endings(source: bytes) -> tuple[int, int]:
    crlf = source.count(b"\r\n")
    return crlf, source.count(b"\n") - crlf


GUARDS: dict[str, Callable[[Diff], str]] = {
    "scope": scope,
    "shape": shape,
    "suppression": suppression,
    "syntax": syntax,
    "line_endings": line_endings,
}


def objection(diff: Diff) -> str:
    """What the first guard that objects says; empty when none does."""
    for name, guard in GUARDS.items():
        if said := guard(diff):
            return f"guard {name}: {said}"
    return ""


def _suppressions(source: bytes | None) -> Counter[tuple[str, frozenset[str]]]:
    """The suppression comments of *source* as (kind, codes), no codes meaning all; by lines where it does not tokenize."""
    if not source:
        return Counter()
    try:
        tokens = list(tokenize.tokenize(io.BytesIO(source).readline))
        comments = [t.string for t in tokens if t.type == tokenize.COMMENT]
    except (tokenize.TokenError, SyntaxError, UnicodeDecodeError):
        comments = source.decode("utf-8", errors="replace").splitlines()
    return Counter(
        ("".join(m["kind"].lower().split()), frozenset(_CODE.findall(m["rest"])))
        for comment in comments
        for m in SUPPRESSION.finditer(comment)
    )


def _parses(source: bytes) -> bool:
    try:
        ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return False
    return True
