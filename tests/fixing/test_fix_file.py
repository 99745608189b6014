"""One file from its errors to a landed fix or the reason why not, with real git, ruff and pytest but without Prefect."""

from __future__ import annotations

from pathlib import Path

import pytest

from stomper.fixing.fix_file import process_file
from stomper.models import Status
from tests.support.repositories import MakeRepo, git, open_run, write
from tests.support.runs import RULES, command, nothing_landed, only, repair, scripted

UNUSED = "import os\n\n\ndef double(x):\n    return x + x\n"
CURED = "def double(x):\n    return x + x\n"
TESTED = {
    "shop.py": UNUSED,
    "test_shop.py": "from shop import double\n\n\ndef test_double():\n    assert double(2) == 4\n",
}


def test_cascade_goes_on_with_what_is_left(make_repo: MakeRepo) -> None:
    """The second agent gets only the errors the first left, on top of the first one's proven work."""
    root = make_repo({"shop.py": "import os\n\nl = 1\n"})
    table = scripted(root, {"action": "replace", "old": "l = 1", "new": "length = 1", "codes": ["E741"]})
    outcome = only(repair(root, agents={**table, "ruff": {"enabled": True}}))
    assert outcome.status is Status.FIXED
    assert [(a.agent, a.fixed) for a in outcome.attempts] == [("ruff", 1), ("scripted", 1)]
    assert outcome.agent == "ruff + scripted"
    assert (root / "shop.py").read_text().strip() == "length = 1"


def test_failed_second_agent_keeps_the_first_ones_work(make_repo: MakeRepo) -> None:
    """An agent that spoils the file does not take away what the agent before it has proven."""
    root = make_repo({"shop.py": "import os\n\nl = 1\n"})
    outcome = only(repair(root, agents={**scripted(root, {"action": "syntax_error"}), "ruff": {"enabled": True}}))
    assert outcome.status is Status.PARTIAL
    assert "guard syntax" in outcome.reason
    assert (root / "shop.py").read_text().strip() == "l = 1"


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        ("no_op", "nothing was changed"),
        ("new_error", "new error: shop.py:1 F401"),
        ("suppress", "guard suppression: it added a suppression in shop.py"),
        ("syntax_error", "guard syntax: shop.py no longer parses"),
        ("crash", "it crashed"),
    ],
)
def test_bad_answers_do_not_land(make_repo: MakeRepo, action: str, reason: str) -> None:
    """Each way of not repairing a file ends in a failed outcome with its reason, after every attempt, and lands nothing."""
    root = make_repo({"shop.py": UNUSED})
    landing = repair(root, agents=scripted(root, {"action": action}), max_attempts=2)
    outcome = only(landing)
    assert outcome.status is Status.FAILED
    assert reason in outcome.reason
    assert [a.number for a in outcome.attempts] == [1, 2]
    assert [d.code for d in outcome.remaining] == ["F401"]
    assert nothing_landed(root, landing)


def test_rejected_patch_is_kept_as_a_file(make_repo: MakeRepo) -> None:
    """The last patch that was turned down is kept outside the repository and applies to the base."""
    root = make_repo({"shop.py": UNUSED})
    outcome = only(repair(root, agents=scripted(root, {"action": "new_error"}, max_attempts=1)))
    assert Path(outcome.patch_file).is_file()
    assert git(root, "apply", "--check", outcome.patch_file) == ""


def test_edit_elsewhere_is_turned_down(make_repo: MakeRepo) -> None:
    """A fix that also edits another file is turned down, and the other file stays as it is."""
    root = make_repo({"shop.py": UNUSED, "other.py": "x = 1\n"})
    rules = ({"path": "shop.py", "action": "drop_lines"}, {"action": "edit_elsewhere", "other": "other.py"})
    landing = repair(root, agents=scripted(root, *rules, max_attempts=1))
    assert only(landing).status is Status.FAILED
    assert "guard scope: it edited other.py" in only(landing).reason
    assert nothing_landed(root, landing)


