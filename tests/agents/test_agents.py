"""Each agent on a real file: what it is given, what it may do, and how it fails."""

from __future__ import annotations

import sys

import pytest

from stomper.models import Status
from stomper.system import processes
from tests.support.repositories import MakeRepo, git
from tests.support.runs import command, nothing_landed, only, repair, scripted

UNUSED = "import os\n\n\ndef double(x):\n    return x + x\n"
CURED = "def double(x):\n    return x + x\n"
TESTED = {
    "shop.py": UNUSED,
    "test_shop.py": "from shop import double\n\n\ndef test_double():\n    assert double(2) == 4\n",
}


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


def test_hanging_agent_is_killed(make_repo: MakeRepo) -> None:
    """An agent that does not end is killed after its timeout, and the reason says so."""
    root = make_repo({"shop.py": UNUSED})
    landing = repair(root, agents=scripted(root, {"action": "hang"}, timeout_s=0.3, max_attempts=1))
    assert only(landing).status is Status.FAILED
    assert "took more than 0.3 s and was killed" in only(landing).reason
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


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (
            "print('x' * 2 * 1024**2, flush=True); import time; time.sleep(600)",
            "it printed more than 1 MiB and was ended",
        ),
        ("import os; os.kill(os.getpid(), 11)", "it was ended by SIGSEGV"),
    ],
)
def test_how_a_command_agent_ended_is_said(
    make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch, code: str, reason: str
) -> None:
    """One that floods or is killed is told in words, not as an exit code that it never gave."""
    monkeypatch.setattr(processes, "CAPTURE_LIMIT", 1024**2)
    root = make_repo({"shop.py": UNUSED})
    argv = [sys.executable, "-c", code]
    agents = {"ruff": {"enabled": False}, "mine": {"kind": "command", "command": argv, "max_attempts": 1}}
    assert reason in only(repair(root, agents=agents)).reason


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
