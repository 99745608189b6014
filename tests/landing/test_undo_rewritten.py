"""Taking back what a run landed in histories that were merged, squashed, rebased or cut since."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from stomper.errors import RepositoryError, StomperError
from stomper.landing.undo import Undone, Wanted, undo
from tests.support.repositories import MakeRepo, git, write

UNUSED = "import os\nx = 1\n"
CURED = "x = 1\n"
RUN = "20261129-210000-abcdef"


def words(name: str, run: str = RUN, agent: str = "ruff") -> str:
    """The message of a fix."""
    trailers = f"Stomper-Run: {run}\nStomper-Agent: {agent}\nStomper-Codes: ruff:F401"
    return f"fix: resolve F401 in {name}\n\n- ruff F401: 1\n\n{trailers}"


def fixed(root: Path, *files: str, run: str = RUN) -> str:
    """Commit the fix of each file as a run does. Returns the last commit."""
    for name in files:
        write(root, {name: (root / name).read_text().replace("import os\n", "")})
        git(root, "commit", "--quiet", "-m", words(name, run), "--", name)
    return git(root, "rev-parse", "HEAD")


@pytest.fixture
def root(make_repo: MakeRepo) -> Path:
    """A repository with three files that each have an unused import."""
    return make_repo(dict.fromkeys(("a.py", "b.py", "c.py"), UNUSED))


def state(root: Path) -> tuple[str, ...]:
    """What undo may not change when it refuses."""
    return tuple(git(root, *asked) for asked in (("rev-parse", "HEAD"), ("status", "--porcelain"), ("for-each-ref",)))


def cured(root: Path) -> list[str]:
    """The files that are as a fix left them."""
    return [f.name for f in sorted(root.glob("*.py")) if f.read_text() == CURED]


def nothing_left(root: Path) -> bool:
    """Whether undo finds nothing to take back, and changes nothing."""
    before = state(root)
    with pytest.raises(StomperError, match="taken back already"):
        undo(root, Wanted(RUN))
    return state(root) == before


def test_a_merge_that_names_the_run_is_left(root: Path) -> None:
    """Its content is that of the commits that it merges, which are taken back; it is named."""
    git(root, "switch", "--quiet", "-c", "feature")
    fixed(root, "a.py")
    git(root, "switch", "--quiet", "main")
    git(root, "commit", "--quiet", "--allow-empty", "-m", "mine")
    git(root, "merge", "--quiet", "--no-ff", "-m", f"Merge: {words('a.py')}", "feature")
    done = undo(root, Wanted(RUN))
    assert len(done.reverts) == 1
    assert "is a merge" in "".join(done.passed_over)
    assert cured(root) == []
    assert nothing_left(root)


def test_an_empty_commit_that_names_the_run_is_left(root: Path) -> None:
    """There is nothing in it; the others are taken back."""
    fixed(root, "a.py")
    git(root, "commit", "--quiet", "--allow-empty", "-m", words("b.py"))
    done = undo(root, Wanted(RUN))
    assert (len(done.reverts), cured(root)) == (1, [])
    assert "is empty" in "".join(done.passed_over)
    assert nothing_left(root)


def test_a_squash_of_fixes_is_taken_back_as_one(root: Path) -> None:
    """However the messages of its parts are quoted in its own."""
    base = git(root, "rev-parse", "HEAD")
    fixed(root, "a.py", "b.py")
    git(root, "reset", "--quiet", "--soft", base)
    git(root, "commit", "--quiet", "-m", f"Fixes (#12)\n\n* {words('a.py')}\n\n* {words('b.py')}")
    done = undo(root, Wanted(RUN))
    assert (len(done.reverts), cured(root)) == (1, [])
    assert nothing_left(root)


def test_a_squash_with_other_runs_is_refused(root: Path) -> None:
    """It would take their fixes back, too. Nothing is changed, also where other commits could be taken back."""
    base = git(root, "rev-parse", "HEAD")
    fixed(root, "a.py")
    fixed(root, "b.py", run="other")
    git(root, "reset", "--quiet", "--soft", base)
    git(root, "commit", "--quiet", "-m", f"Fixes\n\n{words('a.py')}\n\n{words('b.py', 'other')}")
    fixed(root, "c.py")
    before = state(root)
    with pytest.raises(StomperError, match="holds fixes of other beside"):
        undo(root, Wanted(RUN))
    assert state(root) == before
    assert len(undo(root, Wanted(RUN, files=("c.py",))).reverts) == 1


def test_a_squash_with_work_of_somebodys_is_refused(root: Path) -> None:
    """By what `git merge --squash` writes of the commits."""
    git(root, "switch", "--quiet", "-c", "feature")
    fixed(root, "a.py")
    write(root, {"b.py": "mine = 1\n"})
    git(root, "commit", "--quiet", "-am", "mine")
    git(root, "switch", "--quiet", "main")
    git(root, "merge", "--quiet", "--squash", "feature")
    git(root, "commit", "--quiet", "--no-edit")
    with pytest.raises(StomperError, match="changes something else than the fixes that it names, or more"):
        undo(root, Wanted(RUN))


@pytest.mark.parametrize("message", [None, 'Revert "revert: fix (#7)"'])
def test_what_was_taken_back_and_brought_again_is_taken_back_again(root: Path, message: str | None) -> None:
    """Undo, the revert of the undo, whatever it says, and undo again: each time, not only the first."""
    fixed(root, "a.py", "b.py")
    for _ in range(2):
        assert len(undo(root, Wanted(RUN)).reverts) == 2
        assert cured(root) == []
        git(root, "revert", "--no-edit", "HEAD", "HEAD~1")
        if message:
            git(root, "commit", "--quiet", "--amend", "-m", message)
        assert cured(root) == ["a.py", "b.py"]
    assert len(undo(root, Wanted(RUN)).reverts) == 2
    assert nothing_left(root)


def test_what_another_run_did_again_is_that_runs(root: Path) -> None:
    """The same fix once more by another run: the first run has nothing there any more, the second has."""
    fixed(root, "a.py")
    undo(root, Wanted(RUN))
    fixed(root, "a.py", run="other")
    assert nothing_left(root)
    assert cured(root) == ["a.py"]
    assert len(undo(root, Wanted("other")).reverts) == 1


def test_what_a_person_did_again_is_theirs(root: Path) -> None:
    """After the undo somebody removes the import themselves: nothing of the run's is left to take back."""
    fixed(root, "a.py")
    undo(root, Wanted(RUN))
    write(root, {"a.py": CURED})
    git(root, "commit", "--quiet", "-am", "it is not used")
    assert nothing_left(root)


