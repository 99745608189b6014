"""Landing by pull requests: one for each campaign, kept up to date, and never over what people did."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from stomper.models import Status
from tests.campaigning import FIXED, UNUSED, Place, only, outcome, serve
from tests.conftest import git, write

MESS = {"a.py": UNUSED, "b.py": UNUSED}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A repository with two files to repair, at a forge."""
    monkeypatch.setenv("FORGE_TOKEN", "ghp_token_of_the_tests")
    with serve(tmp_path / "remote", MESS) as served:
        yield served


def test_fixes_become_one_pull_request(place: Place) -> None:
    """The branch of the campaign has a commit for each file, main is as it was, and the pull request says what it is."""
    before = place.tip("main")
    report = place.run(pr={"labels": ["bot"], "reviewers": ["ann"]})
    assert (report.exit_code, report.failure) == (0, "")
    request = only(report)
    assert (request.done, request.number, request.branch) == ("opened", 1, "stomper/fixes")
    assert request.files == ("a.py", "b.py")
    held = place.one
    assert (held.branch, held.base, held.labels, held.reviewers) == ("stomper/fixes", "main", ["bot"], ["ann"])
    assert held.title == "fix: resolve 2 errors in 2 files"
    assert "| `F401` | 2 | 2 |" in held.body
    assert place.files() == ["a.py", "b.py"]
    assert place.tip("main") == before
    assert git(place.bare, "rev-list", "--count", "main..stomper/fixes") == "2"
    assert {o.commit for o in report.outcomes} == set(git(place.bare, "rev-list", "main..stomper/fixes").splitlines())


def test_a_second_run_changes_nothing(place: Place) -> None:
    """The same state leads to the same branch: nothing is pushed, the pull request stays as it is."""
    place.run()
    tip, body = place.tip(), place.one.body
    report = place.run()
    assert only(report).done == "unchanged"
    assert (place.tip(), place.one.body, report.exit_code) == (tip, body, 0)
