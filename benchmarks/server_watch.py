"""A Prefect server looked at while a run uses it: whether it answers, how soon, and its CPU time."""

from __future__ import annotations

import contextlib
import os
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

_TICK_S = 0.5
_PATIENCE_S = 5.0


@dataclass(frozen=True)
class Health:
    """How the server answered when it was asked for its health, about twice a second."""

    asked: int = 0
    unanswered: int = 0
    slowest_s: float = 0.0


def cpu_s_of(pid: int) -> float:
    """User and system seconds of a process so far; 0 when it is gone."""
    try:
        # After the name in parentheses, which may hold anything, utime and stime are the twelfth and thirteenth.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def until_gone(home: Path) -> None:
    """Wait for the embedded server with its files in *home* to end, which it does shortly after its last client."""
    try:
        pid = int((home / "server" / "pid").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    give_up = time.monotonic() + 30
    while cpu_s_of(pid) and time.monotonic() < give_up:
        time.sleep(0.05)


class ServerWatch:
    """Looks at a server inside the block, from a thread of its own."""

    def __init__(self, address: Callable[[], str], pid: Callable[[], int]) -> None:
        self._address, self._pid = address, pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._before: dict[int, float] = {}
        self._now: dict[int, float] = {}
        self._seen: list[tuple[float, float]] = []
        self._asked = self._unanswered = 0
        self._slowest = 0.0

    @classmethod
    def embedded(cls, home: Path) -> ServerWatch:
        """Of the embedded server with its files in *home*, from the moment it is there."""
        folder = home / "server"

        def address() -> str:
            with contextlib.suppress(OSError):
                return (folder / "address").read_text(encoding="utf-8").strip()
            return ""

        def pid() -> int:
            with contextlib.suppress(OSError, ValueError):
                return int((folder / "pid").read_text(encoding="utf-8"))
            return 0

        return cls(address, pid)

    @classmethod
    def at(cls, address: str, pid: int) -> ServerWatch:
        """Of the server at *address*, which is process *pid*."""
        return cls(lambda: address, lambda: pid)

    @property
    def cpu_s(self) -> float:
        """What it took inside the block, up to half a second before its end."""
        return sum(now - self._before.get(pid, 0.0) for pid, now in self._now.items())

    def cpu_s_after(self, moment: float) -> float:
        """The same, from a moment of the monotonic clock on, give or take half a second."""
        return self.cpu_s - max((taken for at, taken in self._seen if at <= moment), default=0.0)

    @property
    def health(self) -> Health:
        """How it answered, once it had answered for the first time: before that it was starting."""
        return Health(self._asked, self._unanswered, self._slowest)

    def __enter__(self) -> Self:
        if pid := self._pid():
            self._before[pid] = cpu_s_of(pid)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join(2 * _PATIENCE_S)

    def _look(self) -> None:
        while not self._over.wait(_TICK_S):
            if (pid := self._pid()) and (seconds := cpu_s_of(pid)):
                self._now[pid] = seconds
                self._seen.append((time.monotonic(), self.cpu_s))
            if address := self._address():
                self._ask(address, gone=not pid or not cpu_s_of(pid))

    def _ask(self, address: str, *, gone: bool) -> None:
        began = time.monotonic()
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=_PATIENCE_S) as answer:  # noqa: S310 - loopback
                good = answer.status == 200
        except (OSError, ValueError):
            good = False
        if not good and (gone or not self._asked):
            return  # it is starting, or has ended with its last client
        self._asked += 1
        self._unanswered += not good
        self._slowest = max(self._slowest, time.monotonic() - began)