def test_an_undo_that_only_says_so_takes_nothing_back(root: Path) -> None:
    """An empty commit that claims to undo: the fix is still there, and is taken back."""
    sha = fixed(root, "a.py")
    git(root, "commit", "--quiet", "--allow-empty", "-m", f"revert: it\n\nStomper-Run: {RUN}\nStomper-Undo: {sha}")
    assert len(undo(root, Wanted(RUN)).reverts) == 1
    assert cured(root) == []


def rebased(root: Path) -> None:
    """Give all commits but the first new ids."""
    git(root, "-c", "rebase.autoSquash=false", "rebase", "--quiet", "--force-rebase", "--root", "--reset-author-date")


def picked(root: Path) -> None:
    """Go on to another branch, with copies of the commits after the first."""
    commits = git(root, "rev-list", "--reverse", "HEAD~2..HEAD").split()
    git(root, "switch", "--quiet", "-c", "elsewhere", git(root, "rev-list", "--max-parents=0", "HEAD"))
    write(root, {"a.py": UNUSED + "\n\n\n\n\ny = 2\n", "other.txt": ""})
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "-m", "elsewhere")
    git(root, "cherry-pick", *commits)


def amended(root: Path) -> None:
    """Give the last commit another id and subject."""
    message = git(root, "log", "-1", "--format=%B").replace("fix: resolve", "fix: get rid of")
    git(root, "commit", "--quiet", "--amend", "--date", "2020-01-01T00:00:00", "-m", message)


@pytest.mark.parametrize("rewritten", [rebased, picked, amended])
def test_new_ids_change_nothing(root: Path, rewritten: Callable[[Path], None]) -> None:
    """After a rebase, a cherry-pick or an amendment: what stands is taken back, what was taken back is not."""
    fixed(root, "b.py", "a.py")
    rewritten(root)
    assert len(undo(root, Wanted(RUN)).reverts) == 2
    assert cured(root) == []
    rebased(root)
    assert nothing_left(root)


