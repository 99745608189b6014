"""Stands between Stomper and a program that is not trusted: at the end, whosever, it kills all that came of the program.

Run as a script with the number of a socket and the program's argv. It becomes the parent of every orphan below it
(PR_SET_CHILD_SUBREAPER, Linux), so that a child with a session of its own and an empty environment is found as well. When
the other end of the socket is closed, be it because Stomper was killed, it ends the program. Imports nothing of ours."""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import socket
import sys
import time
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_LONGEST_S = 10.0  # for what the kernel does not let go of


class _Stop(BaseException):
    """Somebody asks this process to end."""


def main() -> int:
    """Keep the program until it or Stomper ends. Returns its exit code, negative for a signal."""
    lifeline, argv = socket.socket(fileno=int(sys.argv[1])), sys.argv[2:]
    lifeline.set_inheritable(False)
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _stop)
    status = -signal.SIGKILL
    try:
        # A session of its own: what it sends to its process group is not for us.
        program = os.posix_spawnp(argv[0], argv, os.environ, setsid=True)
        status = _wait(program, lifeline)
    except OSError as error:
        lifeline.send(os.strerror(error.errno or 0).encode())
    except _Stop:
        pass
    _kill_all()
    return status


def _stop(*_: object) -> None:
    raise _Stop


def _wait(program: int, lifeline: socket.socket) -> int:
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    sources: list[socket.socket | int] = [lifeline, woken]
    while True:
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if ended[0] == program:
                    return os.waitstatus_to_exitcode(ended[1])
        ready, _, _ = select.select(sources, [], [], 1.0)
        if lifeline in ready:
            raise _Stop
        if ready:
            os.read(woken, 512)


def _kill_all() -> None:
    """Kill all descendants, again and again until there are none: some may start others meanwhile."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    give_up = time.monotonic() + _LONGEST_S
    while time.monotonic() < give_up:
        for pid in _descendants():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.005)


def _descendants() -> list[int]:
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # The name in parentheses may hold anything; after it come the state and the parent.
            parent = stat.read_text(errors="replace").rpartition(")")[2].split()[1]
            children.setdefault(int(parent), []).append(int(stat.parent.name))
    found, waiting = list[int](), [os.getpid()]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


if __name__ == "__main__":
    ended_with = main()
    if ended_with < 0:
        with contextlib.suppress(OSError, ValueError):
            signal.signal(-ended_with, signal.SIG_DFL)
        os.kill(os.getpid(), -ended_with)
    os._exit(ended_with)
