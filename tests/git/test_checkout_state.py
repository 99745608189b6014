"""What the watch sees of a repository: everything that an agent could change in it, whatever way git keeps it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from stomper.errors import RepositoryError
from stomper.git.checkout_state import Sight
from stomper.git.repository import open_target
from tests.support.repositories import MakeRepo, git, write
from tests.support.runs import commit, snapshot, started

FILES = {"a.py": "x = 1\n", "b.py": "x = 1\n", "hidden.py": "x = 1\n", ".gitignore": "*.log\n"}


def plain(root: Path) -> Path:
    return root


def packed(root: Path) -> Path:
    git(root, "pack-refs", "--all")
    git(root, "branch", "late")
    return root


def linked(root: Path) -> Path:
    git(root, "worktree", "add", "--quiet", "-b", "mine", "../linked")
    return root.parent / "linked"


def symbolic(root: Path) -> Path:
    git(root, "symbolic-ref", "refs/heads/alias", "refs/heads/main")
    return root


def split(root: Path) -> Path:
    git(root, "config", "core.splitIndex", "true")
    git(root, "config", "core.untrackedCache", "true")
    git(root, "update-index", "--split-index", "--untracked-cache")
    return root


def sparse(root: Path) -> Path:
    write(root, {"in/a.py": "", "out/a.py": ""})
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "-m", "folders")
    git(root, "sparse-checkout", "set", "--cone", "--sparse-index", "in")
    return root


SHAPES = [plain, linked, sparse]
MORE = [pytest.param(shape, marks=pytest.mark.slow) for shape in (packed, symbolic, split)]


@pytest.fixture(params=[*SHAPES, *MORE], ids=lambda shape: shape.__name__)
def root(request: pytest.FixtureRequest, make_repo: MakeRepo) -> Path:
    """A repository of some shape, with work of the user's in it."""
    made: Path = request.param(make_repo(FILES))
    write(made, {"new.txt": "new\n", "b.py": "x = 22\n"})
    git(made, "tag", "-a", "-m", "tag", "v1")
    return made


def sight_of(root: Path, tmp_path: Path) -> Sight:
    """A sight that has looked before."""
    (tmp_path / "own").mkdir()
    sight = Sight(open_target(root), tmp_path / "own")
    sight.look()
    return sight


