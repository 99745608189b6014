"""Signs that a repository has tests, where the command that was run has found none."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

_MOST_READ = 400
"""How many Python files are read at most: those that are named like tests come first."""
_CASE = re.compile(rb"^\s*class \w+\(.*TestCase\b", re.MULTILINE)
_TEST = re.compile(rb"^\s*(?:async )?def test\w*\(", re.MULTILINE)
_TARGET = re.compile(rb"^(?:test|tests|unittest)\s*:(?!=)", re.MULTILINE)
_RUST = re.compile(rb"#\[(?:\w+::)?test\b")
Read = Callable[[str], bytes]


@dataclass(frozen=True)
class Sign:
    """A file that speaks of tests, and the command that would run them."""

    path: str
    command: str


def signs_of_tests(paths: Iterable[str], read: Read) -> list[Sign]:
    """Return the signs of tests among the tracked *paths*, the plainest first; *read* gives what is in one."""
    known = sorted(paths)
    return [*_runners(known, read), *_test_files(known, read)]


def _runners(paths: list[str], read: Read) -> Iterator[Sign]:
    """Files that configure a run of tests."""
    for path in paths:
        name = PurePosixPath(path).name
        match name:
            case "tox.ini":
                yield Sign(path, "tox")
            case "noxfile.py":
                yield Sign(path, "nox")
            case "Makefile" | "makefile" | "GNUmakefile":
                if target := _TARGET.search(read(path)):
                    yield Sign(path, f"make {target[0].partition(b':')[0].strip().decode()}")
            case "manage.py":
                yield Sign(path, f"python {path} test")
            case "package.json":
                if _has_test_script(read(path)):
                    yield Sign(path, "npm test")
            case _:
                pass


def _has_test_script(raw: bytes) -> bool:
    try:
        scripts = json.loads(raw).get("scripts", {})
    except (ValueError, AttributeError):
        return False
    said = scripts.get("test", "") if isinstance(scripts, dict) else ""
    return bool(said) and "no test specified" not in said


def _test_files(paths: list[str], read: Read) -> Iterator[Sign]:
    """Files with tests in them."""
    sources = sorted((p for p in paths if p.endswith(".py")), key=lambda path: (not _named_like_tests(path), path))
    for path in sources[:_MOST_READ]:
        source = read(path)
        if _CASE.search(source) or (_named_like_tests(path) and _TEST.search(source)):
            module = path.removesuffix(".py").replace("/", ".")
            yield Sign(path, f"python -m unittest {module}")
    for path in paths:
        if path.endswith("_test.go"):
            yield Sign(path, "go test ./...")
        elif path.endswith(".rs") and _RUST.search(read(path)):
            yield Sign(path, "cargo test")
        elif re.search(r"\.(?:test|spec)\.[cm]?[jt]sx?$", path):
            yield Sign(path, "npm test")


def _named_like_tests(path: str) -> bool:
    pure = PurePosixPath(path)
    return "test" in pure.stem or any(part in ("test", "tests", "testing") for part in pure.parts[:-1])
