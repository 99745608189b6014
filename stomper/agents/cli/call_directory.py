"""A coding agent's state folder: all that a call keeps outside the worktree, its HOME included, gone when the call ends."""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_WORD = re.compile(r"\{(\w+)\}")
_FOLDERS = {"HOME": "home", "TMPDIR": "tmp", "XDG_CONFIG_HOME": "config", "XDG_DATA_HOME": "data",
            "XDG_STATE_HOME": "state", "XDG_CACHE_HOME": "cache"}  # fmt: skip
# Where programs are looked for in the real HOME by those that start them.
_FOUND_IN_HOME = {"PYTHONUSERBASE": ".local", "PYENV_ROOT": ".pyenv", "VOLTA_HOME": ".volta", "ASDF_DATA_DIR": ".asdf",
                  "NVM_DIR": ".nvm", "MISE_DATA_DIR": ".local/share/mise"}  # fmt: skip


@contextlib.contextmanager
def state_folder(scratch: Path, logins: Mapping[Path, str], home: Sequence[str]) -> Iterator[Path]:
    """A folder of the call in *scratch*, with copies of *logins*, and in its HOME links to what *home* names of the real.

    A login that the program has renewed goes back to where it came from, unless that has changed meanwhile: the old one may
    be worth nothing any more."""
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch, prefix="call-", ignore_cleanup_errors=True) as name:
        state = Path(name)
        for folder in _FOLDERS.values():
            (state / folder).mkdir()
        for named in home:
            link = state / "home" / named
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(Path.home() / named)
        copies = {place: place.read_bytes() for place in logins}
        for place, content in copies.items():
            write_private(state / logins[place], content)
        try:
            yield state
        finally:
            for place, content in copies.items():
                _take_back(place, content, state / logins[place])


def variables(state: Path) -> dict[str, str]:
    """What points a program at the folder, and at what starts programs from the real HOME."""
    there = {name: Path(os.environ.get(name) or Path.home() / place) for name, place in _FOUND_IN_HOME.items()}
    found = {name: str(path) for name, path in there.items() if path.is_dir()}
    return found | {name: str(state / folder) for name, folder in _FOLDERS.items()}


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)
    path.write_bytes(content)


def filled(word: str, values: Mapping[str, str]) -> str:
    """*word* with each `{name}` that *values* knows replaced."""
    return _WORD.sub(lambda m: values.get(m[1], m[0]), word)


def filled_in(value: object, values: Mapping[str, str]) -> str:
    """Text as it is, anything else as JSON, the words in it replaced."""
    return filled(value, values) if isinstance(value, str) else json.dumps(_deep(value, values))


def merged(one: Mapping[str, object], other: Mapping[str, object]) -> dict[str, object]:
    """Both, *other* over *one*, and in what both have as mappings again."""
    result = dict(one)
    for key, value in other.items():
        below = result.get(key)
        result[key] = merged(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return result


@contextlib.contextmanager
def tidied(tree: Path, patterns: Sequence[str]) -> Iterator[None]:
    """In the block a program works in *tree*: what matches *patterns* is afterwards as it was before.

    No link that the program leaves is followed: it may lead out of the tree."""
    there = _matching(tree, patterns)
    before = {path: path.read_bytes() for path in there if not path.is_symlink()}
    try:
        yield
    finally:
        for path in _matching(tree, patterns):
            if path not in there:
                path.unlink()
        for path, content in before.items():
            if path.parent.resolve() != tree.resolve() / path.parent.relative_to(tree) or (
                path.is_dir() and not path.is_symlink()
            ):
                continue  # a change that the guards refuse
            if path.is_symlink() or not path.is_file() or path.read_bytes() != content:
                path.unlink(missing_ok=True)
                path.write_bytes(content)


def _matching(tree: Path, patterns: Sequence[str]) -> list[Path]:
    found = [path for pattern in patterns for path in tree.glob(pattern)]
    inside = [p for path in found if path.is_dir() and not path.is_symlink() for p in path.rglob("*")]
    return [path for path in (*found, *inside) if path.is_file() or path.is_symlink()]


def _take_back(place: Path, content: bytes, copy: Path) -> None:
    with contextlib.suppress(OSError):
        renewed = copy.read_bytes()
        if renewed and renewed != content and place.read_bytes() == content:
            beside = place.with_name(f"{place.name}.stomper")
            write_private(beside, renewed)
            beside.replace(place)


def _deep(value: object, values: Mapping[str, str]) -> object:
    if isinstance(value, Mapping):
        return {filled(str(key), values): _deep(below, values) for key, below in value.items()}
    if isinstance(value, list | tuple):
        return [_deep(below, values) for below in value]
    if not isinstance(value, str):
        return value
    done = filled(value, values)
    return int(done) if value == "{turns}" else done
