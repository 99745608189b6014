"""The only module that starts processes: argv, timeout, bounded capture, and no survivor of what was started."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from stomper.errors import Cancelled, StomperError
from stomper.system import process_usage

CAPTURE_LIMIT = 256 * 1024 * 1024
Background = subprocess.Popen[bytes]
"""A program that `start_background` started."""
COOKIE = "STOMPER_COOKIE"
_WAKE_S = 0.5
_KEEPER = Path(__file__).with_name("reaper.py")
_KEEPER_S = 15.0  # how long it may take to kill what it keeps

_lock = threading.Lock()
_live: dict[str, Callable[[], None]] = {}  # how to end what runs, by its cookie
_stopping = threading.Event()
_stops = 0  # how often that was asked for
_finishing = threading.local()
_mark = ""


class ProgramMissing(StomperError):
    """The program to start does not exist or cannot be executed."""


@dataclass(frozen=True)
class Finished:
    """How a process ended. `returncode` is negative for a signal, as in subprocess."""

    argv: tuple[str, ...]
    returncode: int
    stdout: bytes
    stderr: bytes
    seconds: float
    timed_out: bool = False
    overflowed: bool = False

    @property
    def text(self) -> str:
        return self.stdout.decode(errors="replace")

    @property
    def ending(self) -> str:
        """How it ended by itself, or why it was ended: for messages to people."""
        if self.overflowed:
            return f"it printed more than {CAPTURE_LIMIT // 1024**2} MiB and was ended"
        return ending(self.returncode)

    @property
    def complaint(self) -> str:
        """The end of what it printed to stderr, else to stdout: for messages to people."""
        said = (self.stderr.strip() or self.stdout.strip()).decode(errors="replace")
        return said[-2000:]


def ending(returncode: int) -> str:
    """Return how a program ended, by its return code as subprocess gives it: for messages to people."""
    if returncode < 0:
        with contextlib.suppress(ValueError):
            return f"it was ended by {signal.Signals(-returncode).name}"
    return f"it ended with exit code {returncode}"


def run(
    argv: Sequence[str],
    *,
    cwd: Path,
    timeout_s: float,
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    contain: bool = False,
) -> Finished:
    """Run *argv* to its end and return what it printed; at the end nothing that it started is left alive.

    Output goes to unnamed temporary files, so that a background child that keeps the pipe open cannot hang us.
    *contain* is for programs not to be trusted: whatever came of them, wherever it hides, ends with the call and with us.
    Raises ProgramMissing, and Cancelled once stop_all() was called.
    """
    finishing = getattr(_finishing, "on", False)
    if _stopping.is_set() and not finishing:
        raise Cancelled("the run was stopped")
    # What git has under way in a repository is left to end by itself when the run dies; all else is swept.
    cookie = f"{'' if argv[0] == 'git' or finishing else _mark}.{uuid.uuid4().hex}"
    full_env = {**(os.environ if env is None else env), COOKIE: cookie}
    began = time.monotonic()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, tempfile.TemporaryFile() as feed:
        feed.write(stdin)
        feed.seek(0)
        keeper, lifeline, words = None, None, list(argv)
        if contain and sys.platform == "linux":
            keeper, lifeline = socket.socketpair()
            words = [sys.executable, "-IS", str(_KEEPER), str(keeper.fileno()), *argv]
        try:
            process = subprocess.Popen(
                words,
                cwd=cwd,
                env=full_env,
                stdin=feed,
                stdout=out,
                stderr=err,
                start_new_session=True,
                pass_fds=[keeper.fileno()] if keeper else (),
            )
        except OSError as error:
            raise ProgramMissing(f"cannot start {argv[0]!r}: {error.strerror}") from error
        if keeper:
            keeper.close()
        if not finishing:
            with _lock:
                _live[cookie] = partial(_end, process.pid, cookie, lifeline)
        timed_out = overflowed = False
        try:
            timed_out = _wait(process.pid, began + timeout_s, (out.fileno(), err.fileno()))
        finally:
            refused = _let_go(process.pid, lifeline) if lifeline else b""
            # The leader is still unreaped here, so its group id cannot have been given to a stranger.
            _kill_group(process.pid)
            _, status, usage = os.wait4(process.pid, 0)
            returncode = process.returncode = os.waitstatus_to_exitcode(status)
            process_usage.note(argv, wall_s=time.monotonic() - began, usage=usage)
            overflowed = any(os.fstat(fd.fileno()).st_size > CAPTURE_LIMIT for fd in (out, err))
            if contain or returncode < 0 or timed_out or overflowed:
                kill_marked(cookie)
            with _lock:
                _live.pop(cookie, None)
        if refused:
            raise ProgramMissing(f"cannot start {argv[0]!r}: {refused.decode()}")
        out.seek(0)
        err.seek(0)
        finished = Finished(
            argv=tuple(argv),
            returncode=returncode,
            stdout=out.read(CAPTURE_LIMIT),
            stderr=err.read(CAPTURE_LIMIT),
            seconds=time.monotonic() - began,
            timed_out=timed_out,
            overflowed=overflowed,
        )
    if _stopping.is_set() and not finishing:
        raise Cancelled("the run was stopped")
    return finished


@contextlib.contextmanager
def finishing() -> Iterator[None]:
    """In the block, by this thread, processes run to their end even after stop_all(): what must not stop half-way."""
    before, _finishing.on = getattr(_finishing, "on", False), True
    try:
        yield
    finally:
        _finishing.on = before


def pause(seconds: float) -> None:
    """Wait, but no longer than until stop_all(). Raises Cancelled then."""
    if _stopping.wait(seconds):
        raise Cancelled("the run was stopped")


def stopping() -> bool:
    """Whether stop_all() was called: for work that is no process, and ends by itself then."""
    return _stopping.is_set()


def start_background(
    argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path, pass_on: Sequence[int] = ()
) -> Background:
    """Start a program of our own in a session of its own, so that a Ctrl-C does not reach it; it prints to *log*. *pass_on*
    are descriptors for it to hold."""
    with log.open("wb") as out:
        return subprocess.Popen(
            list(argv),
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            pass_fds=tuple(pass_on),
            start_new_session=True,
        )


@dataclass(frozen=True)
class Conversation:
    """A program that is told by its stdin what to do, answers by its stdout, and ends with its stdin."""

    program: Background

    def tell(self, words: bytes) -> None:
        """Write to it. Raises BrokenPipeError where it has ended."""
        if self.program.stdin:
            self.program.stdin.write(words)
            self.program.stdin.flush()

    def answer(self) -> bytes:
        """Return its next line; nothing when it has ended."""
        return self.program.stdout.readline() if self.program.stdout else b""

    def complaint(self) -> str:
        """Return what a program that has ended printed to stderr: for messages to people."""
        said = self.program.stderr.read() if self.program.stderr else b""
        return said.decode(errors="replace").strip()[-2000:]

    def end(self, timeout_s: float) -> None:
        """Let it end; kill it after *timeout_s*."""
        for stream in (self.program.stdin, self.program.stdout, self.program.stderr):
            with contextlib.suppress(OSError):
                if stream:
                    stream.close()
        try:
            self.program.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.program.kill()
            self.program.wait()


def converse(argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], pass_on: Sequence[int] = ()) -> Conversation:
    """Start a program to talk to; *pass_on* are descriptors for it to hold. It lies in a session of its own, and no sweep
    ends it half-way. Raises ProgramMissing."""
    try:
        program = subprocess.Popen(
            list(argv),
            cwd=cwd,
            env={k: v for k, v in env.items() if k != COOKIE},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=tuple(pass_on),
            start_new_session=True,
        )
    except OSError as error:
        raise ProgramMissing(f"cannot start {argv[0]!r}: {error.strerror}") from error
    return Conversation(program)


def mark(run_id: str) -> None:
    """Put *run_id* into the environment of every process but git's from now on, so that a later run can find them."""
    global _mark  # noqa: PLW0603 - one process works on one run at a time
    _mark = run_id


