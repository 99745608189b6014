"""Calls of agents that run side by side share looks at the repository, and none is without one after its end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from stomper.agents.tamper_watch import Watch
from stomper.errors import RepositoryError
from stomper.fixing.session import Session
from stomper.state import locks, paths
from tests.support.repositories import MakeRepo, git, open_run, write
from tests.support.runs import started

MANY = 8


@pytest.fixture
def session(make_repo: MakeRepo) -> Iterator[Session]:
    """A run over a repository with work of the user's."""
    root = make_repo({"a.py": "x = 1\n", "b.py": "x = 1\n"})
    write(root, {"b.py": "x = 2\n"})
    opened = open_run(root, test_validation="none")
    yield opened
    opened.close()


@contextmanager
def landing(session: Session) -> Iterator[None]:
    """Somebody lands meanwhile, so that whoever looks waits."""
    with locks.Lock(paths.landing_lock(str(session.target.git_dir))) as lock:
        assert lock.acquire()
        yield


def end_together(session: Session) -> None:
    """Begin many calls, and end all of them while nobody can look; then somebody does."""
    watch, gate = session.watch, threading.Event()
    begun = threading.Semaphore(0)

    def call(number: int) -> None:
        with watch.during("agent", f"{number}.py"):
            begun.release()
            gate.wait(60)

    with ThreadPoolExecutor(MANY) as threads, ExitStack() as stack:
        done = [threads.submit(call, number) for number in range(MANY)]
        for _ in range(MANY):
            begun.acquire()
        stack.enter_context(landing(session))
        gate.set()
        while sum(one.ended for one in watch._calls) < MANY:
            time.sleep(0.01)
        stack.close()
        for one in done:
            one.result()
    watch.found()


def looks(lines: list[tuple[str, ...]]) -> int:
    """How often git was asked for the state of the repository."""
    return sum("status" in line for line in lines)


def test_one_look_serves_all_that_ended_before_it(session: Session) -> None:
    """Many calls take one look before and at most two after them: one had begun when the others ended."""
    with started() as lines:
        end_together(session)
    assert 2 <= looks(lines) <= 3
    assert session.watch.found() == ()
    assert session.watch._calls == []


def test_all_that_ran_are_named_once(session: Session) -> None:
    """What one of many did is told once, and each that could have done it is among those named."""
    root = session.target.root
    with session.watch.during("agent", "late.py"):
        write(root, {"ruff.toml": "x = 3\n"})
        end_together(session)
        git(root, "update-ref", "refs/replace/" + "1" * 40, "HEAD")
    first, second = session.watch.found()
    assert (first.what, second.what) == ("file ruff.toml", "ref refs/replace/" + "1" * 40)
    assert set(first.agents) == {f"agent on {number}.py" for number in range(MANY)} | {"agent on late.py"}
    assert second.agents == ("agent on late.py",)


def test_between_two_calls_the_user_is_free(session: Session) -> None:
    """After many calls as after one: what comes when all are over is nobody's violation, and what comes then is."""
    root = session.target.root
    end_together(session)
    write(root, {"ruff.toml": "x = 3\n"})
    end_together(session)
    assert session.watch.found() == ()
    with session.watch.during("agent", "z.py"):
        write(root, {"ruff.toml": "x = 44\n"})
    assert [violation.what for violation in session.watch.found()] == ["file ruff.toml"]


def test_calls_that_come_and_go_are_each_looked_after(session: Session) -> None:
    """Threads that call one after the other, one of them an agent that edits the checkout in its last call."""
    watch: Watch = session.watch
    root = session.target.root

    def calls(lane: int) -> None:
        for number in range(4):
            with watch.during("agent", f"{lane}-{number}.py"):
                time.sleep(0.01)
                if (lane, number) == (0, 3):
                    (root.parent / "made").write_text("x = 3\n")
                    (root.parent / "made").rename(root / "ruff.toml")  # at once: else a look may see half of it
            assert lane != 0 or number != 3 or watch.found()  # by then it has been seen

    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(calls, lane) for lane in range(4)]:
            done.result()
    (seen,) = watch.found()
    assert seen.what == "file ruff.toml"
    assert "agent on 0-3.py" in seen.agents
    assert watch._calls == []


def test_a_repository_that_git_cannot_read_any_more_is_a_violation(session: Session) -> None:
    """It is no reason to take it for unchanged; a call that finds it so is not made."""
    index: Path = session.target.own_dir / "index"
    kept = index.read_bytes()
    with session.watch.during("agent", "z.py"):
        index.write_bytes(b"DIRC and no more")
    assert [violation.words for violation in session.watch.found()] == ["git cannot read it any more"]
    with pytest.raises(RepositoryError), session.watch.during("agent", "z.py"):
        pytest.fail("it was called")
    index.write_bytes(kept)
    with session.watch.during("agent", "z.py"):
        pass
    assert len(session.watch.found()) == 1


def test_no_call_waits_for_the_look_after_it(session: Session) -> None:
    """Whoever asks what was found does, and is told of all that has ended."""
    root = session.target.root
    with ExitStack() as stack:
        with session.watch.during("agent", "z.py"):
            write(root, {"ruff.toml": "x = 3\n"})
            stack.enter_context(landing(session))
        assert session.watch._calls != []  # nobody could look by now
    assert [violation.what for violation in session.watch.found()] == ["file ruff.toml"]
    assert session.watch._calls == []
