"""Landing in repositories that git has set up in its less usual ways: they stay what they are."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from stomper.models import Status
from tests.support.repositories import MakeRepo, git, write
from tests.support.runs import commit, only, raw, repair

UNUSED = "import os\nx = 1\n"
CURED = "x = 1\n"


def test_linked_worktree_as_the_target(make_repo: MakeRepo) -> None:
    """A run in a linked worktree lands on that worktree's branch and leaves the main checkout alone."""
    root = make_repo({"a.py": UNUSED})
    linked = root.parent / "linked"
    git(root, "worktree", "add", "--quiet", "-b", "side", str(linked))
    assert only(repair(linked)).status is Status.FIXED
    assert git(linked, "rev-list", "--count", "main..side") == "1"
    assert git(root, "status", "--short", "--branch") == "## main"
    assert ((root / "a.py").read_text(), (linked / "a.py").read_text()) == (UNUSED, CURED)
    assert git(linked, "status", "--short") == ""


def test_shallow_clone_as_the_target(make_repo: MakeRepo) -> None:
    """A fix lands in a shallow clone, which stays shallow and sound."""
    origin = make_repo({"a.py": UNUSED}, "origin")
    commit(origin, "b.py", "y = 1\n")
    root = origin.parent / "shallow"
    git(origin.parent, "clone", "--quiet", "--depth=1", f"file://{origin}", str(root))
    assert only(repair(root)).status is Status.FIXED
    assert git(root, "rev-parse", "--is-shallow-repository") == "true"
    assert git(root, "rev-list", "--count", "HEAD") == "2"
    assert raw(root, "fsck", "--no-dangling", "--no-progress") == b""


def test_commits_are_signed_where_git_signs(make_repo: MakeRepo) -> None:
    """With commit.gpgSign every commit made is signed with the user's key, in its order, with its message."""
    root = make_repo({"a.py": UNUSED, "b.py": UNUSED})
    key = root.parent / "key"
    subprocess.run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)), check=True)
    (root.parent / "allowed").write_text(f"tester@example.invalid {key.with_suffix('.pub').read_text()}")
    for name, value in (
        ("commit.gpgSign", "true"),
        ("gpg.format", "ssh"),
        ("user.signingKey", str(key)),
        ("gpg.ssh.allowedSignersFile", str(root.parent / "allowed")),
    ):
        git(root, "config", name, value)
    assert len(repair(root).landed) == 2
    assert git(root, "log", "-2", "--format=%G? %an %s").splitlines() == [
        "G Tester fix: resolve F401 in b.py",
        "G Tester fix: resolve F401 in a.py",
    ]


def test_a_key_that_cannot_sign_lands_nothing_and_keeps_the_patches(make_repo: MakeRepo) -> None:
    """Unsigned commits do not land where signed ones are asked for, unless the setting says so."""
    root = make_repo({"a.py": UNUSED})
    git(root, "config", "commit.gpgSign", "true")
    git(root, "config", "gpg.program", "/nonexistent/gpg")
    landing = repair(root)
    assert "could not be signed" in landing.failure
    assert Path(only(landing).patch_file).read_bytes()
    assert git(root, "rev-list", "--count", "HEAD") == "1"
    assert len(repair(root, sign=False).landed) == 1


def test_merge_configuration_does_not_stop_landing(make_repo: MakeRepo) -> None:
    """`merge.ff = false` and `merge.autoStash` of the user do not change how the branch is moved."""
    root = make_repo({"a.py": UNUSED})
    git(root, "config", "merge.ff", "false")
    git(root, "config", "merge.autoStash", "true")
    assert only(repair(root)).status is Status.FIXED
    assert git(root, "rev-list", "--merges", "HEAD") == ""


def test_signature_checks_do_not_stop_landing(make_repo: MakeRepo) -> None:
    """`merge.verifySignatures` of the user, which is about what others send, does not keep fixes out."""
    root = make_repo({"a.py": UNUSED})
    git(root, "config", "merge.verifySignatures", "true")
    assert only(repair(root)).status is Status.FIXED
    assert git(root, "rev-list", "--count", "HEAD") == "2"


