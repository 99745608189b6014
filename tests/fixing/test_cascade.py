"""Who is asked, how, how often, and when it is enough."""

from __future__ import annotations

import pytest

from stomper.models import Status
from tests.support.listeners import CHEAT, CURE, NOTHING, UNUSED, listener, told
from tests.support.repositories import MakeRepo, git, write
from tests.support.runs import only, repair


def test_an_agent_that_repeats_itself_is_given_up(make_repo: MakeRepo) -> None:
    """The same wrong diff for the second time is the last."""
    root = make_repo({"shop.py": UNUSED})
    outcome = only(repair(root, agents=listener(root, CHEAT), max_attempts=6))
    assert [a.number for a in outcome.attempts] == [1, 2]


def test_what_the_prompt_has_no_room_for_comes_later(make_repo: MakeRepo) -> None:
    """Errors that were not shown are no failed attempt: the file is worked through, batch by batch."""
    root = make_repo({"shop.py": "".join(f"import module_{n:03}_{'x' * 40}\n" for n in range(60))})
    shown = "import re\nlines = {int(n) for n in re.findall(r'- line (\\d+)', prompt)}\n"
    cure = shown + "file.write_text(''.join(t for n, t in enumerate(source.splitlines(True), 1) if n not in lines))"
    outcome = only(repair(root, agents=listener(root, cure), max_attempts=1, prompt_tokens=1500, strategy="terse"))
    assert len(outcome.attempts) > 2, [(a.fixed, a.result) for a in outcome.attempts]
    assert outcome.status is Status.FIXED
    assert sum(a.fixed for a in outcome.attempts) == 60


def test_a_prompt_that_is_too_long_is_shortened(make_repo: MakeRepo) -> None:
    """The next attempt shows fewer errors at once."""
    root = make_repo({"shop.py": "".join(f"import module_{n:03}_{'x' * 40}\n" for n in range(60))})
    action = "sys.exit('prompt is too long: 9000 tokens > 4000') if len(prompt) > 12000 else None"
    repair(root, agents=listener(root, action), max_attempts=3, prompt_tokens=6000, strategy="terse")
    lengths = [len(prompt) for prompt in told(root)]
    assert lengths[1] < lengths[0] * 0.75


def test_an_agent_that_refuses_leaves_the_file_to_the_next(make_repo: MakeRepo) -> None:
    """It is not asked twice."""
    root = make_repo({"shop.py": UNUSED})
    agents = {**listener(root, "sys.exit('refusal to work on this: content policy')"), **listener(root, CURE, "second")}
    outcome = only(repair(root, agents=agents, max_attempts=3))
    assert [(a.agent, a.fixed) for a in outcome.attempts] == [("listener", 0), ("second", 1)]


@pytest.mark.slow
def test_who_was_right_before_is_asked_first(make_repo: MakeRepo) -> None:
    """After a few files the order of the user gives way to what was seen; with no experience it is the user's."""
    root = make_repo({f"m{n}.py": f"import os\n\n\nx = {n}\n" for n in range(8)})
    agents = {**listener(root, NOTHING, "idle"), **listener(root, CURE, "able")}
    landing = repair(root, agents=agents, max_attempts=1, explore=0.0)
    orders = [[a.agent for a in o.attempts] for o in landing.outcomes]
    assert orders.count(["able"]) >= 5
    assert ["idle", "able"] in orders
    write(root, {"new.py": "import os\n\n\ny = 1\n"})
    git(root, "add", "-A")
    git(root, "commit", "--quiet", "-m", "new")
    assert [a.agent for a in only(repair(root, agents=agents, max_attempts=1, explore=0.0)).attempts] == ["able"]


def test_the_way_of_asking_is_in_the_report(make_repo: MakeRepo) -> None:
    """Set, or chosen; none for an agent that reads nothing."""
    root = make_repo({"shop.py": UNUSED + "l = 1\n"})
    agents = {**listener(root, NOTHING), "ruff": {"enabled": True}}
    outcome = only(repair(root, agents=agents, strategy="context"))
    assert {(a.agent, a.strategy) for a in outcome.attempts} == {("ruff", ""), ("listener", "context")}


@pytest.mark.parametrize(
    "leaves",
    [
        "pathlib.Path('big.bin').write_bytes(__import__('os').urandom(2**22))",
        "__import__('subprocess').run(['git', 'init', '-q', 'sub'], check=True)",
    ],
)
def test_what_cannot_be_read_of_an_agent_takes_nothing_from_others(
    make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch, leaves: str
) -> None:
    """Neither more than can be held nor a repository without a commit sinks what ruff had proven, nor lands."""
    monkeypatch.setattr("stomper.system.processes.CAPTURE_LIMIT", 2**21)
    root = make_repo({"shop.py": "import os\nl = 1\n"})
    agents = {"ruff": {"enabled": True}, "listener": listener(root, leaves)["listener"]}
    landing = repair(root, agents=agents, max_attempts=1)
    assert [entry.path for entry in landing.landed] == ["shop.py"]
    assert only(landing).status is Status.PARTIAL
    assert "what it left in the worktree cannot be read: git " in only(landing).reason
    assert git(root, "show", "--stat", "--format=", "HEAD").startswith("shop.py")
