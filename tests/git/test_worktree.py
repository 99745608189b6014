"""What is believed of a worktree after an agent had it, and what the next one finds in it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stomper.errors import RepositoryError
from stomper.git.repository import open_target
from stomper.git.worktree import Worktree
from stomper.git.worktree_pool import Pool
from stomper.git.worktrees import SharedClone
from tests.support.repositories import MakeRepo, write

FILES = {"a.py": "x = 1\n", "b.py": "x = 1\n", "conf.toml": "strict\n", ".gitattributes": "*.txt text\n", "in/c.py": ""}


@pytest.fixture
def pool(make_repo: MakeRepo, tmp_path: Path) -> Iterator[Pool]:
    """A pool with one worktree, so that the next user has the one of the last."""
    (tmp_path / "run").mkdir()
    made = Pool(SharedClone.create(open_target(make_repo(FILES)), tmp_path / "run"), tmp_path / "trees", size=1)
    yield made
    made.close()


def git(tree: Worktree, *arguments: str) -> str:
    """git as whoever works in the worktree has it."""
    who = ("-c", "user.name=A", "-c", "user.email=a@b.c")
    return subprocess.run(("git", *who, *arguments), cwd=tree.path, check=True, capture_output=True, text=True).stdout


def base_of(pool: Pool) -> str:
    """The commit that all of it is about."""
    return pool._clone.target.head


def changed(tree: Worktree, base: str) -> list[str]:
    """The paths that differ."""
    patch = tree.patch(base)
    return [change.path for change in patch.changes] if patch else []


def flags(*flag: str) -> Callable[[Worktree], object]:
    """An edit that flags of the index are to hide."""

    def act(tree: Worktree) -> None:
        write(tree.path, {"conf.toml": "lax\n"})
        git(tree, "update-index", *flag, "conf.toml")

    return act


def sparse(tree: Worktree) -> None:
    """All that is outside of a cone is of no interest."""
    write(tree.path, {"conf.toml": "lax\n"})
    git(tree, "sparse-checkout", "set", "--cone", "in")
    write(tree.path, {"conf.toml": "lax\n", "a.py": "x = 1\n", "b.py": "x = 1\n", ".gitattributes": "*.txt text\n"})


def own_repository(tree: Worktree) -> None:
    """The edit is committed, in a repository that the agent has put in the place."""
    write(tree.path, {"conf.toml": "lax\n"})
    (tree.path / ".git").unlink()
    git(tree, "init", "--quiet")
    git(tree, "add", "--all")
    git(tree, "commit", "--quiet", "-m", "mine")


def same_size_and_time(tree: Worktree) -> None:
    """By all that can be set, the file is as it was."""
    file = tree.path / "conf.toml"
    about = file.stat()
    file.write_text("strlct\n")
    os.utime(file, ns=(about.st_atime_ns, about.st_mtime_ns))


HIDES: dict[str, Callable[[Worktree], object]] = {
    "skip-worktree": flags("--skip-worktree"),
    "assume-unchanged": flags("--assume-unchanged"),
    "fsmonitor": flags("--fsmonitor", "--fsmonitor-valid"),
    "a split index": flags("--split-index", "--skip-worktree"),
    "an untracked cache": flags("--untracked-cache", "--assume-unchanged"),
    "taken out": flags("--force-remove", "--"),
    "a sparse checkout": sparse,
    "a repository of its own": own_repository,
    "the same size and time": same_size_and_time,
}


@pytest.mark.parametrize("how", HIDES)
def test_an_edit_is_seen_however_it_is_hidden(pool: Pool, how: str) -> None:
    """In the patch, and gone from the worktree that the next one gets."""
    with pool.lease(base_of(pool)) as tree:
        tree.had_by.append("liar")
        HIDES[how](tree)
        write(tree.path, {"a.py": "x = 2\n"})
        seen = changed(tree, base_of(pool))
        assert {"a.py", "conf.toml"} <= set(seen)
        assert how == "a sparse checkout" or seen == ["a.py", "conf.toml"]
    with pool.lease(base_of(pool)) as again:
        assert again.path == tree.path
        assert (again.path / "conf.toml").read_text() == "strict\n"
        assert git(again, "status", "--porcelain", "--ignored") == ""
        assert not git(again, "ls-files", "-v").count("S ")
        assert git(again, "rev-parse", "HEAD").strip() == base_of(pool)
        assert sorted(file.name for file in again.git_dir.iterdir()) == ["HEAD", "commondir", "gitdir", "index"]


LOCKS = ["index.lock", "HEAD.lock", "config.worktree", "MERGE_HEAD"]


@pytest.mark.parametrize("name", LOCKS)
def test_what_is_left_in_its_git_folder_is_in_nobodys_way(pool: Pool, name: str) -> None:
    """Neither of Stomper nor of the next."""
    with pool.lease(base_of(pool)) as tree:
        tree.had_by.append("liar")
        (tree.git_dir / name).write_text("")
        write(tree.path, {"a.py": "x = 2\n"})
        assert changed(tree, base_of(pool)) == ["a.py"]
    with pool.lease(base_of(pool)) as again:
        assert again.path == tree.path
        assert git(again, "status", "--porcelain") == ""
        assert not (again.git_dir / name).exists()


def test_attributes_of_an_agent_are_read_and_decide_nothing(pool: Pool) -> None:
    """Changed, new, in a folder that it hides, and taken away: the bytes become blobs as the base has it."""
    with pool.lease(base_of(pool)) as tree:
        tree.had_by.append("liar")
        evil = "* working-tree-encoding=UTF-16LE-BOM filter=evil\n"
        write(tree.path, {".gitattributes": evil, "in/.gitattributes": evil, "a.py": "x = 2\r\n", "in/new.py": "y\r\n"})
        write(tree.path, {"hidden/.gitignore": "*\n", "hidden/.gitattributes": evil, "hidden/d.py": ""})
        patch = tree.patch(base_of(pool))
        assert patch is not None
        assert [change.path for change in patch.changes] == [".gitattributes", "a.py", "in/.gitattributes", "in/new.py"]
        contents = {change.path: tree.git("cat-file", "blob", change.new_blob) for change in patch.changes}
        assert contents["a.py"] == b"x = 2\r\n"
        assert contents["in/new.py"] == b"y\r\n"
        assert contents[".gitattributes"].decode() == contents["in/.gitattributes"].decode() == evil
    with pool.lease(base_of(pool)) as tree:
        tree.had_by.append("liar")
        (tree.path / ".gitattributes").unlink()
        write(tree.path, {"n.txt": "1\r\n"})
        patch = tree.patch(base_of(pool))
        assert patch is not None
        assert [(change.path, change.deleted) for change in patch.changes] == [
            (".gitattributes", True),
            ("n.txt", False),
        ]
        assert tree.git("cat-file", "blob", patch.changes[1].new_blob) == b"1\n"


def test_files_of_the_clone_are_put_back(pool: Pool) -> None:
    """Its configuration, HEAD, attributes, hooks and where its objects are."""
    clone = pool._clone
    with pool.lease(base_of(pool)) as tree:
        before = {name: (clone.path / name).read_bytes() for name in ("config", "HEAD", "objects/info/alternates")}
        write(
            clone.path, {"HEAD": "nothing", "objects/info/alternates": "/nowhere\n", "hooks/post-checkout": "exit 1\n"}
        )
        write(clone.path, {"info/attributes": "* filter=evil\n", "info/grafts": "x\n", "commondir": "/nowhere\n"})
        git(tree, "config", "--file", str(clone.path / "config"), "filter.evil.clean", "false")
        mended = clone.mend()
        assert set(mended) == {
            "config", "HEAD", "info/attributes", "objects/info/alternates", "commondir", "info/grafts", "hooks",
        }  # fmt: skip
        assert {name: (clone.path / name).read_bytes() for name in before} == before
        assert clone.mend() == []
        assert changed(tree, base_of(pool)) == []


def test_an_own_index_that_somebody_changed_is_not_believed(pool: Pool) -> None:
    """Reading the patch is refused, and the next user has every file as it should be."""
    with pool.lease(base_of(pool)) as tree:
        write(tree.path, {"conf.toml": "lax\n"})
        (tree.own / "index").write_bytes((tree.own / "index").read_bytes())
        with pytest.raises(RepositoryError, match="somebody has changed"):
            tree.patch(base_of(pool))
    with pool.lease(base_of(pool)) as again:
        assert (again.path / "conf.toml").read_text() == "strict\n"
        assert git(again, "status", "--porcelain") == ""


def test_a_worktree_that_is_a_link_by_now_is_left_alone(pool: Pool, tmp_path: Path) -> None:
    """What it leads to is not reset in its place; another worktree is made."""
    write(tmp_path / "mine", {"note.txt": "mine\n"})
    with pool.lease(base_of(pool)) as tree:
        tree.path.rename(tmp_path / "taken")
        tree.path.symlink_to(tmp_path / "mine")
        with pytest.raises(RepositoryError):
            tree.patch(base_of(pool))
    with pool.lease(base_of(pool)) as again:
        assert again.path != tree.path
    assert (tmp_path / "mine" / "note.txt").read_text() == "mine\n"


def test_a_patch_is_held_as_it_would_land(pool: Pool) -> None:
    """Edits, new files, modes and links come to the very blobs; what the patch does not have is not there."""
    base = base_of(pool)
    with pool.lease(base) as tree:
        tree.had_by.append("agent")
        write(
            tree.path, {"a.py": "x = 2\n", "new.py": "y\n", "hidden/.gitignore": "*\n", "hidden/conftest.py": "evil\n"}
        )
        (tree.path / "b.py").chmod(0o755)
        (tree.path / "link").symlink_to("a.py")
        patch = tree.patch(base)
        assert patch is not None
    with pool.lease(base) as clean:
        clean.hold(patch)
        assert (clean.path / "a.py").read_text() == "x = 2\n"
        assert not (clean.path / "hidden").exists()
        assert "new.py" in git(clean, "ls-files")
        wrong = patch.model_copy(update={"changes": patch.changes[:1]})
        clean.reset(base)
        with pytest.raises(RepositoryError):
            clean.hold(wrong)
