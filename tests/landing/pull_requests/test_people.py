"""What people do with a branch and a pull request of ours: it is theirs to decide, and nothing of it is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stomper.models import Status
from tests.support.campaigns import BOTH_AT_NIGHT, FIXED, MESS, UNUSED, Place, calls, only, outcome, serve
from tests.support.remotes import hook
from tests.support.repositories import git, write
from tests.support.runs import command


@pytest.fixture(params=["github"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A repository with two files to repair, at a forge."""
    with serve(tmp_path / "remote", MESS, request.param) as served:
        monkeypatch.setenv("FORGE_TOKEN", served.stub.token)
        yield served


def ours(place: Place, *more: str) -> Path:
    """Somebody's clone with our branch checked out."""
    work = place.checkout("stomper/fixes")
    for word in more:
        git(work, "config", *word.split("="))
    return work


def amend(place: Place) -> None:
    """With another message."""
    git(ours(place), "commit", "--amend", "--quiet", "-m", "reworded")


def append(place: Place) -> None:
    """Words after the seal."""
    said = git(ours(place), "log", "-1", "--format=%B")
    git(ours(place), "commit", "--amend", "--quiet", "-m", said + "\n\nCo-authored-by: Ann <ann@example.org>")


def add(place: Place) -> None:
    """A commit on top."""
    write(ours(place), {"a.py": "x = 1\n"})
    git(ours(place), "commit", "--quiet", "-am", "by hand")


def change(place: Place) -> None:
    """The content of our commit, its message kept."""
    write(ours(place), {"b.py": "x = 1\n"})
    git(ours(place), "commit", "--quiet", "--all", "--amend", "--no-edit")


def drop(place: Place) -> None:
    """Our last commit."""
    git(ours(place), "reset", "--quiet", "--hard", "HEAD~1")


def merge(place: Place) -> None:
    """Main, as the button of the forge does it."""
    place.commit("main", {"z.txt": "z\n"})
    git(ours(place), "merge", "--quiet", "--no-edit", "origin/main")


def rebase(place: Place) -> None:
    """Onto main."""
    place.commit("main", {"z.txt": "z\n"})
    git(ours(place), "rebase", "--quiet", "origin/main")


def squash(place: Place) -> None:
    """Both commits to one, with the last one's message."""
    work = ours(place)
    said = git(work, "log", "-1", "--format=%B")
    git(work, "reset", "--quiet", "--soft", "origin/main")
    git(work, "commit", "--quiet", "-m", said)


@pytest.mark.parametrize(
    "edit",
    [change, *(pytest.param(e, marks=pytest.mark.slow) for e in (amend, append, add, drop, merge, rebase, squash))],
)
def test_a_branch_that_people_worked_on_is_left_alone(
    place: Place, tmp_path: Path, edit: Callable[[Place], None]
) -> None:
    """Whatever they did: the branch stays as it is, its files are skipped with the reason, and nobody is paid."""
    place.run()
    edit(place)
    git(ours_of(place), "push", "--quiet", "--force", "origin", "HEAD:refs/heads/stomper/fixes")
    tip, body = place.tip(), place.one.body
    report = place.run(agents=command(tmp_path / "repo", "fix"))
    assert (place.tip(), place.one.body, place.one.state) == (tip, body, "open")
    assert (only(report).done, report.exit_code, calls(tmp_path)) == ("left to a human", 1, 0)
    for name in MESS:
        assert outcome(report, name).status is Status.SKIPPED
        assert place.requests[1].branch == "stomper/fixes"
        assert "pull request #1" in outcome(report, name).reason


def ours_of(place: Place) -> Path:
    """Somebody's clone as it is."""
    return place.bare.parent / "somebody"


@BOTH_AT_NIGHT
def test_somebody_pushes_between_our_look_and_our_push(place: Place) -> None:
    """The lease fails: their commit stays, and it is told."""
    place.run()
    place.commit("main", {"c.py": UNUSED})
    theirs: list[str] = []
    report = place.run(before_landing=lambda: late(place, theirs))
    assert place.tip() == theirs[0]
    assert only(report).done == "left to a human"
    assert "by Ann (by hand) is on it" in outcome(report, "c.py").reason


