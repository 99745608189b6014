"""Whose change it was that came while an agent ran: another run's landing is no violation, all else is."""

from __future__ import annotations

import pytest

from tests.support.repositories import MakeRepo, git, open_run, write
from tests.support.runs import commit, repair

UNUSED = "import os\n"


def test_another_runs_landing_is_no_violation(make_repo: MakeRepo) -> None:
    """Two landings of other runs while an agent of this one works; the user has staged and unstaged edits of his own."""
    root = make_repo({"a.py": UNUSED, "b.py": UNUSED, "c.py": "x = 1\n", "d.py": "x = 1\n"})
    write(root, {"c.py": "x = 2\n", "d.py": "x = 2\n"})
    git(root, "add", "c.py")
    session = open_run(root, test_validation="none")
    try:
        with session.watch.during("agent", "z.py"):
            assert len(repair(root, include=["a.py"]).landed) == 1
            assert len(repair(root, include=["b.py"]).landed) == 1
        assert session.watch.found() == ()
    finally:
        session.close()


@pytest.mark.parametrize("how", ["commit", "back", "stage"])
def test_what_no_run_did_is_one(make_repo: MakeRepo, how: str) -> None:
    """A commit on top of another run's landing, that landing taken back, or a file staged beside it."""
    root = make_repo({"a.py": UNUSED, "c.py": "x = 1\n"})
    first = git(root, "rev-parse", "HEAD")
    if how == "back":
        repair(root)
    session = open_run(root, test_validation="none")
    try:
        with session.watch.during("agent", "z.py"):
            if how == "back":
                git(root, "reset", "--quiet", "--hard", first)
            else:
                repair(root)
            if how == "commit":
                commit(root, "c.py", "x = 2\n")
            if how == "stage":
                write(root, {"c.py": "x = 2\n"})
                git(root, "add", "c.py")
        seen = {violation.what for violation in session.watch.found()}
        assert seen == ({"the index", "file c.py"} if how == "stage" else {"ref refs/heads/main"})
    finally:
        session.close()


def test_a_branch_that_a_run_made(make_repo: MakeRepo) -> None:
    """Another run's new branch is its own; one that nobody's journal knows is not."""
    root = make_repo({"a.py": UNUSED})
    session = open_run(root, test_validation="none")
    try:
        with session.watch.during("agent", "z.py"):
            repair(root, land="branch")
        assert session.watch.found() == ()
        with session.watch.during("agent", "z.py"):
            git(root, "branch", "mine")
        assert [violation.what for violation in session.watch.found()] == ["ref refs/heads/mine"]
    finally:
        session.close()