def test_new_file_elsewhere_is_turned_down(make_repo: MakeRepo) -> None:
    """A file that the agent adds counts as an edit elsewhere."""
    root = make_repo({"shop.py": UNUSED})
    rules = ({"action": "drop_lines"}, {"action": "edit_elsewhere", "other": "notes.txt"})
    landing = repair(root, agents=scripted(root, *rules, max_attempts=1))
    assert "it edited notes.txt" in only(landing).reason
    assert nothing_landed(root, landing)


def test_extra_files_may_be_edited(make_repo: MakeRepo) -> None:
    """A file that `extra_files` names may be edited beside the job's own, and lands with it in one commit."""
    root = make_repo({"shop.py": UNUSED, "other.py": "x = 1\n"})
    rules = ({"action": "drop_lines"}, {"action": "edit_elsewhere", "other": "other.py"})
    outcome = only(repair(root, agents=scripted(root, *rules), extra_files=["other.py"]))
    assert outcome.status is Status.FIXED
    assert git(root, "show", "--name-only", "--format=", "HEAD").split() == ["other.py", "shop.py"]


@pytest.mark.parametrize("validation", [pytest.param("full", marks=pytest.mark.slow), "final"])
def test_wrong_fix_is_kept_out_by_the_tests(make_repo: MakeRepo, validation: str) -> None:
    """A fix that satisfies the checkers and breaks a test does not land, whenever the tests are run."""
    root = make_repo(TESTED)
    agents = scripted(root, {"action": "wrong_fix"}, max_attempts=1)
    landing = repair(root, agents=agents, test_validation=validation)
    outcome = only(landing)
    assert outcome.status is Status.FAILED
    assert outcome.reason.startswith("tests:")
    assert "test_double" in outcome.reason
    assert ("tests" in [s.stage for s in outcome.spans]) == (validation == "full")
    assert nothing_landed(root, landing)


@pytest.mark.parametrize("validation", ["full", pytest.param("final", marks=pytest.mark.slow)])
def test_right_fix_passes_the_tests(make_repo: MakeRepo, validation: str) -> None:
    """A fix that leaves the tests as they are lands, whenever the tests are run."""
    root = make_repo(TESTED)
    assert only(repair(root, test_validation=validation)).status is Status.FIXED
    assert (root / "shop.py").read_text().strip() == CURED.strip()


def test_without_tests_a_wrong_fix_lands(make_repo: MakeRepo) -> None:
    """With `test_validation = "none"` the tests are not run: the checkers alone decide."""
    root = make_repo(TESTED)
    assert only(repair(root, agents=scripted(root, {"action": "wrong_fix"}))).status is Status.FIXED
    assert "return not" in (root / "shop.py").read_text()


@pytest.mark.slow
def test_failing_baseline_does_not_hold_back_a_fix(make_repo: MakeRepo) -> None:
    """A test that fails at the base commit already is not held against a fix."""
    root = make_repo({**TESTED, "test_red.py": "def test_red():\n    assert False\n"})
    assert only(repair(root, test_validation="full")).status is Status.FIXED


@pytest.mark.slow
def test_tests_that_fail_by_a_deleted_test_do_not_pass(make_repo: MakeRepo) -> None:
    """A fix in a test file that makes a test vanish does not land."""
    source = "import os\n\n\ndef test_one():\n    assert 1\n\n\ndef test_two():\n    assert 2\n"
    root = make_repo({"test_shop.py": source})
    rules = (
        {"action": "drop_lines"},
        {"action": "replace", "old": "\n\n\ndef test_two():\n    assert 2\n", "new": "\n"},
    )
    off = ["weakened_tests"]
    landing = repair(root, agents=scripted(root, *rules, max_attempts=1), test_validation="final", guards_off=off)
    assert "test_two is gone" in only(landing).reason
    assert nothing_landed(root, landing)


