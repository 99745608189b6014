"""From all errors found to the files to repair, most valuable first; what is left out is counted."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

import pathspec

from stomper.config.choices import Uncommitted
from stomper.config.settings import Settings
from stomper.errors import SettingsError
from stomper.models import Diagnostic, FileJob, LeftOut


@dataclass(frozen=True)
class Scope:
    """What a run is pointed at. `paths` are files or folders relative to the root; `only` a set of files, or None.

    With `uncommitted`, what is checked and repaired is not HEAD but HEAD with those files as the user has them: as they are
    in the checkout, as they are staged in `index` (None is the checkout's own), or the tracked ones as they lie on disk."""

    paths: tuple[str, ...] = ()
    only: frozenset[str] | None = None
    uncommitted: Uncommitted | Literal[""] = ""
    index: Path | None = None


@dataclass(frozen=True)
class Selection:
    """The jobs in their order, and what was left out."""

    jobs: tuple[FileJob, ...]
    left_out: LeftOut


def globs(patterns: Iterable[str]) -> pathspec.GitIgnoreSpec:
    """gitignore-style patterns, ready to match paths relative to the root. Raises SettingsError for a bad one."""
    try:
        return pathspec.GitIgnoreSpec.from_lines(patterns)
    except ValueError as error:
        raise SettingsError(f"include/exclude: {error}") from None


def matches_code(code: str, prefixes: Collection[str]) -> bool:
    """Return whether *code* is one of *prefixes* or begins with one, as ruff understands them: `F` and `F4` match `F401`
    but not `FURB105`, which is another group. Names match whole."""
    return any(prefix in (code, "ALL") or _begins(code, prefix) for prefix in prefixes)


def _begins(code: str, prefix: str) -> bool:
    rest = code.removeprefix(prefix)
    if not prefix or rest == code:
        return False
    # The letters of a code are its group's; Pylint's groups alone are told apart by a letter more.
    return prefix[-1].isdigit() or (prefix.isupper() and (prefix == "PL" or not rest[0].isalpha()))


def within(paths: Iterable[str]) -> Callable[[str], bool]:
    """Return the test for being one of *paths* or in one of them; without any, or with the root, for everything."""
    wanted = frozenset(paths)
    if not wanted or wanted & {"", "."}:
        return lambda _path: True
    return lambda path: path in wanted or any(str(folder) in wanted for folder in PurePosixPath(path).parents)


def select(
    diagnostics: Sequence[Diagnostic], settings: Settings, scope: Scope, foreign: Callable[[str], str] | None = None
) -> Selection:
    """Group the errors in scope by file, files with the most errors first, cut at the limits.

    Files for which *foreign* gives whose they are are left out under that name."""
    include, exclude, inside = globs(settings.include), globs(settings.exclude), within(scope.paths)
    by_scope = by_code = by_limit = 0
    vendored = Counter[str]()
    files: dict[str, list[Diagnostic]] = defaultdict(list)
    for diagnostic in diagnostics:
        path = diagnostic.path
        wanted = inside(path) and (scope.only is None or path in scope.only)
        if not wanted or (settings.include and not include.match_file(path)) or exclude.match_file(path):
            by_scope += 1
        elif (settings.select and not matches_code(diagnostic.code, settings.select)) or matches_code(
            diagnostic.code, settings.ignore
        ):
            by_code += 1
        elif owner := foreign(path) if foreign else "":
            vendored[owner] += 1
        else:
            files[path].append(diagnostic)
    jobs: list[FileJob] = []
    taken = 0
    for path, group in sorted(files.items(), key=lambda item: (-len(item[1]), item[0])):
        full = settings.max_files and len(jobs) >= settings.max_files
        if full or (settings.max_errors and taken >= settings.max_errors):
            by_limit += len(group)
            continue
        jobs.append(FileJob(path=path, diagnostics=tuple(group)))
        taken += len(group)
    left_out = LeftOut(by_scope=by_scope, by_code=by_code, by_limit=by_limit, vendored=dict(sorted(vendored.items())))
    return Selection(tuple(jobs), left_out)
