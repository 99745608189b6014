"""The parser for every syntax that the target's interpreter takes: this Python's own, and that interpreter's beyond it."""

from __future__ import annotations

import ast
import hashlib
import io
import json
import logging
import platform
import sys
import threading
import tokenize
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from stomper.analysis.portable_tree import rebuild
from stomper.analysis.syntax import parse
from stomper.system import processes

_DUMP = Path(__file__).with_name("dump_syntax.py")
_RUFF = Path(sys.executable).with_name("ruff")
_REFUSED = 2  # the exit code of ruff for what it does not parse
_TIMEOUT_S = 60.0
_BATCH = 4 * 1024**2
"""Bytes of source that one process is given: what it prints is some forty times as much."""
_REMEMBERED = 64 * 1024**2
"""Bytes of answers that are kept."""
_log = logging.getLogger(__name__)
_Source = bytes | str


class TargetParser:
    """Asks the target's interpreter, started by *python*, for what this one does not parse, if it is a newer one.

    *found* says in words which it is; *variables* gives the environment for its process."""

    def __init__(self, python: Sequence[str], found: str, variables: Callable[[], Mapping[str, str]]) -> None:
        self._python, self._found, self._variables = tuple(python), found, variables
        self._lock = threading.Lock()
        self._version: tuple[int, ...] | None = None
        self._useless = not python
        self._answers: OrderedDict[bytes, bytes] = OrderedDict()  # the newest last
        self._size = 0
        self._broken: dict[bytes, bool] = {}

    @property
    def asked_target(self) -> bool:
        """Return whether some source so far needed the target's interpreter, and that is a newer one."""
        return self._version is not None and not self._useless

    def parse(self, source: _Source) -> ast.Module | None:
        """Return the syntax tree of *source*, for the caller alone; None for what neither interpreter parses."""
        tree = parse(source)
        if tree is not None:
            return tree
        answer = self._answer(source)
        try:
            return rebuild(answer["kinds"], answer["nodes"]) if answer else None
        except (ValueError, TypeError, LookupError) as error:
            _log.debug("the target's interpreter printed what is no tree: %r", error)
            return None

    def too_new(self, source: bytes) -> str:
        """Return why *source*, which does not parse here, is Python all the same, and the next step; else nothing.

        ruff is the judge: it parses the newest syntax, by whatever Python it is run."""
        key = _key(source)
        with self._lock:
            if key not in self._broken:
                self._broken[key] = _is_broken(source)
            if self._broken[key]:
                return ""
        theirs = f"Python {'.'.join(map(str, self._version))}" if self._version else "no Python that answers"
        return (
            f"it is code for a newer Python than {platform.python_version()}, which runs Stomper, and than the target's "
            f"({self._found}: {theirs}): set `python` to an interpreter that reads it"
        )

    def prepare(self, sources: Iterable[_Source]) -> None:
        """Ask for all *sources* that this interpreter does not parse by one process, or a few."""
        self._ask([source for source in sources if parse(source) is None])

    def _answer(self, source: _Source) -> dict[str, Any] | None:
        self._ask([source])
        with self._lock:
            line = self._answers.get(_key(source), b"")
        try:
            answer = json.loads(line or b"null")
        except ValueError:
            return None
        return answer if isinstance(answer, dict) else None

    def _ask(self, sources: Sequence[_Source]) -> None:
        with self._lock:
            left = {key: source for source in sources if (key := _key(source)) not in self._answers}
            while left and not self._useless:
                some = _first(left)
                lines = self._printed(list(some.values()))
                # One that crashed it, or was too much for it, is not given to it again.
                for number, key in enumerate(list(some)[: len(lines) + 1]):
                    self._keep(key, lines[number] if number < len(lines) else b"null")
                    del left[key]

    def _printed(self, sources: Sequence[_Source]) -> list[bytes]:
        """The answers of one process, as many as it came to. One of another version is asked for nothing more."""
        own = f"{sys.version_info[0]}.{sys.version_info[1]}"
        argv = (*self._python, "-I", "-S", "-W", "ignore", str(_DUMP), own)
        feed = b"".join(b"%b %d\n%b" % (_kind(s), len(_bytes(s)), _bytes(s)) for s in sources)
        try:
            done = processes.run(argv, cwd=Path("/"), timeout_s=_TIMEOUT_S, env=self._variables(), stdin=feed)
        except processes.ProgramMissing as error:
            _log.debug("no syntax trees by the target's interpreter: %s", error)
            self._useless = True
            return []
        head, *lines = done.stdout.split(b"\n")
        self._version = _version(head)
        if done.timed_out or self._version is None or self._version <= sys.version_info[:2]:
            _log.debug("no syntax trees by the target's interpreter: %s", done.complaint or done.ending)
            self._useless = True
        return lines[:-1]  # what comes after the last line's end is no answer

    def _keep(self, key: bytes, line: bytes) -> None:
        self._answers[key] = line
        self._size += len(line)
        while self._size > _REMEMBERED and len(self._answers) > 1:
            self._size -= len(self._answers.popitem(last=False)[1])


def _is_broken(source: bytes) -> bool:
    """Whether ruff's parser refuses it. That is no question of a version, unlike for `ruff check`."""
    try:
        encoding = tokenize.detect_encoding(io.BytesIO(source).readline)[0]
        text = source.decode(encoding).encode()  # ruff reads UTF-8 alone
    except (SyntaxError, UnicodeError, LookupError):
        return True
    argv = (
        str(_RUFF) if _RUFF.exists() else "ruff",
        "format",
        "--isolated",
        "--no-cache",
        "--stdin-filename",
        "a.py",
        "-",
    )
    try:
        done = processes.run(argv, cwd=Path("/"), timeout_s=_TIMEOUT_S, stdin=text)
    except processes.ProgramMissing:
        return False
    return done.returncode == _REFUSED


def _first(left: Mapping[bytes, _Source]) -> dict[bytes, _Source]:
    """As many of *left* as one process is given, one at least."""
    some: dict[bytes, _Source] = {}
    size = 0
    for key, source in left.items():
        size += len(_bytes(source))
        if some and size > _BATCH:
            break
        some[key] = source
    return some


def _version(head: bytes) -> tuple[int, ...] | None:
    try:
        return tuple(int(part) for part in json.loads(head))
    except (ValueError, TypeError):
        return None


def _kind(source: _Source) -> bytes:
    return b"s" if isinstance(source, str) else b"b"


def _bytes(source: _Source) -> bytes:
    return source.encode("utf-8", "surrogatepass") if isinstance(source, str) else source


def _key(source: _Source) -> bytes:
    return _kind(source) + hashlib.sha256(_bytes(source)).digest()