def test_of_two_copies_one_is_taken_back(root: Path) -> None:
    """A fix and its cherry-pick, brought together by a merge."""
    base = git(root, "rev-parse", "HEAD")
    sha = fixed(root, "a.py")
    git(root, "switch", "--quiet", "-c", "other", base)
    git(root, "commit", "--quiet", "--allow-empty", "-m", "mine")
    git(root, "cherry-pick", sha)
    git(root, "switch", "--quiet", "main")
    git(root, "merge", "--quiet", "--no-edit", "other")
    assert len(undo(root, Wanted(RUN)).reverts) == 1
    assert (cured(root), nothing_left(root)) == ([], True)


def test_the_edge_of_a_shallow_clone_is_named(root: Path, tmp_path: Path) -> None:
    """What was before a fix is not there: a clear refusal; where it is, the fix is taken back."""
    fixed(root, "a.py", "b.py")
    for depth, fits in ((1, False), (2, False), (3, True)):
        clone = tmp_path / f"clone{depth}"
        git(tmp_path, "clone", "--quiet", f"--depth={depth}", f"file://{root}", str(clone))
        if fits:
            assert len(undo(clone, Wanted(RUN)).reverts) == 2
            continue
        before = state(clone)
        with pytest.raises(RepositoryError, match="not in this shallow clone: `git fetch --unshallow`"):
            undo(clone, Wanted(RUN))
        assert state(clone) == before


def test_replacements_and_grafts_do_not_count(root: Path) -> None:
    """What git shows in a commit's place, and parents that a file of grafts gives it, are not what lies in the history."""
    sha = fixed(root, "a.py")
    start = git(root, "rev-parse", "HEAD~1")
    git(root, "commit", "--quiet", "--allow-empty", "-m", "mine")
    git(root, "replace", sha, start)
    (root / ".git" / "info" / "grafts").write_text(f"{git(root, 'rev-parse', 'HEAD')}\n")
    assert len(undo(root, Wanted(RUN)).reverts) == 1
    assert cured(root) == []


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
def test_encodings(root: Path, encoding: str) -> None:
    """Messages in the encoding that the user's git writes, and names that are not UTF-8."""
    name = os.fsdecode(b"gr\xf6\xdfe.py")
    write(root, {name: UNUSED})
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "-m", "more")
    (root / name).write_text(CURED)
    message = f"fix: größe\n\nStomper-Run: {RUN}\nStomper-Agent: ruff\nStomper-Codes: ruff:F401\n".encode("latin-1")
    argv = ("git", "-c", f"i18n.commitEncoding={encoding}", "commit", "--quiet", "-a", "-F", "-")
    subprocess.run(argv, cwd=root, input=message, check=True, capture_output=True)
    (revert,) = undo(root, Wanted(RUN)).reverts
    assert (revert.path, (root / name).read_text()) == (name, UNUSED)
    assert "größe" in revert.subject


@pytest.mark.parametrize("driver", ["union", "ours"])
def test_a_merge_that_is_none_lands_nothing(root: Path, driver: str) -> None:
    """Attributes by which git merges files its own way: what is not exactly the way back is refused, all of it."""
    git(root, "config", "merge.ours.driver", "true")
    git(root, "config", "--global", "merge.ours.driver", "true")
    write(root, {".gitattributes": f"a.py merge={driver}\n", "a.py": "import os\nl = 1\n"})
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "-m", "attributes")
    fixed(root, "b.py")
    write(root, {"a.py": "import os\nsize = 1\n"})
    git(root, "commit", "--quiet", "-am", words("a.py"))
    write(root, {"a.py": "import os\nlength = 1\n"})
    git(root, "commit", "--quiet", "-am", "a better name")
    before = state(root)
    with pytest.raises(StomperError, match=r"a\.py.*cannot be taken back"):
        undo(root, Wanted(RUN))
    assert state(root) == before


def test_edits_elsewhere_in_the_file_stay(root: Path) -> None:
    """A later commit to other lines, and a fix that others had taken back in part."""
    write(root, {"a.py": "import os\n" + "x = 1\n" * 9 + "import re\n"})
    git(root, "commit", "--quiet", "-am", "two imports")
    write(root, {"a.py": "x = 1\n" * 9})
    git(root, "commit", "--quiet", "-am", words("a.py"))
    write(root, {"a.py": "import os\n" + "x = 1\n" * 4 + "mine = 2\n" + "x = 1\n" * 4})
    git(root, "commit", "--quiet", "-am", "one is used")
    done: Undone = undo(root, Wanted(RUN))
    assert len(done.reverts) == 1
    assert (root / "a.py").read_text() == "import os\n" + "x = 1\n" * 4 + "mine = 2\n" + "x = 1\n" * 4 + "import re\n"
