"""Who is asked, how often and with which evidence; what is learned from it, and what is not paid for twice."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from stomper.errors import CheckerError, RepositoryError
from stomper.landing import Landing
from stomper.models import Metrics, Status
from stomper.process import process_file
from stomper.session import Session
from stomper.store import Store, home
from stomper.trials import Trials
from tests.conftest import MakeRepo, git, open_run, write
from tests.runs import RULES, command, only, repair, scripted

UNUSED = "import os\n\n\ndef double(x):\n    return x + x\n"
TESTS = "from shop import double\n\n\ndef test_double():\n    assert double(2) == 4, 'twice two is four'\n"
# Answers by what it is told: argv is its log and the file.
LISTENER = """\
import pathlib, sys
log, file, prompt = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.stdin.read()
with log.open("a") as out:
    out.write(prompt + "\\n=== end of prompt\\n")
source = file.read_text()
ACTION
"""


def listener(root: Path, action: str, name: str = "listener", **table: object) -> dict[str, object]:
    """The setting `agents` for an agent that does *action*, Python with `source`, `prompt` and `file`, and logs prompts."""
    program = root.parent / f"{name}.py"
    text = LISTENER.replace("ACTION", action)
    if not program.exists() or program.read_text() != text:
        program.write_text(text)
    argv = [sys.executable, str(program), str(root.parent / f"{name}.log"), "{file}"]
    return {"ruff": {"enabled": False}, name: {"kind": "command", "command": argv, **table}}


def told(root: Path, name: str = "listener") -> list[str]:
    """The prompts of all calls so far."""
    log = root.parent / f"{name}.log"
    return log.read_text().split("\n=== end of prompt\n")[:-1] if log.exists() else []


CURE = "file.write_text(source.replace('import os\\n\\n\\n', ''))"
NOTHING = "pass"
CHEAT = "file.write_text(source.replace('import os', 'import os  # noqa'))"
BREAK_THEN_CURE = """
cured = source.replace('import os\\n\\n\\n', '')
file.write_text(cured if 'twice two is four' in prompt else cured.replace('x + x', 'x * x * x'))
"""


def test_what_the_tests_say_at_the_end_reaches_the_agent(make_repo: MakeRepo) -> None:
    """A fix that breaks a test in the proof of all together is tried again with the test's own words, and then lands."""
    root = make_repo({"shop.py": UNUSED, "test_shop.py": TESTS, "other.py": "import sys\n"})
    agents = {**listener(root, BREAK_THEN_CURE), "ruff": {"enabled": False}}
    landing = repair(root, agents=agents, test_validation="final", max_attempts=1, include=["shop.py"])
    outcome = only(landing)
    assert outcome.status is Status.FIXED
    assert [a.result for a in outcome.attempts] == ["proven", "proven"]  # the first is paid, so it is counted
    first, second = told(root)
    assert "twice two is four" not in first
    assert "tests: test_shop::test_double is failed" in second
    assert "+    return x * x * x" in second
    assert git(root, "log", "--format=%s").splitlines() == ["fix: resolve F401 in shop.py", "start"]
    assert Metrics.reduce(landing.outcomes).attempts == 2


@pytest.mark.parametrize("land_as", ["commit", "branch", "patch"])
def test_what_is_repaired_in_the_second_round_lands(make_repo: MakeRepo, land_as: str) -> None:
    """Also where nothing has landed in the first, so that a branch of the run is not there yet."""
    root = make_repo({"shop.py": UNUSED, "test_shop.py": TESTS})
    landing = repair(
        root, agents=listener(root, BREAK_THEN_CURE), test_validation="final", max_attempts=1, land=land_as
    )
    assert landing.failure == ""
    assert only(landing).status is Status.FIXED
    assert len(landing.landed) == (land_as != "patch")


