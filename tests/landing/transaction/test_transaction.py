"""One landing in one checkout: what stands in its way, what fails on the way, and what is there afterwards."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stomper import progress
from stomper.errors import RepositoryError
from stomper.landing.transaction.journal import make_folder
from stomper.landing.transaction.locks import Reference
from stomper.landing.transaction.staging import Move
from stomper.landing.transaction.transaction import Ending, carry_out
from stomper.system import renaming
from tests.landing.transaction.world import AFTER, BEFORE, make_template
from tests.support.repositories import git, write

MINE = b"mine = 1\n"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Move:
    """The repository before a landing, and the landing."""
    return make_template(tmp_path_factory.mktemp("template") / "repo")


@pytest.fixture
def wanted(template: Move, tmp_path: Path) -> Move:
    """The landing in a copy of the repository."""
    root = tmp_path / "repo"
    shutil.copytree(template.root, root, symlinks=True)
    git(root, "update-index", "-q", "--refresh")
    return Move(root, root / ".git", root / ".git", "main", template.old, template.new, template.changes)


def land(move: Move, wait_s: float = 0.2) -> Ending:
    """Land it."""
    return carry_out(move, move.root.parent / "landing.lock", wait_s=wait_s)


@contextlib.contextmanager
def before_step(step: str, act: Callable[[], object]) -> Iterator[None]:
    """Do *act* once, before the first step of that name."""
    done: list[str] = []

    def listen(event: progress.Event) -> None:
        if isinstance(event, progress.LandingStep) and event.step == step and not done:
            done.append(step)
            act()

    with progress.listening(listen):
        yield


def state_of(root: Path) -> dict[str, str]:
    """All of a checkout and of what git keeps for it but objects, each with what it is."""
    found = {}
    for place in sorted(root.rglob("*")):
        name = str(place.relative_to(root))
        if name.startswith(".git/objects"):
            continue
        if place.is_symlink():
            found[name] = f"link to {place.readlink()}"
        elif place.is_file():
            found[name] = f"{place.stat().st_mode:o} {hashlib.sha256(place.read_bytes()).hexdigest()}"
        else:
            found[name] = "folder"
    return found


def is_landed(move: Move) -> bool:
    """Whether branch, index and files are as the landing makes them."""
    root = move.root
    there = {path: (root / path).read_bytes() for path in AFTER}
    assert there == {path: text.encode() if isinstance(text, str) else text for path, text in AFTER.items()}
    assert not (root / "gone").exists()
    assert git(root, "status", "--porcelain") == ""
    return git(root, "rev-parse", "HEAD", "main").split() == [move.new, move.new]


def test_files_index_and_branch_go_together(wanted: Move) -> None:
    """Changed, new, deleted and executable files; the reflog tells of it, and nothing else is left."""
    (wanted.root / ".git" / "ORIG_HEAD").write_text(f"{wanted.old}\n")
    assert land(wanted) == Ending("moved")
    assert is_landed(wanted)
    assert os.access(wanted.root / "run.sh", os.X_OK)
    assert git(wanted.root, "reflog", "-1", "--format=%gs") == "stomper"
    assert (wanted.root / ".git" / "ORIG_HEAD").read_text() == f"{wanted.old}\n"
    assert not (wanted.root / ".git" / "stomper-landing").exists()


def test_without_the_exchange_of_names(wanted: Move, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same on a system or a file system that cannot exchange two files in one step."""
    monkeypatch.setattr(renaming, "_renameat2", lambda: None)
    assert land(wanted).state == "moved"
    assert is_landed(wanted)


def _edit(root: Path) -> None:
    write(root, {"pkg/a.py": MINE})


def _edit_unseen(root: Path, flag: str) -> None:
    git(root, "update-index", flag, "pkg/a.py")
    _edit(root)


def _stage(root: Path) -> None:
    content = (root / "pkg/a.py").read_bytes()
    _edit(root)
    git(root, "add", "pkg/a.py")
    (root / "pkg/a.py").write_bytes(content)


def _link(root: Path) -> None:
    (root / "pkg/a.py").unlink()
    (root / "pkg/a.py").symlink_to("b.py")


def _folder(root: Path) -> None:
    (root / "pkg/a.py").unlink()
    (root / "pkg/a.py").mkdir()


