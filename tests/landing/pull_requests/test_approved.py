"""`approve = true` together with `land = "pr"`: what is proposed was agreed to, and is asked about once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from stomper.landing.approval import Answer
from stomper.models import Outcome, Status
from tests.support.campaigns import UNUSED, Place, only, outcome, serve
from tests.support.runs import command

pytestmark = pytest.mark.slow

TWO = 'import os\nprint(f"x")\n'


@dataclass
class Somebody:
    """Agrees to all but *not_these*, or does not answer at all. `shown` is what they were asked about, each time."""

    not_these: tuple[str, ...] = ()
    answers: bool = True
    shown: list[list[str]] = field(default_factory=list)

    def __call__(self, outcomes: Sequence[Outcome], timeout_s: float) -> Answer | None:
        assert timeout_s > 0
        self.shown.append(sorted(o.path for o in outcomes))
        return Answer("everything", dropped=frozenset(self.not_these)) if self.answers else None


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A repository with two files to repair, at a forge."""
    with serve(tmp_path / "remote", {"a.py": UNUSED, "b.py": UNUSED}) as served:
        monkeypatch.setenv("FORGE_TOKEN", served.stub.token)
        yield served


def test_only_what_was_approved_is_proposed(place: Place, tmp_path: Path) -> None:
    """The rest waits, and is asked about by the next run, which pays nobody; what is on the branch is not asked about
    again, and stays on it."""
    agent = command(tmp_path / "repo", "fix")
    first = Somebody(not_these=("b.py",))
    report = place.run(agents=agent, approve=True, ask=first)
    assert (first.shown, only(report).files, place.files()) == ([["a.py", "b.py"]], ("a.py",), ["a.py"])
    assert (outcome(report, "b.py").status, report.exit_code) == (Status.WAITING, 1)
    second = Somebody(answers=False)
    report = place.run(agents=agent, approve=True, ask=second)
    assert (second.shown, place.files(), place.one.state) == ([["b.py"]], ["a.py"], "open")
    assert outcome(report, "a.py").status is Status.FIXED
    third = Somebody()
    report = place.run(agents=agent, approve=True, ask=third)
    assert (third.shown, place.files(), report.exit_code) == ([["b.py"]], ["a.py", "b.py"], 0)
    assert only(report).done == "updated"
    place.commit("main", {"z.txt": "z\n"})
    report = place.run(agents=agent, approve=True, ask=third)
    assert (len(third.shown), only(report).files, report.exit_code) == (1, ("a.py", "b.py"), 0)
    assert (tmp_path / "calls.log").read_text(encoding="utf-8").count("=== call") == 2


def test_nothing_is_proposed_without_an_answer(place: Place) -> None:
    """No branch, no pull request."""
    report = place.run(approve=True, ask=Somebody(answers=False))
    assert (place.branches(), place.requests, report.pull_requests, report.exit_code) == ([], {}, (), 1)


def test_more_for_a_file_that_is_proposed(place: Place) -> None:
    """A fix of a file that goes beyond the one that was agreed to is asked about; until then the old one stays."""
    place.commit("main", {"a.py": TWO})
    narrow = {"ruff": {"args": ["--select", "F541"]}}
    place.run(checkers=narrow, approve=True, ask=Somebody())
    tip = place.tip()
    nobody = Somebody(answers=False)
    report = place.run(approve=True, ask=nobody)
    assert (nobody.shown, place.tip(), place.one.state) == ([["a.py", "b.py"]], tip, "open")
    assert outcome(report, "a.py").status is Status.WAITING
    report = place.run(approve=True, ask=Somebody())
    assert (only(report).files, report.exit_code) == (("a.py", "b.py"), 0)
