"""Starting programs, and leaving none behind."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from stomper.errors import Cancelled
from stomper.system import processes

# Writes the pid of a grandchild that leaves the process group, or stays in it, then waits.
SPAWN = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session={session})
open("child.pid", "w").write(str(child.pid))
print("started", flush=True)
time.sleep({wait})
"""


@pytest.fixture(autouse=True)
def resumed() -> Iterator[None]:
    """No test leaves the module stopped."""
    yield
    processes.resume_all()


def python(
    code: str, cwd: Path, *, timeout_s: float = 60, stdin: bytes = b"", contain: bool = False
) -> processes.Finished:
    """Run *code* in a Python of its own."""
    return processes.run((sys.executable, "-c", code), cwd=cwd, timeout_s=timeout_s, stdin=stdin, contain=contain)


def alive(pid: int) -> bool:
    """Whether *pid* still runs; one that nobody has reaped yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in ("Z", "X")
    except (FileNotFoundError, ProcessLookupError):
        return False


def gone(pid: int) -> bool:
    """Whether *pid* ends, given some time: SIGKILL is delivered at once and takes effect a little later."""
    for _ in range(500):
        if not alive(pid):
            return True
        time.sleep(0.02)
    return False


def test_output_and_exit_code_are_captured(tmp_path: Path) -> None:
    """Both streams and the exit code are returned, and the working folder is the one asked for."""
    done = python("import os, sys; print(os.getcwd()); print('bad', file=sys.stderr); sys.exit(3)", tmp_path)
    assert (done.returncode, done.text.strip(), done.stderr) == (3, str(tmp_path.resolve()), b"bad\n")
    assert (done.timed_out, done.overflowed) == (False, False)
    assert done.complaint == "bad"


def test_complaint_falls_back_to_stdout(tmp_path: Path) -> None:
    """What it complains of is stdout where stderr is empty."""
    assert python("print('on stdout')", tmp_path).complaint == "on stdout"


def test_a_signal_is_a_negative_exit_code(tmp_path: Path) -> None:
    """A program that dies by a signal is told from one that exits."""
    assert python("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", tmp_path).returncode == -15


def test_stdin_is_empty_unless_given(tmp_path: Path) -> None:
    """A program that reads gets the bytes given, and an end of file at once when there are none."""
    code = "import sys; print(repr(sys.stdin.buffer.read()))"
    assert python(code, tmp_path).text.strip() == "b''"
    assert python(code, tmp_path, stdin=b"a\0b\n").text.strip() == r"b'a\x00b\n'"


def test_the_environment_is_the_one_given(tmp_path: Path) -> None:
    """With *env* the program sees that and our mark, and nothing of the caller's."""
    code = "import os; print(sorted(k for k in os.environ if k != 'LC_CTYPE'))"
    done = processes.run((sys.executable, "-c", code), cwd=tmp_path, timeout_s=60, env={"ONLY": "1"})
    assert done.text.strip() == str(["ONLY", processes.COOKIE])


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    """A program that is not there raises ProgramMissing with its name."""
    with pytest.raises(processes.ProgramMissing, match="no-such-program"):
        processes.run(("no-such-program",), cwd=tmp_path, timeout_s=60)


@pytest.mark.parametrize(("mode", "content"), [(0o644, b"#!/bin/sh\n"), (0o755, b"\x00not a program\n")])
def test_a_file_that_cannot_be_executed_is_named(tmp_path: Path, mode: int, content: bytes) -> None:
    """A file without the permission, or with a format that the system cannot start, raises ProgramMissing."""
    program = tmp_path / "program"
    program.write_bytes(content)
    program.chmod(mode)
    with pytest.raises(processes.ProgramMissing, match="program"):
        processes.run((str(program),), cwd=tmp_path, timeout_s=60)


@pytest.mark.parametrize("session", [False, True])
def test_a_timeout_kills_everything_that_was_started(tmp_path: Path, session: bool) -> None:
    """At a timeout the children die too, also one that made a session of its own; the output so far is kept."""
    done = python(SPAWN.format(session=session, wait=600), tmp_path, timeout_s=3)
    assert done.timed_out
    assert done.returncode == -9
    assert done.text == "started\n"
    assert gone(int((tmp_path / "child.pid").read_text()))


def test_a_child_that_stayed_in_the_group_dies_with_its_parent(tmp_path: Path) -> None:
    """A background child does not outlive a program that ends well, and does not hold up the answer."""
    done = python(SPAWN.format(session=False, wait=0), tmp_path)
    assert (done.returncode, done.timed_out) == (0, False)
    assert gone(int((tmp_path / "child.pid").read_text()))


def test_contain_hunts_children_that_left_the_group(tmp_path: Path) -> None:
    """With *contain* a child with a session of its own dies also when the program ended well."""
    done = python(SPAWN.format(session=True, wait=0), tmp_path, contain=True)
    assert done.returncode == 0
    assert gone(int((tmp_path / "child.pid").read_text()))


