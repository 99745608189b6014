"""What must never come of pull requests: a set that was not proven, people's work lost, a token at the wrong host."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from stomper.models import Status
from tests.campaigning import UNUSED, Place, outcome, serve

# Holds for both fixes together, and for none of them, but for no single one.
TOGETHER = (
    "import pathlib\n\n\ndef test_alike():\n"
    "    assert len({'import os' in pathlib.Path(n).read_text() for n in ('x/a.py', 'y/b.py')}) == 1\n"
)
PAIR = {"x/a.py": UNUSED, "y/b.py": UNUSED, "test_alike.py": TOGETHER}


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A repository whose two fixes hold only together."""
    monkeypatch.setenv("FORGE_TOKEN", "ghp_token_of_the_tests")
    with serve(tmp_path / "remote", PAIR) as served:
        yield served


@pytest.mark.parametrize("limit", [{"max_files": 1}, {"max_open": 1, "group_by": "folder"}])
def test_what_a_limit_left_of_a_set_is_proven_by_itself(pair: Place, limit: dict[str, object]) -> None:
    """Where a limit takes one of two fixes out, the other one is not proposed on the proof of both."""
    report = pair.run(pr=limit, test_validation="final")
    assert (pair.branches(), pair.requests) == ([], {})
    assert report.exit_code == 1
    assert outcome(report, "x/a.py").status is not Status.FIXED
    assert "test_alike" in outcome(report, "x/a.py").reason


def test_both_of_a_pair_are_proposed(pair: Place) -> None:
    """Without a limit the pair is in one pull request."""
    report = pair.run(test_validation="final")
    assert (report.exit_code, pair.files()) == (0, ["x/a.py", "y/b.py"])
