"""`stomper` as a process of its own, and which processes there are."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

STOMPER = str(Path(sys.executable).with_name("stomper"))
UNUSED = "import os\n\n\ndef one() -> int:\n    return 1\n"


def begin(root: Path, state: Path, *arguments: str, **more: str) -> subprocess.Popen[str]:
    """Start `stomper` with *arguments* in *root*, with its state in *state* and *more* in the environment."""
    env = {**os.environ, "STOMPER_HOME": str(state), "PREFECT_HOME": str(Path.home() / "prefect"), **more}
    pipe, none = subprocess.PIPE, subprocess.DEVNULL
    return subprocess.Popen((STOMPER, *arguments), cwd=root, env=env, stdout=pipe, stderr=pipe, stdin=none, text=True)


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until *condition* holds; a minute at most."""
    for _ in range(600):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("it never came true")


def running(argument: str) -> list[int]:
    """The processes that were started with *argument*."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if argument.encode() in entry.read_bytes().split(b"\0"):
                found.append(int(entry.parent.name))
        except OSError:
            continue
    return found
