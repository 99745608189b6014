"""One file from its errors to a landed fix or the reason why not, with real git, ruff and pytest but without Prefect."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from stomper.landing import Landing, land
from stomper.models import Outcome, Status
from stomper.process import process_file
from tests.conftest import MakeRepo, git, open_run, write

UNUSED = "import os\n\n\ndef double(x):\n    return x + x\n"
CURED = "def double(x):\n    return x + x\n"
TESTED = {
    "shop.py": UNUSED,
    "test_shop.py": "from shop import double\n\n\ndef test_double():\n    assert double(2) == 4\n",
}
# ruff's defaults change between its versions.
RULES: dict[str, object] = {"ruff": {"args": ["--select", "E4,E7,E9,F"]}}
# Keeps what it was told in a log beside the script; the second word says what to do to the file.
COMMAND = """\
import pathlib, sys
log, action, file = pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])
calls = log.read_text().count("=== call") if log.exists() else 0
prompt_file = pathlib.Path(sys.argv[4]).read_text() if len(sys.argv) > 4 else ""
with log.open("a") as out:
    out.write(f"=== call\\nargv {sys.argv[3:]}\\nstdin {sys.stdin.read()}\\nprompt_file {prompt_file}\\n")
source = file.read_text()
if action == "second" and not calls:
    file.write_text(source + "def broken(:\\n")
elif action in ("fix", "second"):
    file.write_text(source.replace("import os\\n", ""))
elif action == "delete":
    file.unlink()
elif action == "chmod":
    file.write_text(source.replace("import os\\n", ""))
    file.chmod(0o755)
elif action == "link":
    file.unlink()
    file.symlink_to("elsewhere.py")
elif action == "commit":
    import subprocess
    file.write_text(source.replace("import os\\n", ""))
    subprocess.run(["git", "-c", "user.name=A", "-c", "user.email=a@b", "commit", "-qam", "mine"], check=True)
elif action == "exit":
    file.write_text(source.replace("import os\\n", ""))
    sys.exit("out of credit")
"""


def scripted(root: Path, *rules: Mapping[str, object], **table: object) -> dict[str, object]:
    """The setting `agents` for a scripted agent alone that follows *rules*."""
    script = root.parent / "script.json"
    script.write_text(json.dumps({"rules": rules}), encoding="utf-8")
    return {"ruff": {"enabled": False}, "scripted": {"script": str(script), **table}}


def command(root: Path, action: str, **table: object) -> Mapping[str, object]:
    """The setting `agents` for a command agent alone that does *action*; it logs to `calls.log` beside the root."""
    program = root.parent / "agent.py"
    program.write_text(COMMAND, encoding="utf-8")
    argv = [sys.executable, str(program), str(root.parent / "calls.log"), action, "{file}", "{prompt_file}"]
    return {"ruff": {"enabled": False}, "mine": {"kind": "command", "command": argv, **table}}


def repair(root: Path, *, before_landing: Callable[[], object] | None = None, **settings: object) -> Landing:
    """Collect, select, process each file and land; *before_landing* happens in between. Without tests by default."""
    session = open_run(root, **{"checkers": RULES, "test_validation": "none", **settings})
    try:
        session.collect()
        outcomes = [process_file(session, job) for job in session.select()[0]]
        if before_landing is not None:
            before_landing()
        return land(session, outcomes, contextlib.nullcontext)
    finally:
        session.close()


def only(landing: Landing) -> Outcome:
    """The one outcome of a run over one file."""
    (outcome,) = landing.outcomes
    return outcome


def nothing_landed(root: Path, landing: Landing) -> bool:
    """Whether the branch and the files are as `make_repo` left them."""
    return not landing.landed and git(root, "rev-list", "--count", "HEAD") == "1" and not git(root, "status", "--short")


def test_ruff_agent_fixes_everything(make_repo: MakeRepo) -> None:
    """A file whose errors all have safe fixes is fixed by the ruff agent and lands."""
    root = make_repo({"shop.py": "import os\nimport sys\n\nprint(f'hello')\n"})
    outcome = only(repair(root))
    assert (outcome.status, outcome.agent, outcome.remaining) == (Status.FIXED, "ruff", ())
    assert sorted(d.code for d in outcome.fixed) == ["F401", "F401", "F541"]
    assert (root / "shop.py").read_text().strip() == "print('hello')"
    assert outcome.commit == git(root, "rev-parse", "HEAD")


def test_ruff_agent_fixes_a_part(make_repo: MakeRepo) -> None:
    """What ruff cannot fix stays, and what it can lands all the same, as a partial outcome."""
    root = make_repo({"shop.py": "import os\n\nl = 1\n"})
    outcome = only(repair(root))
    assert outcome.status is Status.PARTIAL
    assert [d.code for d in outcome.fixed] == ["F401"]
    assert [d.code for d in outcome.remaining] == ["E741"]
    assert (root / "shop.py").read_text().strip() == "l = 1"


def test_no_agent_takes_it(make_repo: MakeRepo) -> None:
    """An error that no agent can repair fails without an attempt."""
    root = make_repo({"shop.py": "l = 1\n"})
    landing = repair(root)
    assert only(landing).status is Status.FAILED
    assert only(landing).attempts == ()
    assert "no agent" in only(landing).reason
    assert nothing_landed(root, landing)


def test_unsafe_fixes_are_opt_in(make_repo: MakeRepo) -> None:
    """A fix that ruff marks unsafe is applied only with `unsafe_fixes`."""
    root = make_repo({"shop.py": "def f(x):\n    return x == None\n"})
    assert only(repair(root)).status is Status.FAILED
    assert only(repair(root, agents={"ruff": {"unsafe_fixes": True}})).status is Status.FIXED
    assert "x is None" in (root / "shop.py").read_text()


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


def test_hanging_agent_is_killed(make_repo: MakeRepo) -> None:
    """An agent that does not end is killed after its timeout, and the reason says so."""
    root = make_repo({"shop.py": UNUSED})
    landing = repair(root, agents=scripted(root, {"action": "hang"}, timeout_s=0.3, max_attempts=1))
    assert only(landing).status is Status.FAILED
    assert "took more than 0.3 s and was killed" in only(landing).reason
    assert nothing_landed(root, landing)


@pytest.mark.parametrize("validation", ["full", "final"])
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


@pytest.mark.parametrize("validation", ["full", "final"])
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


def test_failing_baseline_does_not_hold_back_a_fix(make_repo: MakeRepo) -> None:
    """A test that fails at the base commit already is not held against a fix."""
    root = make_repo({**TESTED, "test_red.py": "def test_red():\n    assert False\n"})
    assert only(repair(root, test_validation="full")).status is Status.FIXED


def test_tests_that_fail_by_a_deleted_test_do_not_pass(make_repo: MakeRepo) -> None:
    """A fix in a test file that makes a test vanish does not land."""
    source = "import os\n\n\ndef test_one():\n    assert 1\n\n\ndef test_two():\n    assert 2\n"
    root = make_repo({"test_shop.py": source})
    rules = (
        {"action": "drop_lines"},
        {"action": "replace", "old": "\n\n\ndef test_two():\n    assert 2\n", "new": "\n"},
    )
    landing = repair(root, agents=scripted(root, *rules, max_attempts=1), test_validation="final")
    assert "test_two is gone" in only(landing).reason
    assert nothing_landed(root, landing)


def test_command_agent_gets_the_file_and_the_prompt(make_repo: MakeRepo) -> None:
    """A command agent is given the file, and the prompt both on stdin and in a file, and its edit lands."""
    root = make_repo({"pkg/shop.py": UNUSED})
    outcome = only(repair(root, agents=command(root, "fix")))
    log = (root.parent / "calls.log").read_text()
    assert outcome.status is Status.FIXED
    assert outcome.agent == "mine"
    assert "argv ['./pkg/shop.py'" in log
    said, written = log.split("\nprompt_file ")
    for prompt in (said, written):
        assert "F401" in prompt
        assert "pkg/shop.py" in prompt
        assert "import os" in prompt
    assert log.count("=== call") == 1


def test_command_agent_cost_is_unknown(make_repo: MakeRepo) -> None:
    """What a command agent's call cost is unknown, never zero."""
    root = make_repo({"shop.py": UNUSED})
    assert [a.cost_usd for a in only(repair(root, agents=command(root, "fix"))).attempts] == [None]