def _move_folder(root: Path) -> None:
    (root / "pkg").rename(root / "elsewhere")
    (root / "pkg").symlink_to("elsewhere")


def _ignored(root: Path) -> None:
    write(root, {"new/folder/f.py": MINE, ".git/info/exclude": "new\n"})


IN_THE_WAY: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "edited": (_edit, "pkg/a.py", "edited"),
    "edited, of the same size": (lambda root: write(root, {"pkg/a.py": "import so\na = 1\n"}), "pkg/a.py", "edited"),
    "edited, assume-unchanged": (lambda root: _edit_unseen(root, "--assume-unchanged"), "pkg/a.py", "edited"),
    "edited, skip-worktree": (lambda root: _edit_unseen(root, "--skip-worktree"), "pkg/a.py", "edited"),
    "staged": (_stage, "pkg/a.py", "staged"),
    "deleted": (lambda root: (root / "pkg/a.py").unlink(), "pkg/a.py", "deleted"),
    "a link": (_link, "pkg/a.py", "a folder or a link"),
    "a folder": (_folder, "pkg/a.py", "a folder or a link"),
    "executable": (lambda root: (root / "pkg/a.py").chmod(0o755), "pkg/a.py", "edited"),
    "its folder a link": (_move_folder, "pkg/a.py", "a folder on the way"),
    "its folder gone": (lambda root: shutil.rmtree(root / "gone"), "gone/d.py", "a folder on the way"),
    "untracked": (lambda root: write(root, {"new/folder/f.py": MINE}), "new/folder/f.py", "does not track"),
    "ignored": (_ignored, "new/folder/f.py", "does not track"),
    "a file for a folder": (lambda root: write(root, {"new": MINE}), "new/folder/f.py", "a folder on the way"),
    "a link for a folder": (lambda root: (root / "new").symlink_to("pkg"), "new/folder/f.py", "a folder on the way"),
}  # fmt: skip


# Once git's own lock is held, it keeps users from what only git does.
BY_GIT = ("edited, assume-unchanged", "edited, skip-worktree", "staged")
MOMENTS = [
    pytest.param(kind, moment, marks=pytest.mark.slow if moment in ("locked", "file") else ())
    for kind in IN_THE_WAY
    for moment in ("staged", "locked", "looked", "file")
    if moment == "staged" or kind not in BY_GIT
]


@pytest.mark.parametrize(("kind", "moment"), MOMENTS)
def test_what_is_in_the_way_is_named_and_stays(wanted: Move, kind: str, moment: str) -> None:
    """Whatever the user has made of a file, even after the last look: it stays so, and so does all else."""
    act, path, words = IN_THE_WAY[kind]
    before: list[dict[str, str]] = []

    def go() -> None:
        act(wanted.root)
        before.append(state_of(wanted.root))

    with before_step(moment, go):
        ending = land(wanted)
    assert ending.state == "in the way"
    assert path in ending.files
    assert moment in ("looked", "file") or words in ending.files[path]
    assert all(p == path or kind == "its folder a link" for p in ending.files)
    ours = (".git/stomper-landing", ".git/index.lock", ".git/HEAD.lock", ".git/refs/heads/main.lock")
    left = {name: what for name, what in before[0].items() if not name.startswith(ours)}
    # What had changed places before the user came is back, too.
    now = state_of(wanted.root)
    assert {name: now.get(name) for name in left if name not in AFTER or name == path} == {
        name: what for name, what in left.items() if name not in AFTER or name == path
    }
    if kind != "its folder a link":
        untouched = {p: (wanted.root / p).read_bytes() for p in AFTER if p in BEFORE and p != path}
        texts = {p: BEFORE[p] for p in untouched}
        assert untouched == {p: t.encode() if isinstance(t, str) else t for p, t in texts.items()}
    assert git(wanted.root, "rev-parse", "HEAD") == wanted.old


def _break_reflog(root: Path) -> None:
    (root / ".git/logs/refs/heads/main").unlink()
    (root / ".git/logs/refs/heads/main").mkdir()
    write(root, {".git/logs/refs/heads/main/x": "x"})


