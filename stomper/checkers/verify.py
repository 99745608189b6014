"""The checkers' verdict on a tree, against what they said of the base."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from stomper.analysis.fingerprints import Comparison, compare, stamp
from stomper.analysis.syntax import OWN, Parser
from stomper.checkers.base import Checker, Noting
from stomper.errors import CheckerError
from stomper.models import CheckerRun, Diagnostic


@dataclass(frozen=True)
class Collected:
    """All errors of one tree, and what each checker did to find them."""

    diagnostics: tuple[Diagnostic, ...]
    runs: tuple[CheckerRun, ...]

    @cached_property
    def by_path(self) -> Mapping[str, tuple[Diagnostic, ...]]:
        """The errors of each file that has any."""
        found: dict[str, list[Diagnostic]] = defaultdict(list)
        for diagnostic in self.diagnostics:
            found[diagnostic.path].append(diagnostic)
        return {path: tuple(group) for path, group in found.items()}

    def of(self, tool: str, paths: Collection[str] | None = None) -> list[Diagnostic]:
        """The errors of one tool, in *paths* or everywhere."""
        wanted = self.diagnostics if paths is None else (d for path in paths for d in self.by_path.get(path, ()))
        return [d for d in wanted if d.tool == tool]


def read_from(tree: Path, path: str) -> bytes | None:
    """The content of a file in *tree*; None when it is no regular file there."""
    file = tree / path
    try:
        return None if file.is_symlink() or not file.is_file() else file.read_bytes()  # a pipe would never end
    except OSError:
        return None


def collect(tree: Path, checkers: Sequence[Checker], *, allow_missing: bool = False, parser: Parser = OWN) -> Collected:
    """Run every checker once over the whole *tree*. Raises CheckerError for an unknown verdict, unless allowed."""
    found: list[Diagnostic] = []
    runs = []
    with ThreadPoolExecutor() as beside:
        described = [beside.submit(checker.describe) for checker in checkers]
        for checker, description in zip(checkers, described, strict=True):
            began = time.monotonic()
            version = origin = note = error = ""
            mine: list[Diagnostic] = []
            try:
                mine = checker.check(tree)
                version, origin = description.result()
                note = checker.note(tree) if isinstance(checker, Noting) else ""
            except CheckerError as failure:
                if not allow_missing:
                    raise CheckerError(f"{failure}\n(--allow-missing-checker goes on without it)") from None
                error = str(failure)
            seconds = time.monotonic() - began
            runs.append(
                CheckerRun(
                    name=checker.name,
                    version=version,
                    origin=origin,
                    seconds=seconds,
                    found=len(mine),
                    note=note,
                    error=error,
                )
            )
            found += mine
    if runs and all(run.error for run in runs):
        raise CheckerError("no checker could run:\n" + "\n".join(run.error for run in runs))
    return Collected(tuple(stamp(found, lambda path: read_from(tree, path), parser)), tuple(runs))


def verify(
    tree: Path, checkers: Sequence[Checker], base: Collected, paths: Sequence[str] | None, parser: Parser = OWN
) -> Comparison:
    """What became of the base's errors in *tree*: of *paths* alone where a checker can say so, else of everything.

    Raises CheckerError: a crash after a fix proves nothing, so it is never a fix."""
    broken = {run.name for run in base.runs if run.error}
    before: list[Diagnostic] = []
    after: list[Diagnostic] = []
    for checker in checkers:
        if checker.name in broken:
            continue
        narrow = None if checker.whole_program else paths
        before += base.of(checker.name, narrow)
        if narrow is None or narrow:
            after += checker.check(tree, narrow or ())
    return compare(before, stamp(after, lambda path: read_from(tree, path), parser))
