"""Landing while the user goes on: edits, commits, switches and deletes during the run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from stomper.errors import RepositoryError
from stomper.models import Status
from tests.conftest import MakeRepo, git, write
from tests.runs import (
    by_path,
    commit,
    land_with,
    only,
    repair,
)

UNUSED = "import os\nx = 1\n"
CURED = "x = 1\n"


def test_file_edited_during_the_run(make_repo: MakeRepo) -> None:
    """A file the user begins to edit during the run is not landed, the edit stays and the patch is kept."""
    root = make_repo({"a.py": UNUSED, "b.py": UNUSED})
    landing = repair(root, before_landing=lambda: write(root, {"b.py": "mine = 1\n"}))
    outcome = by_path(landing)["b.py"]
    assert outcome.status is Status.FAILED
    assert "edited during the run" in outcome.reason
    assert Path(outcome.patch_file).is_file()
    assert (root / "b.py").read_text() == "mine = 1\n"
    assert [entry.path for entry in landing.landed] == ["a.py"]


def test_tip_moved_during_the_run(make_repo: MakeRepo) -> None:
    """A commit the user makes meanwhile stays, and the fixes are rebuilt on top of it."""
    root = make_repo({"a.py": UNUSED, "b.py": UNUSED})
    tips: list[str] = []
    landing = repair(root, before_landing=lambda: tips.append(commit(root, "user.py", "y = 1\n")))
    assert len(landing.landed) == 2
    assert git(root, "rev-parse", "HEAD~2") == tips[0]
    assert (root / "user.py").read_text() == "y = 1\n"
    assert git(root, "status", "--short") == ""


def test_same_file_committed_meanwhile(make_repo: MakeRepo) -> None:
    """A file the user commits to meanwhile is a conflict: not landed, its patch kept; the others land."""
    root = make_repo({"a.py": UNUSED, "b.py": UNUSED})
    theirs = "import os\nx = 2\n"
    landing = repair(root, before_landing=lambda: commit(root, "b.py", theirs))
    outcome = by_path(landing)["b.py"]
    assert outcome.status is Status.FAILED
    assert outcome.reason.startswith("conflict:")
    assert "-import os" in Path(outcome.patch_file).read_text()
    assert [entry.path for entry in landing.landed] == ["a.py"]
    assert (root / "b.py").read_text() == theirs


def test_file_deleted_meanwhile(make_repo: MakeRepo) -> None:
    """A file the user deletes in a commit meanwhile is a conflict and does not come back."""
    root = make_repo({"a.py": UNUSED, "b.py": UNUSED})

    def delete() -> None:
        git(root, "rm", "--quiet", "b.py")
        git(root, "commit", "--quiet", "-m", "delete")

    landing = repair(root, before_landing=delete)
    assert by_path(landing)["b.py"].reason.startswith("conflict:")
    assert not (root / "b.py").exists()
    assert git(root, "ls-tree", "--name-only", "HEAD") == "a.py"


def test_tip_moves_after_the_proof(make_repo: MakeRepo) -> None:
    """A commit between the proof and the move of the branch is not lost: the fixes are built and proven again."""
    root = make_repo({"a.py": UNUSED})
    tips: list[str] = []

    @contextlib.contextmanager
    def limit() -> Iterator[None]:
        if not tips:
            tips.append(commit(root, "user.py", "y = 1\n"))
        yield

    landing = land_with(root, limit)
    assert only(landing).status is Status.FIXED
    assert git(root, "rev-parse", "HEAD^") == tips[0]


def test_tip_never_stands_still(make_repo: MakeRepo) -> None:
    """When the branch moves again and again the run gives up with the reason and the patch kept, and loses nothing."""
    root = make_repo({"a.py": UNUSED})
    tips: list[str] = []

    @contextlib.contextmanager
    def limit() -> Iterator[None]:
        tips.append(commit(root, "user.py", f"y = {len(tips)}\n"))
        yield

    outcome = only(land_with(root, limit))
    assert outcome.status is Status.FAILED
    assert "the branch moved" in outcome.reason
    assert Path(outcome.patch_file).is_file()
    assert git(root, "rev-parse", "HEAD") == tips[-1]


def test_user_switched_to_another_branch(make_repo: MakeRepo) -> None:
    """When the user is on another branch by now, the branch of the run moves and the checkout stays."""
    root = make_repo({"a.py": UNUSED})
    landing = repair(root, before_landing=lambda: git(root, "switch", "--quiet", "-c", "elsewhere"))
    assert git(root, "rev-parse", "main") == only(landing).commit
    assert git(root, "rev-parse", "elsewhere") == git(root, "rev-parse", "main^")
    assert git(root, "status", "--short", "--branch") == "## elsewhere"
    assert (root / "a.py").read_text() == UNUSED


def test_branch_deleted_meanwhile(make_repo: MakeRepo) -> None:
    """A branch that was deleted during the run does not come back: the error names it."""
    root = make_repo({"a.py": UNUSED})

    def delete() -> None:
        git(root, "switch", "--quiet", "-c", "elsewhere")
        git(root, "branch", "--quiet", "-D", "main")

    with pytest.raises(RepositoryError, match="main was deleted"):
        repair(root, before_landing=delete)
    assert git(root, "branch", "--format=%(refname:short)") == "elsewhere"
