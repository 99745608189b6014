"""Files of the checkout that worktrees are given beside what git tracks: found by looking, and by somebody's patterns."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

import pathspec

from stomper.errors import SettingsError
from stomper.git.plumbing import git, names

INCLUDE_FILE = ".worktreeinclude"
_MOST_FILES, _MOST_BYTES, _MOST_LOOKED_AT = 5_000, 200 * 1024**2, 20_000
_CACHES = frozenset({
    ".git", "__pycache__", ".tox", ".nox", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".cache", "htmlcov",
    ".eggs", ".ipynb_checkpoints", ".terraform", ".gradle", ".idea", ".vscode", ".next", ".nuxt", ".turbo",
})  # fmt: skip
_OUTPUT = frozenset({"build", "dist", "site", "_build", "target", "out"})
"""Folders in which builds put copies of code: nothing there is imported by tests, unless somebody names it."""
_CODE = (".py", ".pyi", ".so", ".pyd", ".dylib")
_RUBBISH = (".pyc", ".pyo", ".log", ".tmp", ".swp", ".swo", ".pid", ".orig", ".rej", "~", ".o", ".a", ".d", ".prof")
_SETTINGS = (".env", ".env.*", "*.env", ".envrc", ".flaskenv")
_SECRET = (
    *_SETTINGS, "*secret*", "*credential*", "*password*", "local_settings*", "settings_local*", "*.pem", "*.key", "*.p12",
    "*.pfx", "*.keystore", "id_rsa*", "id_ed25519*", ".netrc", ".pypirc", ".npmrc",
)  # fmt: skip
_DEPENDENCIES = {"node_modules": ("../package.json",), "vendor": ("modules.txt", "autoload.php", "bundle")}
"""Folders of packages that programs import: by their name, and what shows that they are such."""
_PROSE = (".md", ".rst", ".txt", ".adoc", ".gitignore", ".dockerignore", ".lock", ".svg", ".csv")
_SHORTEST_NAME, _MOST_NAMES = 5, 2_000


@dataclass(frozen=True)
class Carried:
    """Paths of the checkout: files of which each worktree gets a copy, folders that worktrees share, and what is too much
    for that."""

    files: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    too_much: tuple[str, ...] = ()

    @property
    def for_agents(self) -> tuple[str, ...]:
        """The files but for those that may hold secrets."""
        return tuple(path for path in self.files if not may_hold_secrets(path))


def may_hold_secrets(path: str) -> bool:
    """Return whether a file is of a kind that often does, by its name."""
    name = PurePosixPath(path).name.lower()
    return any(fnmatch(name, pattern) for pattern in _SECRET)


def carried(root: Path, patterns: Sequence[str]) -> Carried:
    """Return what git ignores in the checkout at *root* and its code, tests or tools seem to need, or *patterns* name.

    Raises SettingsError for a pattern that is none."""
    listed = names(git(("ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory"), cwd=root))
    if not listed:
        return Carried()
    asked = _asked(root, patterns)
    folders = {name.rstrip("/") for name in listed if name.endswith("/")}
    wanted = (name for name in sorted(folders) if asked.check_file(name).include is not False)
    shared = [name for name in wanted if _is_dependencies(root, name)]
    rest = [name for name in listed if not _below_any(name, shared)]
    anything = any(pattern.include for pattern in asked.patterns)  # somebody may mean what is in a cache
    found = list(dict.fromkeys(p for name in rest for p in _files(root, name, caches=anything)))[:_MOST_LOOKED_AT]
    tracked = names(git(("ls-files", "-z"), cwd=root))
    looked_at = [path for path in found if asked.check_file(path).include is None]
    needed = _looks_needed(root, looked_at, tracked)
    chosen = [path for path in found if asked.check_file(path).include or path in needed]
    kept, too_much = _cut(root, chosen)
    return Carried(tuple(kept), tuple(shared), tuple(too_much))


def _asked(root: Path, patterns: Sequence[str]) -> pathspec.GitIgnoreSpec:
    lines: list[str] = []
    include = root / INCLUDE_FILE
    if include.is_file():
        lines += include.read_text(encoding="utf-8", errors="replace").splitlines()
    try:
        return pathspec.GitIgnoreSpec.from_lines([*lines, *patterns])
    except ValueError as error:
        raise SettingsError(f"worktree.carry or {INCLUDE_FILE}: {error}") from None


def _is_dependencies(root: Path, folder: str) -> bool:
    signs = _DEPENDENCIES.get(PurePosixPath(folder).name, ())
    return any((root / folder / sign).exists() for sign in signs)


def _below_any(name: str, folders: Sequence[str]) -> bool:
    return any(name.rstrip("/") == folder or name.startswith(f"{folder}/") for folder in folders)


def _files(root: Path, name: str, *, caches: bool) -> Iterator[str]:
    """The file *name*, or those below the folder; none of a virtual environment, and those of *caches* only if asked for."""
    if not caches and _CACHES & set(name.split("/")):
        return
    if not name.endswith("/"):
        yield name
        return
    for place, folders, files in os.walk(root / name):
        here = Path(place)
        if "pyvenv.cfg" in files or "conda-meta" in folders:
            folders.clear()
            continue
        left_out = ("node_modules", ".git", *(() if caches else _CACHES))
        folders[:] = [folder for folder in folders if folder not in left_out]
        below = here.relative_to(root).as_posix()
        yield from (f"{below}/{file}" for file in sorted(files))


def _looks_needed(root: Path, paths: Sequence[str], tracked: Sequence[str]) -> frozenset[str]:
    """Return which of *paths* are code beside tracked code, variables for programs, or named by a tracked file."""
    packages = {PurePosixPath(path).parent for path in tracked if path.endswith(_CODE)}
    found, rest = set[str](), list[str]()
    for path in (p for p in paths if not p.endswith(_RUBBISH)):
        place = PurePosixPath(path)
        folders = place.parts[:-1]
        is_output = not (_OUTPUT | _CACHES).isdisjoint(folders) or any(name.endswith(".egg-info") for name in folders)
        beside_code = place.suffix in _CODE and not packages.isdisjoint(place.parents)
        if any(fnmatch(place.name, pattern) for pattern in _SETTINGS) or (beside_code and not is_output):
            found.add(path)
        elif not is_output and len(place.name) >= _SHORTEST_NAME:
            rest.append(path)
    return frozenset(found | _named(root, rest))


def _named(root: Path, paths: Sequence[str]) -> set[str]:
    """Those of *paths* whose names stand in a tracked file that is no prose."""
    by_name: dict[str, list[str]] = {}
    for path in paths:
        by_name.setdefault(PurePosixPath(path).name, []).append(path)
    if not by_name or len(by_name) > _MOST_NAMES:
        return set()
    wanted = "\n".join(by_name).encode("utf-8", "surrogateescape")
    said = git(("grep", "-I", "-o", "-z", "--cached", "-F", "-f", "-"), cwd=root, stdin=wanted, ok=(0, 1))
    hits = (line.partition(b"\0") for line in said.split(b"\n") if line)
    seen = {os.fsdecode(hit) for where, _, hit in hits if not os.fsdecode(where).endswith(_PROSE)}
    return {path for name in seen for path in by_name.get(name, ())}


def _cut(root: Path, paths: Sequence[str]) -> tuple[list[str], list[str]]:
    """*paths* as far as they are not too much to copy into every worktree, and the rest."""
    kept, rest, size = list[str](), list[str](), 0
    for path in paths:
        try:
            about = (root / path).stat()
        except OSError:
            continue
        if len(kept) >= _MOST_FILES or size + about.st_size > _MOST_BYTES:
            rest.append(path)
        else:
            kept.append(path)
            size += about.st_size
    return kept, rest