# What hides best: a session of its own, an empty environment, and a parent that is gone.
HIDE = """
import os, subprocess, sys, time
child = subprocess.Popen(["env", "-i", "setsid", "sh", "-c", "sleep 600 & echo $! > child.pid; wait"])
while not (os.path.exists("child.pid") and open("child.pid").read()): time.sleep(0.01)
child.kill()
time.sleep({wait})
"""


@pytest.mark.parametrize(("wait", "code"), [(0, 0), (600, -9)])
def test_contain_finds_what_hides(tmp_path: Path, wait: int, code: int) -> None:
    """With *contain* an orphan without our mark ends too, when the program does and at its timeout."""
    done = python(HIDE.format(wait=wait), tmp_path, timeout_s=3, contain=True)
    assert done.returncode == code
    assert gone(int((tmp_path / "child.pid").read_text()))


def test_what_is_contained_ends_when_we_are_killed(tmp_path: Path) -> None:
    """After SIGKILL of the process that called run(), the program and all that came of it end at once."""
    call = f"processes.run((sys.executable, '-c', {HIDE.format(wait=600)!r}), cwd=Path(), timeout_s=600, contain=True)"
    code = f"import sys; from pathlib import Path; from stomper.system import processes; {call}"
    caller = subprocess.Popen((sys.executable, "-c", code), cwd=tmp_path)
    marker = tmp_path / "child.pid"
    while not (marker.exists() and marker.read_text()):
        time.sleep(0.02)
    caller.kill()
    caller.wait()
    assert gone(int(marker.read_text()))


def test_a_contained_program_keeps_its_ends(tmp_path: Path) -> None:
    """With *contain* exit codes, signals, output and missing programs are told as without."""
    assert python("import sys; sys.exit(3)", tmp_path, contain=True).returncode == 3
    assert python("import os; os.kill(os.getpid(), 15)", tmp_path, contain=True).returncode == -15
    assert python("print(input())", tmp_path, stdin=b"hello", contain=True).text == "hello\n"
    with pytest.raises(processes.ProgramMissing, match="no-such-program': No such file"):
        processes.run(("no-such-program",), cwd=tmp_path, timeout_s=60, contain=True)


@pytest.mark.parametrize("wait", [0, 600])
def test_too_much_output_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wait: int) -> None:
    """Output beyond the limit is cut and told as such, whether the program goes on or has ended."""
    monkeypatch.setattr(processes, "CAPTURE_LIMIT", 1000)
    done = python(f"import time; print('x' * 5000, flush=True); time.sleep({wait})", tmp_path)
    assert len(done.stdout) == 1000
    assert done.overflowed


@pytest.mark.parametrize("contain", [False, True])
def test_stop_all_kills_what_runs_and_refuses_more_until_resumed(tmp_path: Path, contain: bool) -> None:
    """After stop_all a running program dies and raises Cancelled, as does a new one; resume_all ends that."""
    raised: list[BaseException] = []

    def wait() -> None:
        try:
            python(SPAWN.format(session=True, wait=600), tmp_path, timeout_s=300, contain=contain)
        except Cancelled as error:
            raised.append(error)

    worker = threading.Thread(target=wait)
    worker.start()
    try:
        marker = tmp_path / "child.pid"
        while worker.is_alive() and not (marker.exists() and marker.read_text()):
            time.sleep(0.02)
        processes.stop_all()
        worker.join(60)
        assert len(raised) == 1
        assert gone(int(marker.read_text()))
        with pytest.raises(Cancelled):
            python("pass", tmp_path)
    finally:
        processes.resume_all()
    assert python("print('again')", tmp_path).text == "again\n"


def test_what_must_not_stop_half_way_runs_to_its_end(tmp_path: Path) -> None:
    """After stop_all() nothing is started any more, but for what is being finished; that is not killed either."""
    try:
        processes.stop_all()
        with pytest.raises(Cancelled):
            processes.run(("true",), cwd=tmp_path, timeout_s=10)
        with processes.finishing():
            assert processes.run(("sh", "-c", "sleep 0.2; echo done"), cwd=tmp_path, timeout_s=10).text == "done\n"
            stopper = threading.Timer(0.1, processes.stop_all)
            stopper.start()
            assert processes.run(("sh", "-c", "sleep 0.5; echo done"), cwd=tmp_path, timeout_s=10).text == "done\n"
            stopper.join()
        with pytest.raises(Cancelled):
            processes.run(("true",), cwd=tmp_path, timeout_s=10)
    finally:
        processes.resume_all()


def test_stopped_ends_with_its_block_unless_somebody_else_stops_too() -> None:
    """What is killed for the block's sake alone may go on after it; a signal in the middle of the block is not forgotten."""
    with processes.stopped():
        assert processes.stopping()
    assert not processes.stopping()
    with processes.stopped():
        processes.stop_all()
    assert processes.stopping()
    with processes.stopped():
        pass
    assert processes.stopping(), "nor one before it"
