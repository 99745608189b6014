"""How many processes of which program this process has started, and what they took. Imports nothing of ours."""

from __future__ import annotations

import resource
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

_WITH_VERB = ("git", "ruff")  # of these the first word says what they are at; of others it may be anything
_lock = threading.Lock()
_used: dict[str, Use] = {}


class Use(NamedTuple):
    """Of one program. Seconds add up over processes that run side by side."""

    started: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0


def name_of(argv: Sequence[str]) -> str:
    """The program of *argv*, with its verb for git and ruff and by its module for Python; never another argument."""
    program = Path(argv[0]).name
    if program.startswith("python") and argv[1:2] == ["-m"] and len(argv) > 2:
        return argv[2]
    if program not in _WITH_VERB:
        return program
    words = list(argv[1:])
    while words and words[0].startswith("-"):
        del words[: 2 if words[0] in ("-c", "-C") else 1]
    return f"{program} {words[0]}" if words else program


def note(argv: Sequence[str], *, wall_s: float, usage: resource.struct_rusage) -> None:
    """Count a process that has ended, with what the kernel says of it. Called from any thread."""
    name = name_of(list(argv))
    with _lock:
        before = _used.get(name, Use())
        cpu_s = usage.ru_utime + usage.ru_stime
        _used[name] = Use(before.started + 1, before.wall_s + wall_s, before.cpu_s + cpu_s)


def used() -> Mapping[str, Use]:
    """All so far, by program."""
    with _lock:
        return dict(_used)
