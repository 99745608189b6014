"""What is not paid for twice, and what is learned from a call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from stomper.fixing.fix_file import process_file
from stomper.learning.trials import Trials
from stomper.models import Status
from stomper.state.paths import home
from stomper.state.store import Store
from tests.support.listeners import BREAK_THEN_CURE, CHEAT, CURE, NOTHING, TESTS, UNUSED, listener, told
from tests.support.repositories import MakeRepo, git, open_run, write
from tests.support.runs import RULES, command, only, repair, scripted


@pytest.mark.parametrize(("action", "judge"), [(NOTHING, "nothing changed"), (CHEAT, "guard")])
def test_a_call_that_failed_is_not_bought_again(make_repo: MakeRepo, action: str, judge: str) -> None:
    """Not for the same content and prompt, in any later run; the outcome says so."""
    root = make_repo({"shop.py": UNUSED})
    agents = listener(root, action)
    first = only(repair(root, agents=agents, max_attempts=1, strategy="rules"))
    second = only(repair(root, agents=agents, max_attempts=1, strategy="rules"))
    assert len(first.attempts) == 1
    assert second.attempts == ()
    assert (
        second.reason
        == f"listener was not called: the same call failed before ({judge}); retry_failed = true repeats it"
    )
    assert len(told(root)) == 1


def change_the_file(root: Path) -> Mapping[str, Any]:
    """Another content."""
    write(root, {"shop.py": UNUSED + "\n\nx = 1\n"})
    git(root, "commit", "--quiet", "-am", "more")
    return {}


def change_the_agent(root: Path) -> Mapping[str, Any]:
    """The user mended the program."""
    return {"agents": listener(root, "import time; file.touch()")}


def change_the_advice(root: Path) -> Mapping[str, Any]:
    """Another prompt."""
    write(root, {".stomper/advice/ruff/F401.md": "Remove it."})
    return {}


CHANGES: dict[str, Callable[[Path], Mapping[str, Any]]] = {
    "file": change_the_file,
    "agent": change_the_agent,
    "advice": change_the_advice,
    "setting": lambda _: {"retry_failed": True},
    "way": lambda _: {"strategy": "terse"},
    "guards": lambda _: {"guards_off": ["suppression"]},
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_call_is_made_again_once_something_changed(make_repo: MakeRepo, change: str) -> None:
    """The file, the agent, the prompt, the rules of the proof; or when the user asks for it."""
    root = make_repo({"shop.py": UNUSED})
    settings: dict[str, Any] = {"agents": listener(root, NOTHING), "max_attempts": 1, "strategy": "rules"}
    repair(root, **settings)
    repair(root, **{**settings, **CHANGES[change](root)})
    assert len(told(root)) == 2


def test_an_agents_own_trouble_is_no_verdict(make_repo: MakeRepo) -> None:
    """One that crashed, or was not let in, may be called again tomorrow."""
    root = make_repo({"shop.py": UNUSED})
    agents = listener(root, "sys.exit('connection refused')")
    for _ in range(2):
        repair(root, agents=agents, max_attempts=1, strategy="rules")
    assert len(told(root)) == 2


@pytest.mark.slow
def test_a_fix_that_the_tests_turned_down_is_not_bought_again(make_repo: MakeRepo) -> None:
    """Also where that shows only in the proof of all together."""
    root = make_repo({"shop.py": UNUSED, "test_shop.py": TESTS})
    agents = listener(root, "file.write_text(source.replace('import os', '').replace('x + x', 'x * x * x'))")
    settings: dict[str, Any] = {"agents": agents, "max_attempts": 1, "test_validation": "final", "strategy": "rules"}
    repair(root, **settings)
    calls = len(told(root))
    outcome = only(repair(root, **settings))
    assert (calls, len(told(root))) == (2, 2)
    assert "the same call failed before (tests)" in outcome.reason


@pytest.mark.slow
def test_what_became_of_a_fix_is_remembered(make_repo: MakeRepo) -> None:
    """Landed with its commit; turned down by the tests in the end; both as trials without the path's content."""
    root = make_repo({"shop.py": UNUSED, "test_shop.py": TESTS, "other.py": UNUSED.replace("double", "twice")})
    wrong = (
        "file.write_text(source.replace('import os\\n\\n\\n', '').replace('return x + x\\n', 'return x * x * x\\n'))"
    )
    repair(root, agents=listener(root, wrong), test_validation="final", max_attempts=1)
    store = Store(home())
    trials = {t.path: t for t in Trials(store).newest()}
    store.close()
    assert trials["other.py"].commit == git(root, "rev-parse", "HEAD")
    assert trials["other.py"].worth == {"ruff:F401": 1}
    assert (trials["shop.py"].reason, trials["shop.py"].worth, trials["shop.py"].commit) == ("tests", {}, "")


