"""What a run leaves behind when it ends, and when it is killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from stomper.config.parameters import FixParameters
from stomper.fixing.session import Session
from stomper.git import worktrees
from stomper.run.open import open_session
from stomper.state import locks, paths
from tests.support.repositories import MakeRepo


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that stands for the memory, with ample room."""
    folder = tmp_path / "memory"
    folder.mkdir()
    monkeypatch.setattr(paths, "_MEMORY", folder)
    monkeypatch.setattr(worktrees, "_SPARE_BYTES", 0)
    return folder


def check(root: Path, *checkers: str) -> Session:
    """A session that only checks, which has checked."""
    session = open_session(FixParameters(repository=str(root), settings={"checkers": checkers}), only_check=True)
    session.collect()
    return session


def test_a_check_works_in_memory_and_leaves_nothing(make_repo: MakeRepo, memory: Path, fenced: Path) -> None:
    """Its worktree is in memory while it checks; afterwards neither that nor the run's folder is there."""
    session = check(make_repo({"a.py": "import os\n"}), "ruff")
    assert [p.name for p in memory.rglob("a.py")] == ["a.py"]
    session.close()
    assert list(memory.iterdir()) == []
    assert list((fenced / "runs").iterdir()) == []


def test_a_killed_check_is_swept_with_its_worktree_in_memory(make_repo: MakeRepo, memory: Path, fenced: Path) -> None:
    """The next start removes what a dead run left, wherever it lies, and nothing of a living one."""
    root = make_repo({"a.py": "import os\n"})
    dead, living = check(root, "ruff"), check(root, "ruff")
    dead.alive.release()  # as the kernel does it
    assert locks.sweep_runs(fenced / "runs") == [dead.run_id]
    assert [p.name for p in memory.iterdir()] == [p.name for p in memory.iterdir() if living.run_id in p.name]
    living.close()
    assert list(memory.iterdir()) == []


def test_programs_that_write_do_not_work_in_memory(make_repo: MakeRepo, memory: Path) -> None:
    """Tests may write as much as they like: they do it on the disk."""
    session = check(make_repo({"a.py": "", "test_a.py": "def test_a():\n    pass\n"}), "pytest")
    assert list(memory.iterdir()) == []
    session.close()


def test_without_room_in_memory_the_disk_is_used(
    make_repo: MakeRepo, memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is only used where there is ample room."""
    monkeypatch.setattr(worktrees, "_SPARE_BYTES", 1 << 60)
    session = check(make_repo({"a.py": "import os\n"}), "ruff")
    assert list(memory.iterdir()) == []
    assert len(session.collected.diagnostics) == 1
    session.close()
