"""Taking back what a run landed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from stomper.errors import RepositoryError, StomperError
from stomper.landing.undo import Wanted, undo
from tests.support.repositories import MakeRepo, git, write
from tests.support.runs import commit, repair, scripted, snapshot

UNUSED = "import os\nx = 1\n"
FILES = {"a.py": UNUSED, "b.py": "l = 1\n", "c d.py": UNUSED}


@pytest.fixture
def repaired(make_repo: MakeRepo) -> tuple[Path, str]:
    """A repository with three landed fixes by two agents, and the run that made them."""
    root = make_repo(FILES)
    agents = scripted(root, {"path": "b.py", "action": "replace", "old": "l =", "new": "long ="})
    landing = repair(root, agents={**agents, "ruff": {}})
    assert len(landing.landed) == 3
    return root, git(root, "log", "-1", "--format=%(trailers:key=Stomper-Run,valueonly)").strip()


def subjects(root: Path) -> list[str]:
    """The subjects of the commits, the newest first."""
    return git(root, "log", "--format=%s").splitlines()


def test_all_of_a_run(repaired: tuple[Path, str]) -> None:
    """Every commit of the run is reverted by one of its own; the tree is that of before, and so is the checkout."""
    root, run = repaired
    assert len(undo(root, Wanted(run)).reverts) == 3
    assert git(root, "rev-parse", "HEAD^{tree}") == git(root, "rev-parse", "HEAD~6^{tree}")
    assert sorted(subjects(root)[:3]) == sorted(f"revert: {s}" for s in subjects(root)[3:6])
    assert {name: (root / name).read_text() for name in FILES} == FILES
    assert git(root, "status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("wanted", "back"),
    [
        ({"files": ("c d.py",)}, ["c d.py"]),
        ({"codes": ("F4",)}, ["a.py", "c d.py"]),
        ({"codes": ("E741",)}, ["b.py"]),
        ({"agents": ("scripted",)}, ["b.py"]),
        ({"agents": ("ruff",), "files": ("a.py", "b.py")}, ["a.py"]),
    ],
)
def test_a_part_of_a_run(repaired: tuple[Path, str], wanted: dict[str, tuple[str, ...]], back: list[str]) -> None:
    """Only the commits of these files, codes or agents are reverted."""
    root, run = repaired
    assert sorted(entry.path for entry in undo(root, Wanted(run, **wanted)).reverts) == back
    assert sorted(name for name in FILES if (root / name).read_text() == FILES[name]) == back


def test_nothing_twice(repaired: tuple[Path, str]) -> None:
    """What is taken back is not taken back again; the rest still can be."""
    root, run = repaired
    undo(root, Wanted(run, files=("a.py",)))
    assert len(undo(root, Wanted(run)).reverts) == 2
    with pytest.raises(StomperError, match="not taken back already"):
        undo(root, Wanted(run))


def test_what_later_commits_build_on_stays(repaired: tuple[Path, str]) -> None:
    """A later commit to the same lines: refused with its name, and nothing at all is changed."""
    root, run = repaired
    commit(root, "a.py", "x = 2\n")
    before = snapshot(root)
    with pytest.raises(RepositoryError, match=r"(?s)F401 in a\.py.*user edits a\.py"):
        undo(root, Wanted(run))
    assert {k: v for k, v in snapshot(root).items() if "objects" not in k} == {
        k: v for k, v in before.items() if "objects" not in k
    }
    assert len(undo(root, Wanted(run, files=("b.py", "c d.py"))).reverts) == 2


def test_uncommitted_changes_stay(repaired: tuple[Path, str]) -> None:
    """A file that is being edited is named and nothing is reverted; edits elsewhere do not matter."""
    root, run = repaired
    write(root, {"a.py": "mine\n", "notes.txt": "mine\n"})
    with pytest.raises(RepositoryError, match=r"a\.py: commit or stash"):
        undo(root, Wanted(run))
    assert len(undo(root, Wanted(run, files=("b.py",))).reverts) == 1
    assert (root / "a.py").read_text() == "mine\n"


def test_an_unknown_run_is_named_with_those_there_are(repaired: tuple[Path, str]) -> None:
    """A misspelled run is refused with the runs that have commits here."""
    root, run = repaired
    with pytest.raises(StomperError, match=f"no commit of run 'other'.*{run}"):
        undo(root, Wanted("other"))
    with pytest.raises(StomperError, match="none of the 3 commit"):
        undo(root, Wanted(run, files=("other.py",)))


def _squash(root: Path) -> None:
    """As forges do it, with the messages of all commits in one."""
    said = git(root, "log", "--reverse", "--format=* %B", "HEAD~4..HEAD")
    git(root, "reset", "--quiet", "--soft", "HEAD~4")
    git(root, "commit", "--quiet", "-m", f"Feature (#12)\n\n{said}")


def _squash_with_mine(root: Path) -> None:
    write(root, {"mine.py": "mine = 1\n"})
    git(root, "add", "mine.py")
    git(root, "commit", "--quiet", "-m", "feat: mine")
    _squash(root)


def _amend_with_mine(root: Path) -> None:
    write(root, {"c d.py": (root / "c d.py").read_text() + "mine = 1\n"})
    git(root, "commit", "--quiet", "--amend", "--no-edit", "--all")


@pytest.mark.parametrize("rewrite", [_squash_with_mine, _amend_with_mine])
def test_what_somebody_has_added_to_a_fix_is_not_taken_along(
    repaired: tuple[Path, str], rewrite: Callable[[Path], None]
) -> None:
    """In a squash or by an amendment: it is refused, and nothing is changed."""
    root, run = repaired
    rewrite(root)
    before = snapshot(root)
    with pytest.raises(StomperError, match="changes something else than the fixes that it names, or more"):
        undo(root, Wanted(run))
    assert snapshot(root) == before


def test_a_squash_of_the_run_alone(repaired: tuple[Path, str]) -> None:
    """It is taken back as one, and not for the sake of one file in it."""
    root, run = repaired
    git(root, "commit", "--quiet", "--allow-empty", "-m", "chore: nothing")
    _squash(root)
    with pytest.raises(StomperError, match="holds other fixes of the run as well"):
        undo(root, Wanted(run, files=("a.py",)))
    assert len(undo(root, Wanted(run)).reverts) == 1
    assert {name: (root / name).read_text() for name in FILES} == FILES