CHANGES: dict[str, Callable[[Path], object]] = {
    "an edit": lambda root: write(root, {"a.py": "x = 2\n"}),
    "a second edit of the user's file": lambda root: write(root, {"b.py": "x = 333\n"}),
    "a mode": lambda root: (root / "a.py").chmod(0o755),
    "a new file": lambda root: write(root, {"newer.txt": ""}),
    "an edit of a new file": lambda root: write(root, {"new.txt": "newer\n"}),
    "an ignored file": lambda root: write(root, {"x.log": ""}),
    "gone": lambda root: (root / "a.py").unlink(),
    "staged": lambda root: git(root, "add", "b.py"),
    "a new file staged": lambda root: git(root, "add", "new.txt"),
    "to be added": lambda root: git(root, "add", "--intent-to-add", "new.txt"),
    "staged only": lambda root: git(root, "rm", "--cached", "--quiet", "a.py"),
    "overlooked": lambda root: git(root, "update-index", "--assume-unchanged", "a.py"),
    "skipped": lambda root: git(root, "update-index", "--skip-worktree", "a.py"),
    "a branch": lambda root: git(root, "branch", "other"),
    "a tag": lambda root: git(root, "tag", "v2"),
    "a tag moved": lambda root: git(root, "tag", "--force", "v1", "HEAD^{tree}"),
    "a tag gone": lambda root: git(root, "tag", "--delete", "v1"),
    "a note": lambda root: git(root, "notes", "add", "-m", "note"),
    "a stash": lambda root: git(root, "stash"),
    "a replacement": lambda root: git(root, "update-ref", "refs/replace/" + "1" * 40, "HEAD"),
    "a bisection": lambda root: git(root, "update-ref", "refs/bisect/bad", "HEAD"),
    "a commit": lambda root: git(root, "commit", "--quiet", "--allow-empty", "-m", "mine"),
    "a branch taken": lambda root: git(root, "switch", "--quiet", "-c", "other"),
    "no branch": lambda root: git(root, "switch", "--quiet", "--detach"),
    "a branch without commits": lambda root: git(root, "symbolic-ref", "HEAD", "refs/heads/unborn"),
    "configuration": lambda root: git(root, "config", "core.pager", "evil"),
    "attributes": lambda root: write(open_target(root).git_dir / "info", {"attributes": "*.py filter=evil\n"}),
    "an exclusion": lambda root: write(open_target(root).git_dir / "info", {"exclude": "evil.py\n"}),
    "a hook": lambda root: write(open_target(root).git_dir / "hooks", {"pre-commit": "exit 0\n"}),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_every_change_is_seen(root: Path, tmp_path: Path, what: str) -> None:
    """Two looks are the same where nothing happened in between, and never where something did."""
    if what == "skipped" and git(root, "config", "--default", "", "core.sparseCheckout"):
        pytest.skip("there git takes back what is said of a file that is there")
    sight = sight_of(root, tmp_path)
    before = sight.look()
    assert sight.look() == before
    CHANGES[what](root)
    after = sight.look()
    assert after != before
    assert sight.look() == after


def test_what_is_hidden_in_the_index_is_seen(make_repo: MakeRepo, tmp_path: Path) -> None:
    """An edit of a file whose edits git was told to overlook, by the user or by an agent just now."""
    root = make_repo(FILES)
    git(root, "update-index", "--assume-unchanged", "hidden.py")
    sight = sight_of(root, tmp_path)
    before = sight.look()
    write(root, {"hidden.py": "x = 2\n"})
    after = sight.look()
    assert {what for what in before.keys() | after.keys() if before.get(what) != after.get(what)} == {"file hidden.py"}


def test_an_edit_in_the_moment_of_the_index_is_seen(make_repo: MakeRepo, tmp_path: Path) -> None:
    """A file of the same size, written by the same second as the index, is read: by its times it could be the old one."""
    root = make_repo(FILES)
    index = root / ".git" / "index"
    for _ in range(20):  # until all fell into one second
        (root / "a.py").write_text("x = 1\n")
        git(root, "update-index", "--refresh")
        (root / "a.py").write_text("x = 9\n")
        moments = {int(p.stat().st_mtime) for p in (root / "a.py", index)} | {int((root / "a.py").stat().st_ctime)}
        if len(moments) == 1:
            break
    assert "file a.py" in sight_of(root, tmp_path).look()


def test_the_users_git_folder_stays_as_it_is(root: Path, tmp_path: Path) -> None:
    """However the index is kept, looking writes nothing there: no file is new, and each has its bytes and its time."""
    os.utime(root / "a.py", (1, 1))  # git would like to note that this is the same file still
    home = root if (root / ".git").is_dir() else root.parent / "repo"
    before = kept_in(home)
    sight = sight_of(root, tmp_path)
    sight.look()
    assert kept_in(home) == before


def kept_in(home: Path) -> dict[str, str]:
    """All that git keeps, without the times of shared indexes, which every git renews that reads them."""
    found = {name: told for name, told in snapshot(home).items() if name.startswith(".git/")}
    return {n: t.rpartition(" ")[2] if "/sharedindex." in n else t for n, t in found.items()}


def test_a_look_is_one_process(make_repo: MakeRepo, tmp_path: Path) -> None:
    """From the second on, until something is staged; what the copy of the index is worth is found out anew then."""
    root = packed(make_repo(FILES))
    sight = sight_of(root, tmp_path)
    with started() as lines:
        sight.look()
        assert [verb(line) for line in lines] == ["status"]
        git(root, "branch", "other")
        write(root, {"a.py": "x = 2\n"})
        sight.look()
        assert [verb(line) for line in lines] == ["status", "status"]
        git(root, "add", "a.py")
        sight.look()
        assert [verb(line) for line in lines[2:]] == ["update-index", "ls-files", "status"]
        (tmp_path / "own" / "seen.index").write_bytes(b"")
        sight.look()
        assert [verb(line) for line in lines[5:]] == ["update-index", "ls-files", "status"]


def verb(line: tuple[str, ...]) -> str:
    """Which of git's commands it is."""
    return next(word for word in line if word in ("status", "update-index", "ls-files", "for-each-ref", "rev-parse"))


def test_refs_are_read_as_git_reads_them(root: Path, tmp_path: Path) -> None:
    """Packed and loose ones, moved by somebody else, packed meanwhile and removed."""
    sight = sight_of(root, tmp_path)
    steps: tuple[Callable[[], object], ...] = (
        lambda: commit(root, "a.py", "x = 3\n"),
        lambda: git(root, "branch", "folder/of/branches"),
        lambda: git(root, "pack-refs", "--all"),
        lambda: commit(root, "a.py", "x = 4\n"),
        lambda: git(root, "branch", "-D", "folder/of/branches"),
        lambda: git(root, "branch", "folder"),
    )
    for step in steps:
        step()
        listed = git(root, "for-each-ref", "--format=ref %(refname) %(objectname)", "refs/heads", "refs/tags")
        seen = {f"{what} {value}" for what, value in sight.look().items() if what.startswith("ref ")}
        assert seen == set(listed.splitlines())


def test_a_ref_that_is_no_file_is_seen_and_not_waited_for(make_repo: MakeRepo, tmp_path: Path) -> None:
    """A pipe and a link in the place of refs."""
    root = make_repo(FILES)
    sight = sight_of(root, tmp_path)
    os.mkfifo(root / ".git" / "refs" / "tags" / "pipe")
    (root / ".git" / "refs" / "tags" / "link").symlink_to("..")
    seen = sight.look()
    assert seen["ref refs/tags/pipe"] == "no file"
    assert seen["ref refs/tags/link"] == "link to .."


def test_an_index_that_git_cannot_read_is_an_error(make_repo: MakeRepo, tmp_path: Path) -> None:
    """It is not taken for one in which nothing is staged."""
    root = make_repo(FILES)
    sight = sight_of(root, tmp_path)
    (root / ".git" / "index").write_bytes(b"DIRC and no more")
    with pytest.raises(RepositoryError):
        sight.look()


def test_a_filter_that_came_meanwhile_is_seen_and_not_run(make_repo: MakeRepo, tmp_path: Path) -> None:
    """git would run it as it looks at a file; and it could put back what named it."""
    root = make_repo({"a.bin": "x\n"})
    folder, ran = tmp_path / "look", tmp_path / "ran"
    folder.mkdir()
    sight = Sight(open_target(root), folder)
    before = sight.look()
    git(root, "config", "filter.evil.clean", f"touch {ran}; cat")
    write(root, {".git/info/attributes": "*.bin filter=evil\n", "a.bin": "y\n"})
    after = sight.look()
    assert not ran.exists()
    changed = {what for what in before.keys() | after.keys() if before.get(what) != after.get(what)}
    assert changed == {"setting filter.evil.clean", "git's attributes"}
