"""What lands without a test, what waits for one, and what is said of it."""

from __future__ import annotations

import pytest

from stomper.models import Status
from tests.support.repositories import MakeRepo
from tests.support.runs import only, repair, scripted

UNUSED = "import os\n\n\ndef one():\n    return 1\n"
TEST = "import a\n\n\ndef test_one():\n    assert a.one()\n"
LOGIC = ({"action": "drop_lines"}, {"action": "replace", "old": "return 1", "new": "return 2"})


@pytest.mark.slow
def test_ruffs_safe_fixes_land_where_there_are_no_tests(make_repo: MakeRepo) -> None:
    """With nothing required, and nothing claimed."""
    outcome = only(repair(make_repo({"a.py": UNUSED}), test_validation="final"))
    assert (outcome.status, outcome.evidence, outcome.required) == (Status.FIXED, "none", "none")
    assert outcome.commit


def test_a_change_of_logic_waits_where_there_are_no_tests(make_repo: MakeRepo) -> None:
    """The patch is kept, and the reason names what is missing."""
    root = make_repo({"a.py": UNUSED})
    landing = repair(root, agents=scripted(root, *LOGIC), test_validation="final")
    outcome = only(landing)
    assert (outcome.status, outcome.required, landing.landed) == (Status.WAITING, "tests passed", ())
    assert "needs `tests passed`" in outcome.reason
    assert outcome.patch_file


@pytest.mark.slow
def test_it_lands_where_it_is_asked_for(make_repo: MakeRepo) -> None:
    """`allow_unproven`, or no tests by choice."""
    for allowed, validation in ((True, "final"), (False, "none")):
        root = make_repo({"a.py": UNUSED}, validation)
        agents = scripted(root, *LOGIC)
        outcome = only(repair(root, agents=agents, test_validation=validation, allow_unproven=allowed))
        assert (outcome.status, outcome.evidence, outcome.required) == (Status.FIXED, "none", "none")


def test_a_change_of_logic_lands_where_tests_pass(make_repo: MakeRepo) -> None:
    """The complete suite has run over what lands."""
    root = make_repo({"a.py": UNUSED, "test_a.py": TEST})
    outcome = only(repair(root, agents=scripted(root, *LOGIC), test_validation="final"))
    assert (outcome.status, outcome.evidence, outcome.required) == (Status.FIXED, "tests passed", "tests passed")


def test_nobody_is_paid_before_there_is_a_measure(make_repo: MakeRepo) -> None:
    """With tests that cannot run, no agent is called: the file is left, and the run says why."""
    root = make_repo({"a.py": UNUSED, "test_a.py": "import nowhere_at_all\n"})
    landing = repair(root, agents=scripted(root, *LOGIC, call_cost_usd=1.0), include=["a.py"], test_validation="final")
    assert "the tests prove nothing at the base commit: 1 file(s) with tests cannot be read" in landing.failure
    assert only(landing).attempts == ()
    assert only(landing).status is Status.SKIPPED
    assert "the tests prove nothing" in only(landing).reason
