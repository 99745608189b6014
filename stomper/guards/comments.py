"""The guard against silencing a checker instead of curing what it found."""

from __future__ import annotations

import ast
import re
from collections import Counter

from stomper.analysis.syntax import Comment as SourceComment
from stomper.analysis.syntax import Parser
from stomper.guards.base import Diff, dotted, last, nodes

SUPPRESSION = re.compile(
    r"#\s*(?P<kind>(?:(?:ruff|flake8)\s*:\s*)?noqa|type:\s*ignore"
    r"|(?:pyright|mypy|pyre|ty|pytype|pyrefly|ruff|isort|pylint|yapf|fmt|black|autopep8|pydocstyle|bandit)\s*:"
    r"|pyre-(?:ignore|fixme)\S*|pragma:?\s*no\s*(?:cover|branch|mutate)|nosec|nosemgrep|noinspection|nosonar|lgtm\b"
    r"|codespell:\s*ignore|skipcq|nopycln|noreorder)(?P<rest>[^#]*)",
    re.IGNORECASE,
)
_CODE = re.compile(r"[A-Za-z][\w.-]*")
Comment = tuple[str, frozenset[str]]


def suppression(diff: Diff) -> str:
    """No comment, decorator or filter that silences a checker is added, widened, or moved to another line of code."""
    for path in diff.patch.paths:
        before, after = diff.before[path], diff.after[path]
        if said := _comments(_suppressions(before, diff.parser), _suppressions(after, diff.parser), after or b""):
            return f"it added a suppression in {path}: {said}"
        for name, count in (_silencers(diff.tree(after or b"")) - _silencers(diff.tree(before or b""))).items():
            if count:
                return f"it added {name} in {path}"
    return ""


def _code(line: str) -> str:
    return " ".join(line.partition("#")[0].split())


def _comments(before: list[tuple[Comment, str]], after: list[tuple[Comment, str]], source: bytes) -> str:
    if not after:
        return ""
    code_left = {_code(line) for line in source.decode("utf-8", errors="replace").splitlines()}
    gone, new = Counter(before) - Counter(after), Counter(after) - Counter(before)
    free = list(gone.elements())
    for (kind, codes), line in new.elements():
        # The same comment on a line that was edited; not one taken from a line that is still as it was.
        match = next(
            (
                entry
                for entry in free
                if entry[0][0] == kind
                and (not entry[0][1] or (codes and codes <= entry[0][1]))
                and (entry[1] == line or entry[1] not in code_left)
            ),
            None,
        )
        if match is None:
            return f"# {kind} {' '.join(sorted(codes))}".rstrip()
        free.remove(match)
    return ""


def _suppressions(source: bytes | None, parser: Parser) -> list[tuple[Comment, str]]:
    """The suppression comments of *source* as (kind, codes), no codes meaning all, each with the code of its line. By
    lines where it does not parse."""
    if not source:
        return []
    text = source.decode("utf-8", errors="replace")
    # Taking it apart takes time, and most have none. What declares an encoding may spell them in any way.
    if not SUPPRESSION.search(text) and not any(b"coding" in line for line in source.splitlines()[:2]):
        return []
    comments = parser.comments(source)
    if comments is None:
        comments = [SourceComment(line, line.partition("#")[0]) for line in text.splitlines()]
    return [
        (("".join(m["kind"].lower().split()), frozenset(_CODE.findall(m["rest"]))), " ".join(comment.code.split()))
        for comment in comments
        for m in SUPPRESSION.finditer(comment.text)
    ]


def _silencers(tree: ast.Module | None) -> Counter[str]:
    """What silences without a comment: `no_type_check`, filters that ignore warnings, a coverage switch."""
    found: Counter[str] = Counter()
    for node in nodes(tree) if tree else ():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names = [last(d.func if isinstance(d, ast.Call) else d) for d in node.decorator_list]
            found.update(f"@{name}" for name in names if name in ("no_type_check", "no_type_check_decorator"))
        elif isinstance(node, ast.Call) and last(node.func) in ("filterwarnings", "simplefilter"):
            ignores = any(isinstance(a, ast.Constant) and a.value == "ignore" for a in node.args)
            found[f"{dotted(node.func)}('ignore')"] += ignores
    return found