def test_a_kept_patch_that_does_not_hold_any_more_is_made_anew(make_repo: MakeRepo) -> None:
    """The agent is called, as if nothing had been kept."""
    root = make_repo({"shop.py": UNUSED})
    agents = command(root, "fix")
    session = open_run(root, agents=agents, checkers=RULES, test_validation="none")
    session.collect()
    (job,) = session.select()[0]
    process_file(session, job)
    session.close()
    write(root, {"stomper.toml": "[checkers.ruff]\n"})
    strict = {
        "ruff": {"args": ["--select", "E4,E7,E9,F"]},
        "other": {
            "kind": "command",
            "command": ["sh", "-c", "grep -q 'import os' shop.py || echo shop.py:1: no import"],
            "pattern": r"(?P<path>\S+):(?P<line>\d+): (?P<message>.*)",
        },
    }
    outcome = only(repair(root, agents=agents, checkers=strict))
    assert [a.reused for a in outcome.attempts] == [False, False]


def test_what_was_paid_for_is_taken_before_anybody_is_asked(make_repo: MakeRepo) -> None:
    """A run that was cut off may rank its agents otherwise when it goes on: the kept patch counts, whoever made it."""
    root = make_repo({"shop.py": UNUSED})
    second = listener(root, CURE, "second")
    session = open_run(root, agents=second, checkers=RULES, test_validation="none")
    session.collect()
    process_file(session, session.select()[0][0])
    session.close()
    outcome = only(repair(root, agents={**listener(root, CURE, "first"), **second}))
    assert [(a.agent, a.reused) for a in outcome.attempts] == [("second", True)]
    assert told(root, "first") == []


def cut_off(root: Path, **settings: Any) -> None:
    """A run that proves what it can, and dies before it lands."""
    session = open_run(root, **{"checkers": RULES, "test_validation": "none", **settings})
    session.collect()
    for job in session.select()[0]:
        process_file(session, job)
    session.close()


def test_what_each_agent_of_a_cascade_had_proven_is_reused(make_repo: MakeRepo) -> None:
    """The second agent's patch holds the first one's too: neither is called again, nor from another state."""
    root = make_repo({"shop.py": "import os\nl = 1\nm = l\n"})
    rename = "file.write_text(source.replace('l = 1', 'size = 1').replace('= l', '= size'))"
    agents = {"ruff": {"enabled": True}, "listener": listener(root, rename)["listener"]}
    cut_off(root, agents=agents)
    assert len(told(root)) == 1
    outcome = only(repair(root, agents=agents))
    assert (outcome.status, [a.reused for a in outcome.attempts]) == (Status.FIXED, [True, True])
    assert len(told(root)) == 1
    assert (root / "shop.py").read_text() == "size = 1\nm = size\n"


@pytest.mark.slow
def test_a_kept_patch_that_the_tests_turn_down_is_not_taken_again(make_repo: MakeRepo) -> None:
    """Neither when the agent is told of it, nor by a later run."""
    root = make_repo({"shop.py": UNUSED, "test_shop.py": TESTS})
    settings: dict[str, Any] = {"agents": listener(root, BREAK_THEN_CURE), "max_attempts": 1, "strategy": "rules"}
    cut_off(root, **settings, test_validation="final")
    landing = repair(root, **settings, test_validation="final")
    assert [a.reused for a in only(landing).attempts] == [True, False]
    assert only(landing).status is Status.FIXED
    assert len(told(root)) == 2


def test_scripts_are_told_from_one_another(make_repo: MakeRepo) -> None:
    """A scripted agent whose script was changed is another one."""
    root = make_repo({"shop.py": UNUSED})
    repair(root, agents=scripted(root, {"action": "no_op"}), max_attempts=1, strategy="rules")
    agents = scripted(root, {"action": "drop_lines"})
    assert only(repair(root, agents=agents, max_attempts=1, strategy="rules")).status is Status.FIXED


def test_fixes_that_landed_are_shown_as_examples(make_repo: MakeRepo) -> None:
    """To the next call about the same rule; not any more once the user has reverted them."""
    root = make_repo({"shop.py": UNUSED})
    agents = listener(root, CURE)
    repair(root, agents=agents)
    write(root, {"other.py": UNUSED.replace("double", "twice")})
    git(root, "add", "-A")
    git(root, "commit", "--quiet", "-m", "other")
    repair(root, agents=agents, strategy="examples")
    assert "repaired elsewhere" in told(root)[-1]
    assert "-import os" in told(root)[-1]
    git(root, "revert", "--no-edit", "HEAD")
    git(root, "revert", "--no-edit", "HEAD~3")
    repair(root, agents=agents, strategy="examples")
    assert "repaired elsewhere" not in told(root)[-1]


def test_odd_names_of_tools_and_rules_are_learned_from(make_repo: MakeRepo) -> None:
    """A table with blanks and a code as long as a sentence stop neither the fix nor its landing."""
    root = make_repo({"shop.py": UNUSED})
    odd = {
        "kind": "command",
        "command": ["sh", "-c", f"grep -q 'import os' shop.py && echo 'shop.py:1: {'long ' * 80}' || true"],
        "pattern": r"(?P<path>\S+):(?P<line>\d+): (?P<code>(?P<message>.*))",
    }
    landing = repair(root, agents=listener(root, CURE), checkers={"my own: tool": odd})
    assert (landing.failure, only(landing).status, only(landing).reason) == ("", Status.FIXED, "")
    store = Store(home())
    (trial,) = Trials(store).newest()
    store.close()
    assert "my-own-tool:long long " in [rule[:22] for rule in trial.worth]
