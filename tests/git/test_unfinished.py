"""What a user has begun with a branch, seen by what git itself leaves of it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from stomper.git.unfinished import checkouts_of, root_of, unfinished
from tests.support.repositories import MakeRepo, git, write


def attempt(root: Path, *arguments: str) -> None:
    """git that may stop half-way."""
    subprocess.run(("git", *arguments), cwd=root, check=False, capture_output=True)


def _rebase(root: Path) -> None:
    attempt(root, "-c", "sequence.editor=sed -i 1s/pick/edit/", "rebase", "-i", "HEAD~1")


def _rebase_of_several(root: Path) -> None:
    git(root, "switch", "--quiet", "-c", "upper")
    git(root, "commit", "--quiet", "--allow-empty", "-m", "upper")
    attempt(root, "-c", "sequence.editor=sed -i 1s/pick/edit/", "rebase", "--update-refs", "-i", "HEAD~2")


def _apply(root: Path) -> None:
    patch = git(root, "format-patch", "-1", "--stdout", "other")
    write(root, {"a.py": "other\n", "p.patch": patch + "\n"})
    git(root, "commit", "--quiet", "-am", "mine")
    attempt(root, "am", "p.patch")


def _bisect(root: Path) -> None:
    git(root, "bisect", "start", "HEAD", "HEAD~1")


def _several(root: Path) -> None:
    attempt(root, "cherry-pick", "other", "other~1")
    git(root, "commit", "--quiet", "--allow-empty", "-am", "as I like it")


def _merge_by_link(root: Path) -> None:
    git(root, "config", "core.preferSymlinkRefs", "true")
    git(root, "symbolic-ref", "HEAD", "refs/heads/main")
    attempt(root, "merge", "other")


BEGUN: dict[str, tuple[Callable[[Path], object], str]] = {
    "merge": (lambda root: attempt(root, "merge", "other"), "a merge into main"),
    "cherry-pick": (lambda root: attempt(root, "cherry-pick", "other"), "a cherry-pick into main"),
    "cherry-pick between two": (_several, "a cherry-pick into main"),
    "merge where HEAD is a link": (_merge_by_link, "a merge into main"),
    "revert": (lambda root: attempt(root, "revert", "--no-commit", "HEAD"), "a revert into main"),
    "rebase": (_rebase, "main is being rebased"),
    "rebase of several branches": (_rebase_of_several, "main is being rebased"),
    "am": (_apply, "patches are being applied to main"),
    "bisect": (_bisect, "main is being bisected"),
}


@pytest.mark.parametrize("kind", BEGUN)
def test_what_is_under_way(make_repo: MakeRepo, kind: str) -> None:
    """It is named with the place and the way out; another branch has nothing under way."""
    root = make_repo({"a.py": "1\n"})
    git(root, "switch", "--quiet", "-c", "other")
    write(root, {"a.py": "2\n"})
    git(root, "commit", "--quiet", "-am", "other")
    git(root, "switch", "--quiet", "main")
    write(root, {"a.py": "3\n"})
    git(root, "commit", "--quiet", "-am", "third")
    assert unfinished(root / ".git", "main") == ""
    begin, words = BEGUN[kind]
    begin(root)
    assert unfinished(root / ".git", "main").startswith(words)
    assert str(root) in unfinished(root / ".git", "main")
    assert unfinished(root / ".git", "other") == ""


def test_in_another_checkout(make_repo: MakeRepo, tmp_path: Path) -> None:
    """A branch that is being rebased in a linked worktree is found from the main one."""
    root = make_repo({"a.py": "1\n"})
    git(root, "commit", "--quiet", "--allow-empty", "-m", "second")
    side = tmp_path / "side"
    git(root, "worktree", "add", "--quiet", "-b", "feature", str(side))
    own = Path(git(side, "rev-parse", "--absolute-git-dir"))
    assert checkouts_of(root / ".git", "feature") == [own]
    assert (root_of(own), root_of(root / ".git")) == (str(side), str(root))
    attempt(side, "-c", "sequence.editor=sed -i 1s/pick/edit/", "rebase", "-i", "--keep-empty", "HEAD~1")
    assert f"feature is being rebased in {side}" in unfinished(root / ".git", "feature")
    assert unfinished(root / ".git", "main") == ""