def test_retry_prompt_carries_the_feedback(make_repo: MakeRepo) -> None:
    """The second attempt starts from the base again and is told why the first was turned down."""
    root = make_repo({"shop.py": UNUSED})
    outcome = only(repair(root, agents=command(root, "second")))
    first, second = (root.parent / "calls.log").read_text().split("=== call\n")[1:]
    assert outcome.status is Status.FIXED
    assert [a.result == "proven" for a in outcome.attempts] == [False, True]
    assert "not accepted" not in first
    assert "Your last attempt was not accepted" in second
    assert "guard syntax: shop.py no longer parses" in second
    assert "broken" not in (root / "shop.py").read_text()


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        ("delete", "guard shape: it deleted shop.py"),
        ("chmod", "guard shape: it changed the mode of shop.py"),
        ("link", "guard shape: it made shop.py a link"),
        ("exit", "exit code 1: out of credit"),
    ],
)
def test_command_agent_misbehaves(make_repo: MakeRepo, action: str, reason: str) -> None:
    """A command agent that deletes, links, makes executable or ends badly is turned down with the reason."""
    root = make_repo({"shop.py": UNUSED})
    landing = repair(root, agents=command(root, action, max_attempts=1))
    assert only(landing).status is Status.FAILED
    assert reason in only(landing).reason
    assert nothing_landed(root, landing)


def test_agent_that_commits_itself(make_repo: MakeRepo) -> None:
    """An agent's own commit in the worktree does not land; its change does, under Stomper's message."""
    root = make_repo({"shop.py": UNUSED})
    assert only(repair(root, agents=command(root, "commit"))).status is Status.FIXED
    assert git(root, "log", "--format=%s").splitlines() == ["fix: resolve F401 in shop.py", "start"]


def test_missing_agent_program(make_repo: MakeRepo) -> None:
    """A command agent whose program does not exist fails the file and names the program."""
    root = make_repo({"shop.py": UNUSED})
    agents = {"ruff": {"enabled": False}, "mine": {"kind": "command", "command": ["no-such-agent"], "max_attempts": 1}}
    outcome = only(repair(root, agents=agents))
    assert outcome.status is Status.FAILED
    assert "no-such-agent" in outcome.reason


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
