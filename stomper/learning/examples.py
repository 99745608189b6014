"""Accepted fixes as examples for the same rules in the same repository: small hunks of what landed, without secrets."""

from __future__ import annotations

import re
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import Field, StringConstraints

from stomper.guards.base import Diff
from stomper.guards.secrets import secrets
from stomper.hashing import digest
from stomper.learning.trials import Name, Rule, rule_of
from stomper.models import Change, FileJob, Model, Outcome, Patch
from stomper.state.store import Store

LINES = 40
_KEPT = 5  # for each rule of a repository
_HEAD = re.compile(rb"^@@ -(\d+)(?:,(\d+))? \+\d+(?:,\d+)? @@")


class Example(Model):
    """A hunk that fixed an error of a rule: lines that begin with a blank, `-` or `+`."""

    at: Name = Field(default_factory=lambda: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
    repository: Name = Field(min_length=1)
    rule: Rule
    commit: Name = ""
    hunk: Annotated[str, StringConstraints(min_length=1, max_length=10_000)]


class Examples:
    """The examples in the store: the newest few for each rule of each repository whose commits stand."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def learn(self, repository: str, *outcomes: Outcome) -> None:
        """Keep what *outcomes*, of which the last landed last, show. Nothing for those without a commit."""
        found: list[Example] = []
        hunks: dict[str, set[str]] = defaultdict(set)
        # The newest first: of a rule that has enough, older ones would be cut again, and reading them takes time.
        for outcome in reversed([o for o in outcomes if o.commit]):
            enough = frozenset(rule for rule, seen in hunks.items() if len(seen) >= _KEPT)
            shown = from_outcome(repository, outcome, but=enough)
            found += shown[::-1]
            for example in shown:
                hunks[example.rule].add(example.hunk)
        self.add(*found[::-1])

    def add(self, *examples: Example) -> None:
        """Keep *examples*, all of them or none, and of each rule no more than the newest few."""
        added = [(_ADD, (digest(e.repository, e.rule, e.hunk), *e.model_dump().values())) for e in examples]
        rules = dict.fromkeys((e.repository, e.rule) for e in examples)
        self._store.do_all([*added, *((_CUT, (*rule, *rule, _KEPT)) for rule in rules)])

    def drop(self, commit: str) -> None:
        """*commit* was taken back: it is no example any more."""
        self._store.do("DELETE FROM examples WHERE commit_id = ?", (commit,))

    def examples_for(self, repository: str, rules: Sequence[str], limit: int) -> list[Example]:
        """At most *limit* examples of *repository* for *rules*, the newest of each rule first, and no hunk twice."""
        asked = "SELECT at, repository, rule, commit_id, hunk FROM examples WHERE repository = ? AND rule = ?"
        newest = f"{asked} ORDER BY at DESC, rowid DESC"
        each = [[_example(row) for row in self._store.do(newest, (repository, rule))] for rule in dict.fromkeys(rules)]
        turns = (found[turn] for turn in range(_KEPT) for found in each if turn < len(found))
        return list({e.hunk: e for e in reversed(list(turns))}.values())[::-1][:limit]

    def all(self, repository: str = "") -> list[Example]:
        """Every example of *repository*, or of all, the oldest first."""
        asked = "SELECT at, repository, rule, commit_id, hunk FROM examples WHERE ? IN ('', repository) ORDER BY at"
        return [_example(row) for row in self._store.do(asked, (repository,))]


_ADD = "INSERT OR REPLACE INTO examples (id, at, repository, rule, commit_id, hunk) VALUES (?, ?, ?, ?, ?, ?)"
_CUT = (
    "DELETE FROM examples WHERE repository = ? AND rule = ? AND id NOT IN "
    "(SELECT id FROM examples WHERE repository = ? AND rule = ? ORDER BY at DESC, rowid DESC LIMIT ?)"
)


def _example(row: Iterable[object]) -> Example:
    return Example.model_validate(dict(zip(Example.model_fields, row, strict=True)))


def from_outcome(repository: str, outcome: Outcome, *, but: Collection[str] = ()) -> list[Example]:
    """For each rule that *outcome* fixed, except those of *but*, the smallest hunk at one of its errors; large ones and
    secrets are left out."""
    wanted = [(rule, d) for d in outcome.fixed if (rule := rule_of(d)) not in but]
    if outcome.patch is None or not wanted:
        return []
    hunks = [h for h in _hunks(outcome.patch, outcome.path) if len(h.lines) <= LINES]
    best: dict[str, _Hunk] = {}
    for rule, diagnostic in wanted:
        at = [h for h in hunks if diagnostic.path == outcome.path and h.first <= diagnostic.line <= h.last]
        for hunk in at:
            if rule not in best or len(hunk.lines) < len(best[rule].lines):
                best[rule] = hunk
    texts = {hunk: _text(hunk, outcome.path) for hunk in set(best.values())}
    shown = sorted((rule, texts[hunk]) for rule, hunk in best.items() if texts[hunk])
    return [Example(repository=repository, rule=r, commit=outcome.commit, hunk=t) for r, t in shown]


@dataclass(frozen=True)
class _Hunk:
    """What changed at the lines from `first` to `last` of the base."""

    first: int
    last: int
    lines: tuple[bytes, ...]


def _hunks(patch: Patch, path: str) -> Iterator[_Hunk]:
    """The hunks of *patch*, if it changes *path* alone."""
    if patch.paths != (path,):
        return
    lines = patch.diff.split(b"\n")
    heads = [n for n, line in enumerate(lines) if _HEAD.match(line)]
    for start, end in pairwise([*heads, len(lines)]):  # none in what git takes for binary
        found = _HEAD.match(lines[start])
        assert found is not None  # noqa: S101 - it matched above
        first, length = int(found[1]), int(found[2] or 1)
        body = tuple(line for line in lines[start + 1 : end] if line[:1] in (b" ", b"-", b"+"))
        yield _Hunk(first, first + max(length, 1) - 1, body)


def _text(hunk: _Hunk, path: str) -> str:
    """The hunk as text; empty for what is not UTF-8, has overlong lines, or holds what looks like a secret."""
    return _shown(hunk.lines, f"a{PurePosixPath(path).suffix}")


@lru_cache(maxsize=256)  # one fix in a thousand files
def _shown(lines: tuple[bytes, ...], path: str) -> str:
    try:
        text = b"\n".join(lines).decode()
    except UnicodeDecodeError:
        return ""
    bare = b"\n".join(line[1:] for line in lines)
    diff = Diff(FileJob(path=path, diagnostics=()), _whole(path), {path: None}, {path: bare}, lambda _: False)
    return "" if len(text) > 10_000 or secrets(diff) else text


def _whole(path: str) -> Patch:
    change = Change(path=path, old_mode="0", new_mode="100644", old_blob="", new_blob="")
    return Patch(base="", changes=(change,), diff=b"")
