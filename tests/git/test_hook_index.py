"""`--staged` under a hook of git: what is looked at is what is about to be committed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stomper.config.parameters import FixParameters
from stomper.errors import RepositoryError
from stomper.git.hook_index import index_of_hook, staged_in
from stomper.git.repository import open_target
from stomper.run.open import plan
from tests.support.repositories import MakeRepo, git, write

STOMPER = Path(sys.executable).with_name("stomper")
UNUSED = "import os\nx = 2\n"


def hooked(hooks: Path, *arguments: str) -> None:
    """Put `stomper check` with *arguments* into the folder *hooks* as pre-commit hook."""
    hook = hooks / "pre-commit"
    hook.write_text(f'#!/bin/sh\nexec "{STOMPER}" check {" ".join(arguments)}\n')
    hook.chmod(0o755)


def commits(root: Path, *arguments: str) -> bool:
    """Whether `git commit` with *arguments* makes a commit; where it does not, because of an F401."""
    before = git(root, "reflog", "--all")
    done = subprocess.run(
        ("git", "commit", "-m", "more", *arguments), cwd=root, capture_output=True, text=True, check=False
    )
    made = git(root, "reflog", "--all") != before
    assert made == (done.returncode == 0)
    assert made or "F401" in done.stdout + done.stderr
    return made


@pytest.mark.parametrize("arguments", [pytest.param(("-a",), marks=pytest.mark.slow), ("a.py",)])
def test_a_commit_of_what_is_not_staged_is_looked_at(make_repo: MakeRepo, arguments: tuple[str, ...]) -> None:
    """`git commit -a` and `git commit FILE` commit an index of their own: the error in it is found."""
    root = make_repo({"a.py": "x = 1\n"})
    hooked(root / ".git" / "hooks", "--staged")
    write(root, {"a.py": UNUSED})
    assert not commits(root, *arguments)
    assert git(root, "status", "--porcelain") == "M a.py"


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [("-a",), ("a.py",), ("--include", "a.py"), ("--amend", "-a")])
def test_a_clean_commit_is_made(make_repo: MakeRepo, arguments: tuple[str, ...]) -> None:
    """After the error in it was found, whichever way it is committed."""
    root = make_repo({"a.py": "x = 1\n"})
    hooked(root / ".git" / "hooks", "--staged")
    write(root, {"a.py": UNUSED})
    assert not commits(root, *arguments)
    write(root, {"a.py": "x = 2\n"})
    assert commits(root, *arguments)


@pytest.mark.slow
def test_what_is_staged_beside_a_committed_file_is_left_out(make_repo: MakeRepo) -> None:
    """`git commit FILE` leaves out what else is staged, so the check does."""
    root = make_repo({"a.py": "x = 1\n"})
    hooked(root / ".git" / "hooks", "--staged")
    write(root, {"a.py": "x = 2\n", "b.py": UNUSED})
    git(root, "add", "b.py")
    assert commits(root, "a.py")
    assert not commits(root)


@pytest.mark.slow
def test_in_a_linked_worktree(make_repo: MakeRepo) -> None:
    """There git names its folder, too."""
    root = make_repo({"a.py": "x = 1\n"})
    git(root, "worktree", "add", "--quiet", "../linked")
    hooked(root / ".git" / "hooks", "--staged")
    write(root.parent / "linked", {"a.py": UNUSED})
    assert not commits(root.parent / "linked", "-a")


@pytest.mark.slow
def test_in_a_submodule_and_in_a_folder(make_repo: MakeRepo) -> None:
    """The index is far from the files there; and wherever git is called, a hook begins at the top."""
    inner, root = make_repo({"sub/a.py": "x = 1\n"}, "inner"), make_repo({"b.py": "y = 1\n"})
    git(root, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner), "inner")
    hooked(root / ".git" / "modules" / "inner" / "hooks", "--staged")
    write(root / "inner", {"sub/a.py": UNUSED})
    assert not commits(root / "inner" / "sub", "-a")


@pytest.mark.slow
def test_the_first_commit(make_repo: MakeRepo) -> None:
    """There is nothing to compare with: all that is staged is looked at, and what is clean can be committed."""
    root = make_repo({"a.py": "x = 1\n"})
    git(root, "update-ref", "-d", "HEAD")
    hooked(root / ".git" / "hooks", "--staged")
    write(root, {"a.py": UNUSED})
    git(root, "add", "a.py")
    assert not commits(root)
    write(root, {"a.py": "x = 1\n"})
    assert commits(root, "a.py")


def given(root: Path, index: object, **more: str) -> Path | None:
    """The index that counts in *root*, where GIT_INDEX_FILE is *index*."""
    return index_of_hook(open_target(root), {"GIT_INDEX_FILE": str(index), **more})


def test_which_index_counts(make_repo: MakeRepo) -> None:
    """One that is given, by a relative path too, which is read from the top; not the checkout's own by its name."""
    root = make_repo({"sub/a.py": "x = 1\n"})
    other = root / ".git" / "next-index-1.lock"
    shutil.copy(root / ".git" / "index", other)
    write(root, {"sub/b.py": "x = 1\n"})
    git(root, "add", "--all")
    assert given(root, other) == given(root, ".git/next-index-1.lock") == other
    assert given(root / "sub", ".git/next-index-1.lock", GIT_DIR=".git") == other
    assert given(root, ".git/index") is given(root, root / ".git" / "index") is given(root, "") is None
    assert staged_in(open_target(root), other) == frozenset()
    assert staged_in(open_target(root), root / ".git" / "index") == {"sub/b.py"}
    outside = root.parent / "index of a script"
    shutil.copy(other, outside)
    assert given(root, outside) == outside


def test_the_index_of_another_repository_does_not_count(make_repo: MakeRepo) -> None:
    """A hook that looks at several repositories hands on the variables of its own."""
    root, other = make_repo({"a.py": "x = 1\n"}), make_repo({"b.py": "x = 1\n"}, "other")
    git(other, "worktree", "add", "--quiet", "../linked")
    assert given(root, other / ".git" / "index") is None
    assert given(root, other / ".git" / "worktrees" / "linked" / "index") is None
    assert given(other, other / ".git" / "worktrees" / "linked" / "index") is None
    assert given(root, ".git/index.lock", GIT_DIR=str(other / ".git")) is None


def test_an_index_that_is_gone_is_no_green_check(make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be read as empty, with nothing to check; what does not ask for what is staged does not read it."""
    root = make_repo({"a.py": UNUSED})
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/next-index-9.lock")
    with pytest.raises(RepositoryError, match=r"next-index-9.lock is not there: .*unset GIT_INDEX_FILE"):
        plan(FixParameters(repository=str(root), staged=True))
    assert plan(FixParameters(repository=str(root))).scope.index is None
    assert os.environ["GIT_INDEX_FILE"]  # whoever called us keeps it
