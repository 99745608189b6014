"""The worktrees of a run on real repositories: how many are made, by whom, and none after the end."""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from stomper.config.parameters import FixParameters
from stomper.errors import Cancelled, RepositoryError
from stomper.fixing.session import Session
from stomper.run import prefetch
from stomper.run.open import open_session
from stomper.state import paths
from stomper.system import processes
from tests.support.repositories import MakeRepo, git, write
from tests.support.runs import commit, started

UNUSED = "import os\n"


def parameters(root: Path, **more: object) -> FixParameters:
    """A run over *root* of at most three files at once, by an agent that reads a prompt."""
    agents = {"ruff": {"enabled": False}, "mine": {"kind": "command", "command": ["true"]}}
    own: dict[str, object] = {"test_validation": "none", "max_parallel_files": 3, "sandbox": "none", "agents": agents}
    return FixParameters(repository=str(root), settings=own | more)


@contextlib.contextmanager
def opened(root: Path, **more: object) -> Iterator[Session]:
    """An open session, closed at the end."""
    session = open_session(parameters(root, **more))
    try:
        yield session
    finally:
        session.close()


def made(session: Session) -> int:
    """How many worktrees there are."""
    return git(session.clone.path, "worktree", "list").count("\n")


@pytest.fixture
def root(make_repo: MakeRepo) -> Path:
    """Five files to repair."""
    return make_repo({f"m{number}.py": UNUSED for number in range(5)})


def test_as_many_as_work_at_once(root: Path) -> None:
    """They are clean worktrees of the base, which the files then get, and one that is reset meanwhile. The one that
    collecting took is not among them: fixes are proven in it."""
    with opened(root) as session:
        session.collect()
        assert made(session) == 1
        session.prepare()
        assert made(session) == 5
        with contextlib.ExitStack() as stack:
            trees = [stack.enter_context(session.agent_pool.lease(session.base)) for _ in range(3)]
            assert len({tree.path for tree in trees}) == 3
            assert made(session) == 5
            for tree in trees:
                assert tree.git("status", "--porcelain") == b""
                assert (tree.path / "m4.py").read_text() == UNUSED


def test_no_more_than_files(make_repo: MakeRepo) -> None:
    """One file needs one worktree, however many could be worked on at once."""
    with opened(make_repo({"a.py": UNUSED, "b.py": "x = 1\n"})) as session:
        session.prepare()
        assert made(session) == 2


def test_none_for_ruff_alone(root: Path) -> None:
    """It repairs all of them in one."""
    with opened(root, agents={}) as session:
        session.prepare()
        assert made(session) <= 1


def test_those_that_were_asked_for_meanwhile_count(root: Path) -> None:
    """Nothing is made beyond what can be in use."""
    with opened(root) as session, contextlib.ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(session.agent_pool.lease(session.base))
        session.collect()
        session.prepare()
        assert made(session) == 5


def test_one_that_is_dirty_is_made_anew(root: Path) -> None:
    """What a user of a worktree left in it is gone for the next."""
    with opened(root) as session:
        with session.pool.lease(session.base) as tree:
            write(tree.path, {"m0.py": "broken", "new.py": "new"})
        with session.pool.lease(session.base) as again:
            assert again.path == tree.path
            assert again.git("status", "--porcelain", "--ignored") == b""


def test_one_of_many_is_reset_when_nobody_waits_for_it(root: Path) -> None:
    """The next gets it without a process of git, and what was left in the one before is gone."""
    with opened(root) as session:
        session.prepare()
        session.agent_pool.exposed = False
        with session.agent_pool.lease(session.base, one_of_many=True) as tree:
            write(tree.path, {"m0.py": "broken", "new.py": "new"})
        used = tree.path
        session.agent_pool._tidier.submit(bool).result()  # one at a time: by now it is reset
        with contextlib.ExitStack() as stack:
            with started() as lines:
                trees = [
                    stack.enter_context(session.agent_pool.lease(session.base, one_of_many=True)) for _ in range(4)
                ]
            assert lines == []
            assert used in [tree.path for tree in trees]
            for tree in trees:
                assert tree.git("status", "--porcelain", "--ignored") == b""