def test_submodules_stay(make_repo: MakeRepo) -> None:
    """A fix lands in a repository with a submodule, whose entry and checkout stay as they are."""
    library = make_repo({"lib.py": UNUSED}, "library")
    root = make_repo({"a.py": UNUSED})
    git(root, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library), "vendor")
    git(root, "commit", "--quiet", "-m", "submodule")
    before = git(root, "submodule", "status")
    assert only(repair(root)).path == "a.py"
    assert git(root, "submodule", "status") == before
    assert (root / "vendor" / "lib.py").read_text() == UNUSED
    assert git(root, "status", "--short") == ""


def test_index_flags_stay(make_repo: MakeRepo) -> None:
    """Files marked assume-unchanged or skip-worktree keep their marks."""
    root = make_repo({"a.py": UNUSED, "b.txt": "1\n", "c.txt": "1\n"})
    git(root, "update-index", "--assume-unchanged", "b.txt")
    git(root, "update-index", "--skip-worktree", "c.txt")
    before = git(root, "ls-files", "-v")
    assert only(repair(root)).status is Status.FIXED
    assert git(root, "ls-files", "-v") == before


def test_sparse_checkout_as_the_target(make_repo: MakeRepo) -> None:
    """Files outside the sparse part are repaired and landed, and still not checked out."""
    root = make_repo({"in/a.py": UNUSED, "out/b.py": UNUSED})
    git(root, "sparse-checkout", "set", "in")
    assert sorted(entry.path for entry in repair(root).landed) == ["in/a.py", "out/b.py"]
    assert git(root, "show", "HEAD:out/b.py") + "\n" == CURED
    assert not (root / "out").exists()
    assert git(root, "status", "--porcelain") == ""


def test_partial_clone_as_the_target(make_repo: MakeRepo) -> None:
    """What a partial clone left at its remote is fetched when a worktree needs it."""
    origin = make_repo({"a.py": UNUSED, "b.py": "y = 1\n"}, name="origin")
    git(origin, "config", "uploadpack.allowFilter", "true")
    git(origin.parent, "clone", "--quiet", "--no-checkout", "--filter=blob:none", f"file://{origin}", "partial")
    root = origin.parent / "partial"
    git(root, "sparse-checkout", "set", "--no-cone", "/a.py")
    git(root, "checkout", "--quiet", "main")
    assert [entry.path for entry in repair(root).landed] == ["a.py"]
    assert git(root, "status", "--porcelain") == ""


@pytest.mark.skipif(shutil.which("git-lfs") is None, reason="git-lfs is not installed")
def test_large_files_are_there_and_stay(make_repo: MakeRepo) -> None:
    """Files that git-lfs keeps are in the worktrees as the user has them, without asking its server for them."""
    root = make_repo({"a.py": UNUSED, "test_a.py": "def test_a():\n    assert open('big.bin').read() == 'big'\n"})
    git(root, "lfs", "install", "--local")
    git(root, "lfs", "track", "*.bin")
    git(root, "config", "lfs.url", "http://127.0.0.1:9/")
    write(root, {"big.bin": "big"})
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "-m", "large")
    landing = repair(root, test_validation="final", allow_failing_baseline=False)
    assert [entry.path for entry in landing.landed] == ["a.py"]
    assert (root / "big.bin").read_text() == "big"
    assert git(root, "status", "--porcelain") == ""


def test_a_worktree_of_a_bare_repository(make_repo: MakeRepo) -> None:
    """The repository's own HEAD names the same branch, and is no checkout."""
    origin = make_repo({"a.py": UNUSED}, "origin")
    bare, root = origin.parent / "bare.git", origin.parent / "linked"
    git(origin.parent, "clone", "--quiet", "--bare", str(origin), str(bare))
    git(bare, "worktree", "add", "--quiet", str(root), "main")
    assert only(repair(root)).status is Status.FIXED
    assert git(root, "status", "--short") == ""


@pytest.mark.parametrize("kind", ["heads", "tags"])
def test_a_branch_or_a_tag_that_is_called_head(make_repo: MakeRepo, kind: str) -> None:
    """What is checked out is told by git's HEAD, and not by names."""
    root = make_repo({"a.py": UNUSED})
    commit(root, "b.py", "y = 1\n")
    git(root, "update-ref", f"refs/{kind}/HEAD", "HEAD~1")
    assert only(repair(root)).status is Status.FIXED
    assert git(root, "rev-list", "--count", "main") == "3"
    assert git(root, "log", "-1", "--format=%s", f"refs/{kind}/HEAD") == "start"
