"""What automations are told: typed, final, bounded."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from stomper.models import Landed, Status
from stomper.progress import BudgetReached, Event, Violated, listening
from stomper.reports.events import KINDS, MOST_FILES, FileFixed, FileRejected, RunLanded, of_report
from tests.support.outcomes import COMMIT, failed, fixed, report
from tests.support.repositories import MakeRepo
from tests.support.runs import command, repair


def test_every_field_says_what_it_is() -> None:
    """The table in the documentation is made of it, and names are those that were promised."""
    assert [kind.name.removeprefix("stomper.") for kind in KINDS] == [
        "file.fixed", "file.rejected", "run.landed", "run.violation", "run.budget",
    ]  # fmt: skip
    assert [name for kind in KINDS for name, field in kind.model_fields.items() if not field.description] == []


def test_they_are_of_what_became_of_each_file() -> None:
    """One a file that was fixed or failed, none for one that was skipped or waits, and one for what landed."""
    waiting = fixed("c.py").rejected("waits", Status.WAITING)
    landed = (Landed(commit=COMMIT, path="a.py", subject="fix: a.py"),)
    told = list(of_report(report(fixed("a.py"), failed("b\udce9.py", "line\none"), waiting, landed=landed)))
    one, two, three = told
    assert isinstance(one, FileFixed)
    assert (one.path, one.codes, one.fixed, one.left, one.commit) == ("a.py", ("ruff F401",), 1, 0, COMMIT)
    assert isinstance(two, FileRejected)
    assert (two.path, two.codes, two.left, two.reason) == ("b\\udce9.py", ("ruff F821",), 1, "line one")
    assert isinstance(three, RunLanded)
    assert (three.commits, three.tip, three.fixed, three.left, three.waiting) == (1, COMMIT, 1, 2, 1)
    json.dumps([event.model_dump(mode="json") for event in told]).encode()
    with pytest.raises(ValidationError):
        one.path = "other"  # type: ignore[misc]


def test_they_are_bounded() -> None:
    """Very many files do not flood the server; what landed is told all the same."""
    many = [fixed(f"f{n}.py") for n in range(MOST_FILES + 50)]
    landed = (Landed(commit=COMMIT, path="f0.py", subject="fix"),)
    told = list(of_report(report(*many, landed=landed)))
    assert len(told) == MOST_FILES + 1
    assert isinstance(told[-1], RunLanded)


def test_nothing_landed_is_no_landing() -> None:
    """A run without a commit tells of none."""
    assert [event.name for event in of_report(report(failed("a.py")))] == ["stomper.file.rejected"]


def test_a_reached_budget_is_told_once(make_repo: MakeRepo) -> None:
    """When the first file is left, with what was spent by then."""
    root = make_repo({f"{name}.py": "import os\n" for name in "abc"})
    heard: list[Event] = []
    with listening(heard.append):
        repair(root, agents=command(root, "nothing"), max_agent_calls=1, max_attempts=1)
    (reached,) = [event for event in heard if isinstance(event, BudgetReached)]
    assert reached.calls == 1
    assert reached.limit == "max_agent_calls = 1 is reached"


def test_a_violation_is_told_when_it_is_seen(make_repo: MakeRepo) -> None:
    """An agent that plants a hook: what changed, and whose call was under way."""
    root = make_repo({"a.py": "import os\n"})
    agents = command(root, "nothing")
    table = dict(agents["mine"])  # type: ignore[call-overload]
    table["command"] = ["sh", "-c", f"touch {root}/.git/hooks/planted"]
    heard: list[Event] = []
    with listening(heard.append):
        repair(root, agents={**agents, "mine": table}, max_attempts=1)
    violated = [event for event in heard if isinstance(event, Violated)]
    assert "planted" in violated[0].what
    assert violated[0].agents == ("mine on a.py",)