def test_proven_patch_of_an_unlanded_run_is_reused(make_repo: MakeRepo) -> None:
    """A patch that was proven in a run that did not land is taken again; the agent is not called twice."""
    root = make_repo({"shop.py": UNUSED})
    agents = command(root, "fix")
    session = open_run(root, agents=agents, checkers=RULES, test_validation="none")
    session.collect()
    first = [process_file(session, job) for job in session.select()[0]]
    session.close()
    outcome = only(repair(root, agents=agents))
    assert [a.reused for a in first[0].attempts] == [False]
    assert outcome.status is Status.FIXED
    assert [a.reused for a in outcome.attempts] == [True]
    assert (root.parent / "calls.log").read_text().count("=== call") == 1
    assert (root / "shop.py").read_text().strip() == CURED.strip()


def test_kept_patch_is_not_reused_for_another_content(make_repo: MakeRepo) -> None:
    """A kept patch belongs to the file's content: after a change to the file the agent is called again."""
    root = make_repo({"shop.py": UNUSED})
    agents = command(root, "fix")
    session = open_run(root, agents=agents, checkers=RULES, test_validation="none")
    session.collect()
    for job in session.select()[0]:
        process_file(session, job)
    session.close()
    write(root, {"shop.py": UNUSED + "\n\nx = 1\n"})
    git(root, "commit", "--quiet", "-am", "more")
    outcome = only(repair(root, agents=agents))
    assert [a.reused for a in outcome.attempts] == [False]
    assert (root / "shop.py").read_text().endswith("x = 1\n")


def test_unproven_patch_is_not_kept_for_reuse(make_repo: MakeRepo) -> None:
    """A patch that was turned down is not taken again: the next run calls the agent."""
    root = make_repo({"shop.py": UNUSED})
    agents = command(root, "delete", max_attempts=1)
    repair(root, agents=agents)
    outcome = only(repair(root, agents=agents))
    assert [a.reused for a in outcome.attempts] == [False]
    assert (root.parent / "calls.log").read_text().count("=== call") == 2


def test_one_failure_does_not_stop_the_others(make_repo: MakeRepo) -> None:
    """A file whose agent crashes fails alone; the others land."""
    root = make_repo({"a.py": UNUSED, "b.py": UNUSED, "c.py": UNUSED})
    rules = ({"path": "b.py", "action": "crash"}, {"path": "[ac].py", "action": "drop_lines"})
    landing = repair(root, agents=scripted(root, *rules, max_attempts=1))
    assert {o.path: o.status for o in landing.outcomes} == {
        "a.py": Status.FIXED,
        "b.py": Status.FAILED,
        "c.py": Status.FIXED,
    }
    assert sorted(entry.path for entry in landing.landed) == ["a.py", "c.py"]
    assert (root / "b.py").read_text() == UNUSED


def test_worktree_is_clean_for_the_next_file(make_repo: MakeRepo) -> None:
    """What one file's agent leaves behind does not leak into the next file's patch."""
    root = make_repo({"a.py": UNUSED, "b.py": UNUSED})
    rules = (
        {"path": "a.py", "action": "edit_elsewhere", "other": "litter.txt"},
        {"path": "b.py", "action": "drop_lines"},
    )
    landing = repair(root, agents=scripted(root, *rules, max_attempts=1), max_parallel_files=1)
    assert {o.path: o.status for o in landing.outcomes} == {"a.py": Status.FAILED, "b.py": Status.FIXED}
    assert git(root, "show", "--name-only", "--format=", "HEAD") == "b.py"


def test_nothing_of_the_run_is_left(make_repo: MakeRepo, fenced: Path) -> None:
    """After the run its clone, worktrees and caches are gone from the state folder."""
    root = make_repo({"shop.py": UNUSED})
    repair(root)
    assert list((fenced / "runs").iterdir()) == []
