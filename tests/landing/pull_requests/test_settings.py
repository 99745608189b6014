"""The settings of pull requests, each by its effect at the forge."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from stomper.models import Status
from tests.support.campaigns import BOTH, BOTH_AT_NIGHT, UNUSED, Place, only, outcome, serve
from tests.support.forges.gitlab import GitLabStub
from tests.support.repositories import git


@pytest.fixture(params=["github"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A repository with a file to repair, at a forge."""
    with serve(tmp_path / "remote", {"a.py": UNUSED}, request.param) as served:
        monkeypatch.setenv("FORGE_TOKEN", served.stub.token)
        yield served


def is_draft(place: Place) -> bool:
    """Whether the only pull request is a draft. At GitLab the title says it."""
    return place.one.title.startswith("Draft: ") if place.kind == "gitlab" else place.one.draft


def mark(place: Place, *, draft: bool) -> None:
    """Somebody makes it a draft, or marks it as ready."""
    place.one.draft = draft
    if place.kind == "gitlab":
        place.one.title = f"{'Draft: ' if draft else ''}{place.one.title.removeprefix('Draft: ')}"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("place", "draft"), [("github", True), ("github", False), ("gitlab", True)], indirect=["place"]
)
def test_draft_says_how_it_is_opened(place: Place, draft: bool) -> None:
    """After that people decide: what they marked as ready, or as a draft, stays so when the next run updates it, and when
    it is closed."""
    place.run(pr={"draft": draft})
    assert is_draft(place) == draft
    mark(place, draft=not draft)
    place.commit("main", {"b.py": UNUSED})
    assert only(place.run(pr={"draft": draft})).done == "updated"
    assert is_draft(place) != draft
    assert "2 errors in 2 files" in place.one.title
    place.commit("main", {"a.py": "x = 1\n", "b.py": "x = 1\n"})
    assert only(place.run(pr={"draft": draft})).done == "closed"
    assert is_draft(place) != draft


@BOTH_AT_NIGHT
def test_auto_merge(place: Place) -> None:
    """The forge is asked to merge it by itself; without the setting it is not."""
    if isinstance(place.stub, GitLabStub):
        place.stub.pipeline = "running"
    place.run()
    assert not place.one.auto_merge
    place.run(pr={"auto_merge": True})
    assert (place.one.auto_merge, place.one.state) == (True, "open")


@pytest.mark.slow
@BOTH
def test_auto_merge_of_a_draft(place: Place) -> None:
    """It waits until people have marked it as ready."""
    if isinstance(place.stub, GitLabStub):
        place.stub.pipeline = "running"
    wanted: dict[str, object] = {"draft": True, "auto_merge": True}
    place.run(pr=wanted)
    assert not place.one.auto_merge
    mark(place, draft=False)
    place.run(pr=wanted)
    assert (place.one.auto_merge, is_draft(place)) == (True, False)


@pytest.mark.slow
def test_title(place: Place) -> None:
    """It is the title as given, with the group's name behind it; one that is changed is changed there."""
    place.run(pr={"title": "chore: nightly repair"})
    assert place.one.title == "chore: nightly repair"
    place.run(pr={"title": "chore: weekly repair"})
    assert (place.one.title, place.one.number) == ("chore: weekly repair", 1)
    place.run(pr={"title": "chore: repair", "campaign": "codes", "group_by": "code", "skip_files_in_open": False})
    assert place.requests[2].title == "chore: repair (F401)"


@pytest.mark.slow
@BOTH
def test_labels_and_reviewers(place: Place) -> None:
    """They are added; those that people added stay, and nobody is asked twice."""
    place.run(pr={"labels": ["bot"], "reviewers": ["ann"]})
    assert (place.one.labels, place.one.reviewers) == (["bot"], ["ann"])
    place.one.labels.append("theirs")
    place.one.reviewers.append("bob")
    before = len(place.api.writes())
    place.run(pr={"labels": ["bot"], "reviewers": ["ann"]})
    assert len(place.api.writes()) == before
    place.run(pr={"labels": ["bot", "lint"]})
    assert (place.one.labels, place.one.reviewers) == (["bot", "theirs", "lint"], ["ann", "bob"])


def test_base(place: Place) -> None:
    """Pull requests are for the branch that is named, built on its tip, whatever the default branch is at."""
    git(place.bare, "branch", "release", "main")
    place.commit("release", {"r.py": UNUSED})
    place.commit("main", {"m.py": UNUSED})
    report = place.run(pr={"base": "release"})
    assert only(report).files == ("a.py", "r.py")
    assert place.one.base == "release"
    assert git(place.bare, "merge-base", "release", "stomper/fixes") == place.tip("release")


@pytest.mark.slow
def test_folder_depth(place: Place) -> None:
    """It says how many names of a path make up the folder that parts the pull requests."""
    place.commit("main", {"a.py": "x = 1\n", "src/one/x.py": UNUSED, "src/two/deep/y.py": UNUSED})
    shallow = place.run(pr={"group_by": "folder", "campaign": "shallow"})
    assert [r.files for r in shallow.pull_requests] == [("src/one/x.py", "src/two/deep/y.py")]
    more: dict[str, object] = {"group_by": "folder", "folder_depth": 2, "skip_files_in_open": False}
    deep = place.run(pr={**more, "campaign": "deep"})
    assert [r.files for r in deep.pull_requests] == [("src/one/x.py",), ("src/two/deep/y.py",)]
    assert {held.title.partition(" (")[2] for held in place.requests.values()} == {"src)", "src/one)", "src/two)"}
    assert outcome(deep, "src/one/x.py").status is Status.FIXED