def kill_run(run_id: str) -> None:
    """Kill the processes of a dead run: what it had under way in git is left to end by itself."""
    kill_marked(f"{COOKIE}={run_id}.")


def stop_all() -> None:
    """Kill everything that is running and refuse to start more, until `resume_all`. Safe in a signal handler."""
    global _stops  # noqa: PLW0603 - of the process, as what it counts
    _stops += 1
    _stopping.set()
    for end in list(_live.values()):
        end()


def resume_all() -> None:
    """Allow processes to be started again, after stop_all()."""
    _stopping.clear()


@contextlib.contextmanager
def stopped() -> Iterator[None]:
    """In the block it is as after stop_all(), and afterwards as before; unless somebody else called that meanwhile: then it
    stays so. For the main thread, where signals arrive."""
    before, asked = stopping(), _stops + 1
    stop_all()
    try:
        yield
    finally:
        if not before:
            _stopping.clear()
            # Looked at after it was cleared: a signal at any line is either seen here or sets it again.
            if _stops != asked:
                stop_all()


def _end(pid: int, cookie: str, lifeline: socket.socket | None) -> None:
    if lifeline is None:
        _kill_group(pid)
        kill_marked(cookie)
    else:  # the keeper does it, and must live for that
        with contextlib.suppress(OSError):
            lifeline.shutdown(socket.SHUT_WR)


def _let_go(pid: int, lifeline: socket.socket) -> bytes:
    """Have the keeper end all it keeps. Returns why it could not start the program, if so."""
    with lifeline, contextlib.suppress(OSError):
        lifeline.shutdown(socket.SHUT_WR)
        _wait(pid, time.monotonic() + _KEEPER_S, ())
        return lifeline.recv(1000, socket.MSG_DONTWAIT)
    return b""


def _wait(pid: int, deadline: float, outputs: tuple[int, ...]) -> bool:
    """Wait without reaping until the end, the deadline (then True) or too much output. Prompt with pidfds."""
    try:
        descriptor = os.pidfd_open(pid)
    except (AttributeError, OSError):
        descriptor = -1
    try:
        while True:
            left = deadline - time.monotonic()
            if _exited(pid, descriptor, max(0.0, min(left, _WAKE_S))):
                return False
            if any(os.fstat(fd).st_size > CAPTURE_LIMIT for fd in outputs):
                return False
            if left <= 0:
                return True
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def _exited(pid: int, descriptor: int, wait_s: float) -> bool:
    if descriptor >= 0:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return bool(poll.poll(wait_s * 1000))
    give_up = time.monotonic() + wait_s
    while True:
        if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None:
            return True
        if time.monotonic() >= give_up:
            return False
        time.sleep(0.01)


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def kill_marked(cookie: str) -> None:
    """Kill what carries the cookie in its environment: children that left the process group included (Linux)."""
    needle = cookie.encode()
    for _ in range(3):
        found = False
        for entry in Path("/proc").glob("[0-9]*/environ"):
            pid = int(entry.parent.name)
            if pid == os.getpid():
                continue
            try:
                if needle in entry.read_bytes():
                    os.kill(pid, signal.SIGKILL)
                    found = True
            except OSError:
                continue
        if not found:
            return