def test_what_landed_is_told_though_the_second_round_fails(
    make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commits of the first round are there, so the report has them and what became of the files."""
    root = make_repo({"shop.py": UNUSED, "test_shop.py": TESTS, "other.py": UNUSED.replace("double", "twice")})

    def fail(*_: object) -> None:
        raise CheckerError("ruff is gone")

    monkeypatch.setattr(Session, "requeue", fail)
    agents = listener(root, "file.write_text(source.replace('import os', '').replace('x + x\\n', 'x * x * x\\n'))")
    (root / "other.py").write_text(UNUSED.replace("double", "twice").replace("x + x", "x - x"))
    git(root, "commit", "--quiet", "-am", "other")
    landing = repair(root, agents=agents, test_validation="final", max_attempts=1)
    assert landing.failure == "ruff is gone"
    assert [entry.path for entry in landing.landed] == ["other.py"]
    assert {o.path: o.status for o in landing.outcomes} == {"other.py": Status.FIXED, "shop.py": Status.FAILED}


def test_a_fix_that_the_tests_turned_down_is_not_called_proven(
    make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the others then cannot be landed."""
    root = make_repo({
        "shop.py": UNUSED, "other.py": UNUSED, "test_shop.py": "import shop\n\n\ndef test_os():\n    assert shop.os\n"
    })  # fmt: skip

    def fail(*_: object) -> None:
        raise RepositoryError("no room")

    monkeypatch.setattr("stomper.moving.move", fail)
    landing = repair(root, test_validation="final")
    found = {o.path: (o.reason.split(":")[0], Path(o.patch_file).parent.name) for o in landing.outcomes}
    assert found == {"other.py": ("proven, but nothing was landed", "proven"), "shop.py": ("tests", "rejected")}


def test_nobody_is_asked_again_who_cannot_listen(make_repo: MakeRepo) -> None:
    """A wrong fix of an agent that reads no prompt is dropped, and that is the end of it."""
    root = make_repo(
        {
            "shop.py": "import os  # tests look for it\n",
            "test_shop.py": "import shop\n\n\ndef test_os():\n    assert shop.os\n",
        }
    )
    outcome = only(repair(root, test_validation="final"))
    assert outcome.status is Status.FAILED
    assert [a.agent for a in outcome.attempts] == ["ruff"]


def test_nobody_is_asked_again_about_what_he_does_not_take(make_repo: MakeRepo) -> None:
    """An agent that reads, but has nothing to do with these errors, does not bring about a second round."""
    root = make_repo({"shop.py": UNUSED, "test_shop.py": "import shop\n\n\ndef test_os():\n    assert shop.os\n"})
    other = scripted(root, {"path": "other.py", "action": "drop_lines"})
    outcome = only(repair(root, agents={**other, "ruff": {}}, test_validation="final"))
    assert outcome.reason == "tests: test_shop::test_os is failed"


def test_after_ruffs_fix_broke_a_test_an_agent_that_listens_goes_on(make_repo: MakeRepo) -> None:
    """ruff is not asked again for that file, since it would do the same."""
    root = make_repo(
        {"shop.py": UNUSED, "test_shop.py": "import shop\n\n\ndef test_os():\n    assert hasattr(shop, 'os')\n"}
    )
    keep = "file.write_text(source.replace('import os\\n', 'import os as os\\n')) if 'test_os' in prompt else None"
    landing = repair(
        root,
        agents={**listener(root, keep), "ruff": {}},
        test_validation="final",
    )
    outcome = only(landing)
    assert [(a.agent, a.result) for a in outcome.attempts] == [("ruff", "proven"), ("listener", "proven")]
    assert outcome.status is Status.FIXED
    assert (root / "shop.py").read_text().startswith("import os as os\n")


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


def test_a_kept_patch_that_the_tests_turn_down_is_not_taken_again(make_repo: MakeRepo) -> None:
    """Neither when the agent is told of it, nor by a later run."""
    root = make_repo({"shop.py": UNUSED, "test_shop.py": TESTS})
    settings: dict[str, Any] = {"agents": listener(root, BREAK_THEN_CURE), "max_attempts": 1, "strategy": "rules"}
    cut_off(root, **settings, test_validation="final")
    landing = repair(root, **settings, test_validation="final")
    assert [a.reused for a in only(landing).attempts] == [True, False]
    assert only(landing).status is Status.FIXED
    assert len(told(root)) == 2


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
    monkeypatch.setattr("stomper.proc.CAPTURE_LIMIT", 2**21)
    root = make_repo({"shop.py": "import os\nl = 1\n"})
    agents = {"ruff": {"enabled": True}, "listener": listener(root, leaves)["listener"]}
    landing = repair(root, agents=agents, max_attempts=1)
    assert [entry.path for entry in landing.landed] == ["shop.py"]
    assert only(landing).status is Status.PARTIAL
    assert "what it left in the worktree cannot be read: git " in only(landing).reason
    assert git(root, "show", "--stat", "--format=", "HEAD").startswith("shop.py")


def attempts(landing: Landing) -> int:
    """How many calls were made."""
    return sum(len(o.attempts) for o in landing.outcomes)


def test_a_file_keeps_its_budget_when_it_is_tried_again(make_repo: MakeRepo) -> None:
    """The second round after a failed test does not begin at zero."""
    root = make_repo({"shop.py": UNUSED, "test_shop.py": TESTS})
    agents = listener(root, BREAK_THEN_CURE)
    landing = repair(root, agents=agents, test_validation="final", max_attempts=2, max_file_calls=1)
    assert attempts(landing) == 1
    assert only(landing).reason == (
        "tests: test_shop::test_double is failed; once more: not called for this file any more: "
        "max_file_calls = 1 is reached"
    )
    assert Path(only(landing).patch_file).read_bytes().count(b"x * x * x") == 1  # what was turned down is kept


def test_scripts_are_told_from_one_another(make_repo: MakeRepo) -> None:
    """A scripted agent whose script was changed is another one."""
    root = make_repo({"shop.py": UNUSED})
    repair(root, agents=scripted(root, {"action": "no_op"}), max_attempts=1, strategy="rules")
    agents = scripted(root, {"action": "drop_lines"})
    assert only(repair(root, agents=agents, max_attempts=1, strategy="rules")).status is Status.FIXED