def test_one_that_is_ready_is_reset_once_more_where_others_can_reach_it(root: Path) -> None:
    """An agent without a sandbox may have been there meanwhile."""
    with opened(root) as session:
        session.prepare()
        with session.agent_pool.lease(session.base, one_of_many=True) as tree:
            for other in tree.path.parents[1].glob("*/repo"):
                write(other, {"m0.py": "planted", "new.py": "new"})
        for _ in range(4):
            with session.agent_pool.lease(session.base, one_of_many=True) as again:
                assert again.git("status", "--porcelain", "--ignored") == b""
                assert (again.path / "m0.py").read_text() == UNUSED


def test_one_that_is_ready_is_not_lent_for_another_commit_as_it_is(root: Path) -> None:
    """A second round works on what has landed, and whoever proves gets a worktree reset for it alone."""
    first = git(root, "rev-parse", "HEAD")
    second = commit(root, "m0.py", "x = 1\n")
    with opened(root) as session:
        session.prepare()
        with session.agent_pool.lease(first, one_of_many=True) as tree:
            assert (tree.path / "m0.py").read_text() == UNUSED
        with session.agent_pool.lease(second) as tree:
            write(tree.path, {"m1.py": "broken"})
        with session.agent_pool.lease(second) as tree:
            assert tree.git("status", "--porcelain") == b""
            assert (tree.path / "m0.py").read_text() == "x = 1\n"


@pytest.mark.parametrize("one_of_many", [True, False])
def test_one_that_somebody_broke_is_replaced(root: Path, one_of_many: bool) -> None:
    """Who comes next does not pay for it, and there are as many as before."""
    with opened(root) as session:
        for _ in range(6):
            with session.pool.lease(session.base, one_of_many=one_of_many) as tree:
                assert tree.git("status", "--porcelain") == b""
                shutil.rmtree(tree.path)
        with contextlib.ExitStack() as stack:
            for _ in range(4):
                stack.enter_context(session.pool.lease(session.base))


def test_the_end_waits_for_one_under_way(root: Path) -> None:
    """A run that is over before all of them are made leaves none behind, and makes no more."""
    session = open_session(parameters(root))
    session.collect()
    preparing = threading.Thread(target=session.prepare)
    preparing.start()
    session.close()
    preparing.join(30)
    assert not preparing.is_alive()
    assert not list((paths.home() / "runs").iterdir())


def test_a_run_that_is_stopped_makes_none(root: Path) -> None:
    """Whoever prepares is told."""
    with opened(root) as session:
        session.collect()
        processes.stop_all()
        try:
            with pytest.raises(Cancelled):
                session.prepare()
        finally:
            processes.resume_all()
        assert made(session) == 1


def test_they_are_made_while_prefect_starts(root: Path) -> None:
    """The head start of a command makes them, after it has collected."""
    with prefetch.begun(parameters(root)):
        session = prefetch.taken(parameters(root))
        assert session is not None
    try:
        session.collect()
        give_up = time.monotonic() + 60
        while made(session) < 5 and time.monotonic() < give_up:
            time.sleep(0.05)
        assert made(session) == 5
    finally:
        session.close()


ABOVE = {
    "its folder": 1,
    "the agents' folder": 2,
    "that of all worktrees": 3,
    "the run's folder": 4,
    "that of all runs": 5,
}


@pytest.mark.parametrize("above", ABOVE)
def test_a_link_above_a_worktree_leads_nobody_to_what_is_the_users(root: Path, tmp_path: Path, above: str) -> None:
    """Whoever made it: nothing is removed where it leads, neither as the worktree is reset nor at the end."""
    precious = tmp_path / "precious"
    for name in (".git/HEAD", "work/a.py", "0/a.py", "agents/a.py", "worktrees/a.py", "file"):
        write(precious, {name: "mine\n"})
    before = sorted(place.relative_to(precious) for place in precious.rglob("*") if place.is_file())
    with opened(root) as session:
        with session.agent_pool.lease(session.base) as tree:
            tree.had_by.append("mine")
            place = tree.path.parents[ABOVE[above] - 1]
            place.rename(place.with_name(f"{place.name}.aside"))
            place.symlink_to(precious)
        with contextlib.suppress(RepositoryError, OSError), session.agent_pool.lease(session.base) as tree:
            assert tree.path.resolve().is_relative_to(paths.home().resolve())
    assert sorted(place.relative_to(precious) for place in precious.rglob("*") if place.is_file()) == before
