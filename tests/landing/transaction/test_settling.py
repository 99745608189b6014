"""A landing whose process was killed, with whoever watched over it or without."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from stomper import progress
from stomper.errors import RepositoryError
from stomper.git.repository import open_target
from stomper.landing.recovery import heal
from stomper.landing.transaction.journal import found
from stomper.landing.transaction.settling import settle
from stomper.landing.transaction.staging import Move
from stomper.landing.transaction.transaction import NotPutBack, carry_out
from tests.landing.transaction.world import make_template
from tests.support.repositories import git

MINE = b"mine = 1\n"


@pytest.fixture
def wanted(tmp_path: Path) -> Move:
    """A landing in a repository of its own."""
    return make_template(tmp_path / "repo")


def killed(move: Move, step: str, act: Callable[[], object] = lambda: None, *, alone: bool = False) -> None:
    """Land, do *act* at *step* and be killed, with all children when *alone*; wait until all is settled, else."""
    pid = os.fork()
    if pid == 0:

        def listen(event: progress.Event) -> None:
            if isinstance(event, progress.LandingStep) and event.step == step:
                act()
                if alone:
                    _kill_children()
                os.kill(os.getpid(), signal.SIGKILL)

        with contextlib.suppress(BaseException), progress.listening(listen):
            carry_out(move, move.root.parent / "landing.lock")
        os._exit(0)
    os.waitpid(pid, 0)
    if not alone:
        wait_for_end(move)


def wait_for_end(move: Move) -> None:
    """Wait until all is settled."""
    give_up = time.monotonic() + 30
    while (move.own_dir / "stomper-landing").exists() and time.monotonic() < give_up:
        time.sleep(0.02)


def _kill_children() -> None:
    listing = subprocess.run(("ps", "-o", "pid=", "--ppid", str(os.getpid())), capture_output=True, check=False).stdout
    for word in listing.split():
        with contextlib.suppress(OSError):
            os.kill(int(word), signal.SIGKILL)


@pytest.mark.parametrize("step", ["index", "moved"])
def test_a_write_through_a_file_that_was_open(wanted: Move, step: str) -> None:
    """It is kept, whether the landing is taken back or finished."""
    with (wanted.root / "pkg/a.py").open("ab", buffering=0) as open_before:
        killed(wanted, step, lambda: open_before.write(MINE))
    assert (wanted.root / "pkg/a.py").read_bytes().endswith(MINE)
    assert git(wanted.root, "status", "--porcelain") == "M pkg/a.py"
    assert git(wanted.root, "rev-parse", "main") == (wanted.new if step == "moved" else wanted.old)


def test_somebody_elses_lock_stays(wanted: Move) -> None:
    """A git that packs references at that moment has a lock that a landing does not need."""
    lock = wanted.git_dir / "packed-refs.lock"
    lock.touch()
    killed(wanted, "files")
    assert lock.exists()
    assert list(wanted.git_dir.rglob("*.lock")) == [lock]


@pytest.mark.parametrize("step", ["index", "moved"])
def test_a_lock_with_the_inode_of_ours_stays(wanted: Move, step: str) -> None:
    """A file system gives the inode of a lock that is gone to the next file, the lock of another git for example."""
    killed(wanted, step, alone=True)
    (journal,) = found(wanted.own_dir)
    lock = wanted.own_dir / "HEAD.lock"
    lock.touch()
    os.utime(lock, ns=(1, 1))
    settle(journal)
    assert lock.exists()


def test_an_interrupt_while_it_is_taken_back(wanted: Move, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who watches over the landing takes the rest back."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    def listen(event: progress.Event) -> None:
        if isinstance(event, progress.LandingStep) and event.step == "files":
            monkeypatch.setattr("stomper.landing.transaction.journal._put_back", stop)
            stop()

    with pytest.raises(KeyboardInterrupt), progress.listening(listen):
        carry_out(wanted, wanted.root.parent / "landing.lock")
    wait_for_end(wanted)
    assert git(wanted.root, "status", "--porcelain") == ""
    assert git(wanted.root, "rev-parse", "HEAD") == wanted.old


def _cannot_write(*_: object) -> None:
    raise OSError(errno.EROFS, os.strerror(errno.EROFS))


def test_what_cannot_be_put_back_is_told_and_tried_again(wanted: Move, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the files and where they are; who watches over the landing puts them back as soon as it can."""

    def listen(event: progress.Event) -> None:
        if isinstance(event, progress.LandingStep) and event.step == "files":
            monkeypatch.setattr("stomper.landing.transaction.journal._put_back", _cannot_write)
            raise RepositoryError("the disk is ill")

    with (
        pytest.raises(NotPutBack, match=r"pkg/a\.py.* could not be put back .*stomper-landing"),
        progress.listening(listen),
    ):
        carry_out(wanted, wanted.root.parent / "landing.lock")
    wait_for_end(wanted)
    assert git(wanted.root, "status", "--porcelain") == ""
    assert git(wanted.root, "rev-parse", "HEAD") == wanted.old


def test_what_a_later_run_cannot_put_back_stays_at_hand(wanted: Move, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so each time, until it can."""
    killed(wanted, "files", alone=True)
    target = open_target(wanted.root)
    with monkeypatch.context() as patched:
        patched.setattr("stomper.landing.transaction.journal._put_back", _cannot_write)
        (said,) = heal(target)
        assert re.search(r"could not be taken back whole: .*pkg/a\.py.*stomper-landing", said)
    assert [words.rpartition(" was ")[2] for words in heal(target)] == ["taken back"]
    assert git(wanted.root, "status", "--porcelain") == ""


GONE_ON: dict[str, tuple[str, ...]] = {
    "commit": ("commit", "-qam", "mine"),
    "amend": ("commit", "-q", "--amend", "-m", "mine"),
    "another name": ("branch", "-m", "main", "trunk"),
    "status": ("status",),
    "switch": ("switch", "-q", "feature"),
}


@pytest.mark.parametrize("step", ["index", "moved"])
@pytest.mark.parametrize("act", GONE_ON)
def test_a_user_who_went_on_before_it_was_settled(wanted: Move, step: str, act: str) -> None:
    """The locks were removed by hand, as git tells one to; files and index agree with HEAD in the end, whichever that is."""
    killed(wanted, step, alone=True)
    for lock in wanted.git_dir.rglob("*.lock"):
        lock.unlink()
    subprocess.run(("git", *GONE_ON[act]), cwd=wanted.root, check=False, capture_output=True)
    git(wanted.root, "status")
    head = git(wanted.root, "rev-parse", "HEAD")
    for journal in found(wanted.own_dir):
        settle(journal)
    assert git(wanted.root, "status", "--porcelain") == ""
    assert git(wanted.root, "rev-parse", "HEAD") == head
    assert not (wanted.own_dir / "stomper-landing").exists()
