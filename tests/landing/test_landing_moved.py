"""Landing while the user goes on: edits, commits, switches and deletes during the run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from stomper.models import Status
from tests.support.outcomes import report
from tests.support.repositories import MakeRepo, git, write
from tests.support.runs import by_path, command, commit, land_with, only, repair, scripted

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


def test_same_file_committed_elsewhere_in_it(make_repo: MakeRepo) -> None:
    """A fix and a commit of the user to other lines of one file are merged, proven again, and land."""
    root = make_repo({"a.py": "import os\n\n\n\n\n\n\nx = 1\n"})
    landing = repair(root, before_landing=lambda: commit(root, "a.py", "import os\n\n\n\n\n\n\nx = 2\n"))
    assert [entry.path for entry in landing.landed] == ["a.py"]
    assert git(root, "log", "--format=%s").splitlines()[:2] == ["fix: resolve F401 in a.py", "user edits a.py"]
    assert (root / "a.py").read_text().strip() == "x = 2"


def test_same_lines_committed_meanwhile(make_repo: MakeRepo) -> None:
    """Where a fix and the user's commit do not merge, the file is repaired once more from the new tip."""
    root = make_repo({"a.py": UNUSED, "b.py": UNUSED})
    landing = repair(root, before_landing=lambda: commit(root, "b.py", "import os\nx = 2\n"))
    assert sorted(entry.path for entry in landing.landed) == ["a.py", "b.py"]
    assert (root / "b.py").read_text() == "x = 2\n"
    assert git(root, "status", "--porcelain") == ""


def test_errors_that_the_user_repaired_meanwhile(make_repo: MakeRepo) -> None:
    """A file whose errors the user committed away is left alone and said to be so; the others land."""
    root = make_repo({"a.py": UNUSED, "b.py": UNUSED})
    landing = repair(root, before_landing=lambda: commit(root, "b.py", "x = 3\n"))
    outcome = by_path(landing)["b.py"]
    assert (outcome.status, outcome.remaining) == (Status.SKIPPED, ())
    assert [entry.path for entry in landing.landed] == ["a.py"]
    assert (root / "b.py").read_text() == "x = 3\n"
    assert report(*landing.outcomes).exit_code == 0


def test_all_of_it_done_by_another_run_meanwhile(make_repo: MakeRepo) -> None:
    """The later of two runs finds nothing left to do: nothing lands, and nothing is amiss."""
    root = make_repo({"a.py": UNUSED, "b.py": UNUSED})
    landing = repair(root, before_landing=lambda: repair(root))
    assert landing.landed == ()
    assert (landing.failure, report(*landing.outcomes).exit_code) == ("", 0)
    assert git(root, "rev-list", "--count", "HEAD") == "3"


def test_fixes_of_two_files_that_meet_in_a_third(make_repo: MakeRepo) -> None:
    """Two patches that both touch a file beside their own: both land when they merge, the later is made anew if not."""
    middle = "# one\n\n\n\n\n\n\n\n\n# two\n"
    root = make_repo({"a.py": UNUSED, "b.py": UNUSED, "shared.txt": middle})
    rules = [{"path": f"{name}.py", "action": "drop_lines"} for name in "ab"] + [
        {"path": "a.py", "action": "edit_elsewhere", "other": "shared.txt", "new": "from a\n"},
        {"path": "b.py", "action": "edit_elsewhere", "other": "shared.txt", "new": "from b\n"},
    ]
    landing = repair(root, agents=scripted(root, *rules), extra_files=["shared.txt"])
    assert sorted(entry.path for entry in landing.landed) == ["a.py", "b.py"]
    assert (root / "shared.txt").read_text() == middle + "from a\nfrom b\n"
    for entry in landing.landed:
        assert git(root, "show", "--name-only", "--format=", entry.commit).split() == [entry.path, "shared.txt"]


def test_file_deleted_meanwhile(make_repo: MakeRepo) -> None:
    """A file the user deletes in a commit meanwhile does not come back, and the patch for it is kept."""
    root = make_repo({"a.py": UNUSED, "b.py": UNUSED})

    def delete() -> None:
        git(root, "rm", "--quiet", "b.py")
        git(root, "commit", "--quiet", "-m", "delete")

    landing = repair(root, before_landing=delete)
    assert by_path(landing)["b.py"].status is Status.SKIPPED
    assert "-import os" in Path(by_path(landing)["b.py"].patch_file).read_text()
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
    """When the user is on another branch by now, both branches and the checkout stay, and the fix waits."""
    root = make_repo({"a.py": UNUSED})
    head = git(root, "rev-parse", "HEAD")
    landing = repair(root, before_landing=lambda: git(root, "switch", "--quiet", "-c", "elsewhere"))
    outcome = only(landing)
    assert (outcome.status, landing.failure) == (Status.WAITING, "")
    assert "is on elsewhere by now: `git switch main`" in outcome.reason
    assert Path(outcome.patch_file).parent.name == "proven"
    assert git(root, "rev-parse", "main", "elsewhere").split() == [head, head]
    assert git(root, "status", "--short", "--branch") == "## elsewhere"
    assert (root / "a.py").read_text() == UNUSED


def test_what_waits_for_a_rebase_lands_by_the_next_run(make_repo: MakeRepo) -> None:
    """While the branch is being rebased, nothing lands; the rebase ends as if nobody had been there, and then the next run
    lands the fix without paying for it again."""
    root = make_repo({"a.py": UNUSED, "b.py": "1\n"})
    commit(root, "b.py", "2\n")
    agents = command(root, "fix")

    def begin() -> None:
        git(root, "-c", "sequence.editor=sed -i 1s/pick/edit/", "rebase", "--quiet", "-i", "HEAD~1")

    outcome = only(repair(root, agents=agents, before_landing=begin))
    assert outcome.status is Status.WAITING
    assert "main is being rebased" in outcome.reason
    git(root, "rebase", "--continue")
    assert git(root, "log", "--format=%s", "main").splitlines() == ["user edits b.py", "start"]
    outcome = only(repair(root, agents=agents))
    assert (outcome.status, [a.reused for a in outcome.attempts]) == (Status.FIXED, [True])
    assert (root.parent / "calls.log").read_text().count("=== call") == 1
    assert git(root, "rev-parse", "main") == outcome.commit


def test_branch_deleted_meanwhile(make_repo: MakeRepo) -> None:
    """A branch that was deleted during the run does not come back: the error names it."""
    root = make_repo({"a.py": UNUSED})

    def delete() -> None:
        git(root, "switch", "--quiet", "-c", "elsewhere")
        git(root, "branch", "--quiet", "-D", "main")

    landing = repair(root, before_landing=delete)
    assert "main was deleted" in landing.failure
    assert "-import os" in Path(only(landing).patch_file).read_text()
    assert git(root, "branch", "--format=%(refname:short)") == "elsewhere"
