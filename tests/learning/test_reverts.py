"""Fixes that were taken back, in every way in which git users take something back, are known as such."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from stomper.landing.undo import Wanted, undo
from stomper.learning.examples import Examples
from stomper.learning.reverts import settle, taken_back
from stomper.learning.trials import Trials, repository_of
from stomper.state.paths import home
from stomper.state.store import Store
from tests.support.repositories import MakeRepo, git
from tests.support.runs import commit, repair

UNUSED = "import os\nx = 1\n"


@dataclass(frozen=True)
class Repaired:
    """A repository with two landed fixes, and what is remembered of them."""

    root: Path
    run: str
    commits: dict[str, str]

    def standing(self) -> list[str]:
        """The files whose fixes still stand, after a look at the history."""
        store = Store(home())
        settle(self.root, store)
        left = sorted(t.path for t in Trials(store).landed(repository_of(self.root)))
        kept = Examples(store).all(repository_of(self.root))
        assert sorted(e.commit for e in kept) == sorted(self.commits[path] for path in left)
        store.close()
        return left


@pytest.fixture
def repaired(make_repo: MakeRepo) -> Repaired:
    """Two files repaired by ruff, each with its trial and its example."""
    root = make_repo({"a.py": UNUSED, "b c.py": UNUSED.replace("x", "y")})
    landing = repair(root)
    run = git(root, "log", "-1", "--format=%(trailers:key=Stomper-Run,valueonly)").strip()
    return Repaired(root, run, {landed.path: landed.commit for landed in landing.landed})


def test_what_nobody_took_back_stands(repaired: Repaired) -> None:
    """Other commits, and reverts of other commits, change nothing."""
    commit(repaired.root, "other.py", "y = 1\n")
    git(repaired.root, "revert", "--no-edit", "HEAD")
    assert repaired.standing() == ["a.py", "b c.py"]


def test_stomper_undo(repaired: Repaired) -> None:
    """What `stomper undo` took back does not stand; the rest does."""
    undo(repaired.root, Wanted(repaired.run, files=("a.py",)))
    assert repaired.standing() == ["b c.py"]


def test_git_revert(repaired: Repaired) -> None:
    """The same for git's own revert, and it is said once."""
    git(repaired.root, "revert", "--no-edit", repaired.commits["b c.py"])
    store = Store(home())
    assert settle(repaired.root, store) == [repaired.commits["b c.py"]]
    assert settle(repaired.root, store) == []
    store.close()
    assert repaired.standing() == ["a.py"]


def test_an_abbreviated_reference(repaired: Repaired) -> None:
    """`git revert --reference` names the commit by a few digits."""
    git(repaired.root, "revert", "--no-edit", "--reference", repaired.commits["a.py"])
    assert repaired.standing() == ["b c.py"]


def test_a_copy_on_a_rebased_branch(repaired: Repaired) -> None:
    """The revert names a copy of what landed; its trailers tell which run and file it is."""
    root = repaired.root
    git(root, "switch", "--quiet", "-c", "other", "HEAD~2")
    commit(root, "other.py", "y = 1\n")
    git(root, "cherry-pick", "main~2..main")
    copy = git(root, "log", "-1", "--format=%H", "--", "a.py")
    assert copy not in repaired.commits.values()
    git(root, "revert", "--no-edit", copy)
    assert repaired.standing() == ["b c.py"]


def test_a_squash(repaired: Repaired) -> None:
    """The revert of a squash of both takes back both; the squash quotes their messages."""
    root = repaired.root
    git(root, "switch", "--quiet", "-c", "other", "HEAD~2")
    git(root, "merge", "--quiet", "--squash", "main")
    git(root, "commit", "--quiet", "--no-edit")
    git(root, "revert", "--no-edit", "HEAD")
    assert repaired.standing() == []


def test_a_merge(repaired: Repaired) -> None:
    """The revert of a merge takes back what it merged."""
    root = repaired.root
    git(root, "switch", "--quiet", "-c", "other", "HEAD~2")
    commit(root, "other.py", "y = 1\n")
    git(root, "merge", "--quiet", "--no-ff", "--no-edit", "main")
    git(root, "revert", "--no-edit", "-m", "1", "HEAD")
    assert repaired.standing() == []


def test_what_was_brought_again_stands(repaired: Repaired) -> None:
    """The revert of a revert, and of a Stomper undo, brings the fix back."""
    root = repaired.root
    git(root, "revert", "--no-edit", repaired.commits["a.py"])
    git(root, "revert", "--no-edit", "HEAD")
    undo(root, Wanted(repaired.run, files=("b c.py",)))
    git(root, "revert", "--no-edit", "HEAD")
    assert repaired.standing() == ["a.py", "b c.py"]


def test_another_branch_says_nothing(repaired: Repaired) -> None:
    """What is taken back where HEAD does not go still stands."""
    root = repaired.root
    git(root, "switch", "--quiet", "-c", "other")
    git(root, "revert", "--no-edit", repaired.commits["a.py"])
    git(root, "switch", "--quiet", "main")
    assert repaired.standing() == ["a.py", "b c.py"]


def test_words_that_name_no_commit(repaired: Repaired) -> None:
    """A message that names what is not there, or something else than a commit, is no revert."""
    root = repaired.root
    tree = git(root, "rev-parse", "HEAD^{tree}")
    for named in ("0" * 40, "deadbeef", tree, "HEAD"):
        git(root, "commit", "--quiet", "--allow-empty", "-m", f"odd\n\nThis reverts commit {named}.")
    assert repaired.standing() == ["a.py", "b c.py"]


def test_a_partial_clone(repaired: Repaired, tmp_path: Path) -> None:
    """A commit that neither it nor its remote has is no reason to stop; others are found there too."""
    origin, root = repaired.root, tmp_path / "partial"
    git(origin, "config", "uploadpack.allowFilter", "true")
    git(origin, "revert", "--no-edit", repaired.commits["a.py"])
    git(origin, "commit", "--quiet", "--allow-empty", "-m", f"odd\n\nThis reverts commit {'12' * 20}.")
    git(tmp_path, "clone", "--quiet", "--filter=blob:none", f"file://{origin}", str(root))
    store = Store(home())
    landed = Trials(store).landed(repository_of(origin))
    store.close()
    assert taken_back(root, landed) == {repaired.commits["a.py"]}


def test_what_landed_long_ago(repaired: Repaired) -> None:
    """A fix of years ago that is taken back now is found."""
    store = Store(home())
    store.do("UPDATE trials SET at = '2020-01-01T00:00:00Z'")
    store.close()
    git(repaired.root, "revert", "--no-edit", repaired.commits["a.py"])
    assert repaired.standing() == ["b c.py"]


def test_a_repository_without_trials_is_not_looked_at(make_repo: MakeRepo, tmp_path: Path) -> None:
    """Nothing landed, nothing fell."""
    root = make_repo({"a.py": UNUSED})
    assert settle(root, Store(tmp_path / "empty")) == []
