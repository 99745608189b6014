"""Programs that stay: started, stopped, killed with all that they started, and started again, by their process ids."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

_PATIENCE_S = 40.0


def free_port() -> int:
    """A port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def parents() -> dict[int, int]:
    """Every process and its parent."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # The name, in brackets, may hold anything.
            found[int(entry.parent.name)] = int(entry.read_text(errors="replace").rpartition(")")[2].split()[1])
    return found


def family(pid: int) -> list[int]:
    """The process and all that descend from it, the eldest first."""
    found, by_child = [pid], parents()
    for one in found:
        found += [child for child, parent in by_child.items() if parent == one]
    return found


class Program:
    """A program in a session of its own. As a context manager it runs inside the block."""

    def __init__(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        log: Path,
        *,
        cwd: Path,
        user: str | None = None,
        stop_with: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.argv, self.env, self.log = tuple(argv), dict(env), log
        self._cwd, self._user, self._stop_with = cwd, user, stop_with
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id of the one that was started last."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it; what it prints is added to the log."""
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(
                self.argv, env=self.env, cwd=self._cwd, user=self._user, group=self._user, extra_groups=None,
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
            )  # fmt: skip

    def exit_code(self) -> int | None:
        """None while it runs."""
        return None if self._process is None else self._process.poll()

    def wait(self, timeout_s: float = _PATIENCE_S) -> int:
        """Its exit code when it has ended by itself. Raises TimeoutExpired."""
        assert self._process is not None
        return self._process.wait(timeout=timeout_s)

    def stop(self) -> None:
        """Ask it to end, as an operator does; what is left of it after a while is killed."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(self._stop_with)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=_PATIENCE_S)
        self.kill()

    def kill(self) -> None:
        """SIGKILL for it and all that it started, as far as they still descend from it."""
        if self._process is None or self._process.poll() is not None:
            return
        for pid in family(self._process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(timeout=_PATIENCE_S)

    def tail(self, characters: int = 3000) -> str:
        """The end of what it printed."""
        return self.log.read_text(errors="replace")[-characters:] if self.log.exists() else ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