def late(place: Place, theirs: list[str]) -> None:
    """Have them push when ours is about to arrive: the remote's own hook does it first."""
    work = place.checkout("stomper/fixes")
    write(work, {"a.py": "x = 1\n"})
    git(work, "-c", "user.name=Ann", "commit", "--quiet", "-am", "by hand")
    theirs.append(git(work, "rev-parse", "HEAD"))
    git(work, "push", "--quiet", "origin", "HEAD:refs/heads/waiting")
    moves = (f"update-ref refs/heads/stomper/fixes {theirs[0]}", "update-ref -d refs/heads/waiting")
    script = "\n".join(["unset GIT_QUARANTINE_PATH", *(f"git {move}" for move in moves), "rm -f hooks/pre-receive"])
    hook(place.bare, "pre-receive", script)


@pytest.mark.parametrize("way", ["squash", *(pytest.param(w, marks=pytest.mark.slow) for w in ("merge", "rebase"))])
def test_a_merged_pull_request(place: Place, way: str) -> None:
    """However it was merged: the branch that has done its part is deleted, and new errors get a new pull request."""
    place.run()
    work = place.checkout("main")
    git(work, "fetch", "--quiet", "origin")
    if way == "merge":
        git(work, "merge", "--quiet", "--no-ff", "--no-edit", "origin/stomper/fixes")
    elif way == "squash":
        git(work, "merge", "--quiet", "--squash", "origin/stomper/fixes")
        git(work, "commit", "--quiet", "-m", "squashed")
    else:
        git(work, "commit", "--quiet", "--allow-empty", "-m", "other work")
        git(work, "cherry-pick", "origin/main..origin/stomper/fixes")
    git(work, "push", "--quiet", "origin", "main")
    held = place.one
    held.head, held.state, held.merged = place.tip(), "closed", True
    report = place.run()
    assert (report.exit_code, report.outcomes, place.branches()) == (0, (), [])
    place.commit("main", {"c.py": UNUSED})
    assert (only(place.run()).number, place.files()) == (2, ["c.py"])


@pytest.mark.slow
@BOTH_AT_NIGHT
def test_people_closed_it(place: Place) -> None:
    """The same fixes are not proposed again, nor paid for; others are, alone."""
    place.run()
    place.stub.store.end(1)
    report = place.run()
    assert (len(place.requests), report.exit_code) == (1, 1)
    assert "was closed without merging it" in outcome(report, "a.py").reason
    place.commit("main", {"c.py": UNUSED})
    report = place.run()
    assert (only(report).done, only(report).files, only(report).number) == ("opened", ("c.py",), 2)
    tip = place.tip()
    report = place.run()
    assert (only(report).files, place.tip()) == (("c.py",), tip)
    assert outcome(report, "a.py").status is Status.SKIPPED


@pytest.mark.slow
@BOTH_AT_NIGHT
def test_nothing_is_left(place: Place) -> None:
    """Once its errors are gone from main, the pull request is closed with a comment, and its branch deleted. Should they
    come back, they are repaired again."""
    place.run()
    place.commit("main", dict.fromkeys(MESS, FIXED))
    report = place.run()
    assert (only(report).done, report.exit_code, place.one.state, place.branches()) == ("closed", 0, "closed", [])
    assert "its errors are gone" in place.one.comments[0]
    place.commit("main", MESS)
    assert only(place.run()).done == "opened"


@pytest.mark.slow
@BOTH_AT_NIGHT
def test_files_of_others_open_pull_requests_are_left(place: Place, tmp_path: Path) -> None:
    """They are skipped with the reason before anybody is paid, unless the settings say otherwise."""
    git(place.bare, "branch", "feature", "main")
    place.commit("feature", {"a.py": "import os, sys\n"})
    place.stub.store.open("feature", "main", "work", "")
    report = place.run(agents=command(tmp_path / "repo", "fix"))
    assert outcome(report, "a.py").reason.startswith("touched by open pull request #1 (")
    assert (only(report).files, calls(tmp_path)) == (("b.py",), 1)
    assert only(place.run(pr={"skip_files_in_open": False})).files == ("a.py", "b.py")