FAILS: dict[str, Callable[[Path], object]] = {
    "the index is locked": lambda root: (root / ".git/index.lock").touch(),
    "HEAD is locked": lambda root: (root / ".git/HEAD.lock").touch(),
    "the branch is locked": lambda root: (root / ".git/refs/heads/main.lock").touch(),
    "the reflog cannot be written": _break_reflog,
    "a merge is under way": lambda root: write(root, {".git/MERGE_HEAD": "0\n"}),
    "a rebase is under way": lambda root: write(root, {".git/rebase-merge/head-name": "refs/heads/main\n"}),
    "patches are being applied": lambda root: write(root, {".git/rebase-apply/applying": ""}),
    "it is bisected": lambda root: write(root, {".git/BISECT_START": "main\n"}),
    "it is to be moved by a rebase": lambda root: write(
        root,
        {
            ".git/rebase-merge/head-name": "refs/heads/x\n",
            ".git/rebase-merge/update-refs": "refs/heads/main\n0\n0\n",
        },
    ),
    "another branch is checked out": lambda root: git(root, "switch", "--quiet", "-c", "here"),
    "no branch is checked out": lambda root: git(root, "switch", "--quiet", "--detach"),
    "it is checked out elsewhere": lambda root: git(
        root, "worktree", "add", "--quiet", "--force", str(root.parent / "side"), "main"
    ),
    "there is a new commit": lambda root: git(root, "commit", "--quiet", "--allow-empty", "-m", "mine"),
}


@pytest.mark.parametrize("kind", FAILS)
def test_a_failed_landing_leaves_no_trace(wanted: Move, kind: str) -> None:
    """Every file of the checkout and of git is what it was before."""
    FAILS[kind](wanted.root)
    before = state_of(wanted.root)
    with contextlib.suppress(RepositoryError):
        ending = land(wanted)
        assert ending.state == ("behind" if kind == "there is a new commit" else "refused")
        assert ending.state == "behind" or ending.why
    assert state_of(wanted.root) == before


@pytest.mark.parametrize("step", ["file", "files", "index"])
def test_what_fails_on_the_way_is_taken_back(wanted: Move, step: str) -> None:
    """An error of ours, or of the disk's, in the middle of the landing."""
    before = state_of(wanted.root)

    def fail() -> None:
        raise OSError(28, os.strerror(28))

    with before_step(step, fail), pytest.raises(OSError, match="No space left"):
        land(wanted)
    assert state_of(wanted.root) == before


def test_when_git_cannot_be_asked_any_more(wanted: Move, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk for temporary files is full, say: that the branch has not moved is known without git."""
    before = state_of(wanted.root)

    def fail() -> None:
        monkeypatch.setattr(tempfile, "tempdir", str(wanted.root / "not there"))

    with before_step("files", fail), pytest.raises(OSError, match="not there"):
        land(wanted)
    assert state_of(wanted.root) == before


def test_git_that_dies_before_it_moves_the_branch(wanted: Move, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files and index are put back."""
    before = state_of(wanted.root)

    def dies(reference: Reference) -> None:
        reference.talk.program.kill()
        reference.talk.program.wait()
        raise RepositoryError("git was killed")

    monkeypatch.setattr(Reference, "commit", dies)
    with pytest.raises(RepositoryError, match="git was killed"):
        land(wanted)
    left = {"HEAD.lock", "main.lock"}
    assert {k: v for k, v in state_of(wanted.root).items() if Path(k).name not in left} == before


def test_a_write_through_a_file_that_was_open(wanted: Move) -> None:
    """It is what lies in the checkout then, as an edit of the user; the fix is committed."""
    with (wanted.root / "pkg/a.py").open("ab") as open_before:

        def go() -> None:
            open_before.write(MINE)
            open_before.flush()

        with before_step("index", go):
            ending = land(wanted)
    assert (ending.state, ending.late) == ("moved", ("pkg/a.py",))
    assert (wanted.root / "pkg/a.py").read_bytes() == b"import os\na = 1\n" + MINE
    assert git(wanted.root, "status", "--porcelain") == "M pkg/a.py"


def test_a_lock_is_waited_for(wanted: Move) -> None:
    """One that is given back in time costs nothing."""
    lock = wanted.root / ".git" / "index.lock"
    lock.touch()
    waits: list[str] = []

    def listen(event: progress.Event) -> None:
        if isinstance(event, progress.StageBegan) and event.stage == "wait":
            waits.append(event.detail)
            threading.Timer(0.3, lock.unlink).start()

    with progress.listening(listen):
        assert land(wanted, wait_s=30).state == "moved"
    assert is_landed(wanted)
    assert waits == [f"another git holds {lock}"]


@pytest.mark.parametrize("flag", ["--skip-worktree", "--assume-unchanged"])
def test_flags_of_unchanged_files_stay(wanted: Move, flag: str) -> None:
    """A file that git is told to overlook, and that nobody has edited, is landed; git is told to overlook it as before."""
    git(wanted.root, "update-index", flag, "pkg/a.py")
    flagged = git(wanted.root, "ls-files", "-v", "pkg/a.py")
    assert land(wanted).state == "moved"
    assert is_landed(wanted)
    assert git(wanted.root, "ls-files", "-v", "pkg/a.py") == flagged


def test_a_sparse_checkout_stays_sparse(wanted: Move) -> None:
    """What is not in the checkout is landed in the index alone."""
    git(wanted.root, "sparse-checkout", "set", "--no-cone", "/*", "!/pkg/deep/")
    assert not (wanted.root / "pkg/deep").exists()
    assert land(wanted).state == "moved"
    assert not (wanted.root / "pkg/deep").exists()
    assert git(wanted.root, "status", "--porcelain") == ""
    assert git(wanted.root, "rev-parse", "main", ":pkg/deep/c.py").split() == [
        wanted.new, git(wanted.root, "rev-parse", f"{wanted.new}:pkg/deep/c.py")
    ]  # fmt: skip


def test_in_a_linked_worktree(wanted: Move, tmp_path: Path) -> None:
    """What git keeps for that checkout alone is where it lands."""
    git(wanted.root, "switch", "--quiet", "feature")
    side = tmp_path / "side"
    git(wanted.root, "worktree", "add", "--quiet", str(side), "main")
    own = Path(git(side, "rev-parse", "--absolute-git-dir"))
    assert land(Move(side, own, wanted.git_dir, "main", wanted.old, wanted.new, wanted.changes)).state == "moved"
    assert (side / "pkg/a.py").read_text() == "a = 1\n"
    assert git(side, "status", "--porcelain") == ""
    assert git(wanted.root, "status", "--porcelain") == ""


MEMORY = Path("/dev/shm")  # noqa: S108 - another file system than that of the tests, where there is one


@pytest.mark.skipif(not MEMORY.is_dir(), reason="no file system in memory")
def test_with_git_on_another_file_system(wanted: Move) -> None:
    """The new files are made in the checkout then, where git does not show them; nothing of it is left."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as name:
        git_dir = Path(name) / "git"
        shutil.move(wanted.git_dir, git_dir)
        (wanted.root / ".git").write_text(f"gitdir: {git_dir}\n")
        git(wanted.root, "config", "core.worktree", str(wanted.root))
        shown: list[str] = []
        with before_step("looked", lambda: shown.append(git(wanted.root, "status", "--porcelain"))):
            ending = land(Move(wanted.root, git_dir, git_dir, "main", wanted.old, wanted.new, wanted.changes))
        assert (ending.state, shown) == ("moved", [""])
        assert is_landed(wanted)
        assert [p.name for p in wanted.root.iterdir() if p.name.startswith(".stomper")] == []


@pytest.mark.skipif(not MEMORY.is_dir(), reason="no file system in memory")
def test_nothing_is_left_where_no_folder_can_be_made(wanted: Move) -> None:
    """The place for the new files in the checkout is taken."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as name:
        (wanted.root / ".stomper-landing").touch()
        with pytest.raises(OSError, match="stomper-landing"):
            make_folder(wanted.root, Path(name))
        assert list(Path(name).iterdir()) == []


def test_staged_and_other_edits_stay(wanted: Move) -> None:
    """What the user did to other files is neither landed nor lost."""
    write(wanted.root, {"other.txt": "staged\n", "mine.txt": MINE})
    git(wanted.root, "add", "other.txt")
    write(wanted.root, {"other.txt": "edited\n"})
    assert land(wanted).state == "moved"
    assert git(wanted.root, "status", "--porcelain").splitlines() == ["MM other.txt", "?? mine.txt"]
    assert git(wanted.root, "show", ":other.txt") == "staged"
