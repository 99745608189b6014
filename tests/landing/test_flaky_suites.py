"""Bad fixes whose only test is flaky, and good fixes beside a flaky test: what lands, by seeded dice.

`python -m pytest -m slow -s tests/landing/test_flaky_suites.py` prints the table of docs/safety.md.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

import pytest

from stomper.landing.land import Landing
from stomper.models import Outcome, Status
from tests.support.flaky_suite import DicedTest, diced
from tests.support.repositories import MakeRepo
from tests.support.runs import by_path, only, repair, scripted

Kind = Literal["bad", "good", "own"]
"""A bad fix whose only test is flaky, a good one with a steady test beside a flaky one, a good one whose only test is
flaky."""
MODULE = "import os\n\n\ndef one():\n    return 1\n"
TEST = "import {0}\n\n\ndef test_one():\n    assert {0}.one() == 1\n"
STEADY = "def test_steady():\n    assert True\n"
FIXED = {"bad": "return 2", "good": "return 0 + 1", "own": "return 0 + 1"}


def _works(name: str) -> DicedTest:
    return DicedTest(f"test_{name}.py", lambda tree: "return 2" not in (tree / f"{name}.py").read_text())


def _suite(kinds: Mapping[str, Kind]) -> tuple[dict[str, str], dict[str, DicedTest]]:
    """The files of a repository with a module of each name, and its tests."""
    files, tests = {"test_steady.py": STEADY}, {"test_steady::test_steady": DicedTest("test_steady.py", lambda _: True)}
    for name, kind in kinds.items():
        works = _works(name)
        files |= {f"{name}.py": MODULE, f"test_{name}.py": TEST.format(name)}
        tests[f"test_{name}::test_one"] = DicedTest(works.path, works.good, flaky=kind != "good")
        if kind == "good":
            files[f"test_beside_{name}.py"] = STEADY
            tests[f"test_beside_{name}::test_steady"] = DicedTest(f"test_beside_{name}.py", lambda _: True, flaky=True)
    return files, tests


def _landing(make_repo: MakeRepo, kinds: Mapping[str, Kind], seed: int, tier: str) -> Landing:
    """A run that fixes each module."""
    files, tests = _suite(kinds)
    root = make_repo(files, f"seed{seed}")
    rules = [{"path": "*", "action": "drop_lines"}] + [
        {"path": f"{name}.py", "action": "replace", "old": "return 1", "new": FIXED[kind]}
        for name, kind in kinds.items()
    ]
    with diced(tests, seed):
        return repair(root, agents=scripted(root, *rules, max_attempts=1), test_validation=tier)


def _landed(outcomes: Iterable[Outcome]) -> int:
    return sum(bool(outcome.commit) for outcome in outcomes)


def _told(outcome: Outcome) -> bool:
    """Whether the reason names the test, and says that it is flaky where that was seen."""
    name = outcome.path.removesuffix(".py")
    waits = outcome.status is Status.WAITING
    return f"test_{name}::test_one" in outcome.reason and waits == ("flaky" in outcome.reason)


@pytest.mark.parametrize("seed", range(3))
def test_a_bad_fix_whose_only_test_is_flaky_never_lands(make_repo: MakeRepo, seed: int) -> None:
    """Whatever the dice say at the base: it waits where the test was seen to be flaky, and is turned down where not."""
    outcome = only(_landing(make_repo, {"a": "bad"}, seed, "final"))
    assert not outcome.commit
    assert outcome.patch_file
    assert _told(outcome)


def test_a_good_fix_beside_a_flaky_test_lands(make_repo: MakeRepo) -> None:
    """The steady test speaks for it."""
    assert only(_landing(make_repo, {"a": "good"}, 5, "final")).commit


def test_a_good_fix_that_only_a_flaky_test_speaks_for_waits(make_repo: MakeRepo) -> None:
    """By a seed by which the test fails at the base, and passes there when it is run again."""
    outcome = only(_landing(make_repo, {"a": "own"}, 1, "final"))
    assert outcome.status is Status.WAITING
    assert outcome.reason.startswith("waits for you: only flaky tests speak for it (test_a::test_one)")
    assert outcome.evidence == "none"
    assert outcome.patch_file


def _table(title: str, bad: list[Outcome], good: list[Outcome]) -> None:
    ends = Counter(str(outcome.status) for outcome in bad)
    sys.stdout.write(
        f"| {title} | {len(bad)} | {_landed(bad)} | {ends['waiting']} | {ends['failed']} | {len(good)} | {_landed(good)} |\n"
    )


@pytest.mark.slow
@pytest.mark.parametrize("tier", ["final", "full", "quick"])
def test_forty_and_forty_in_runs_of_their_own(make_repo: MakeRepo, tier: str) -> None:
    """No bad fix lands, and 38 good ones do, each in a repository of its own and with dice of its own."""
    bad = [only(_landing(make_repo, {"a": "bad"}, seed, tier)) for seed in range(40)]
    good = [only(_landing(make_repo, {"a": "good"}, 1000 + seed, tier)) for seed in range(40)]
    _table(f"`{tier}`, one fix a run", bad, good)
    assert _landed(bad) == 0
    assert all(map(_told, bad))
    assert _landed(good) >= 38


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("tier", ["final", "full"])
def test_forty_and_forty_in_one_run(make_repo: MakeRepo, tier: str, seed: int) -> None:
    """The same where all of them land together, so that no flaky test may speak against somebody else's patch."""
    kinds: dict[str, Kind] = {f"m{number:02}": "bad" if number % 2 else "good" for number in range(80)}
    outcomes = by_path(_landing(make_repo, kinds, seed, tier))
    bad, good = ([outcomes[f"{name}.py"] for name, kind in kinds.items() if kind == which] for which in ("bad", "good"))
    _table(f"`{tier}`, all in one run, seed {seed}", bad, good)
    assert _landed(bad) == 0
    assert _landed(good) >= 38, [o.reason for o in good if not o.commit]


DICE = """\
import pathlib
import random


def falls(rate, counter=pathlib.Path({counter!r})):
    thrown = len(counter.read_bytes()) if counter.exists() else 0
    with counter.open("ab") as out:
        out.write(b".")
    return random.Random(f"{seed} {{thrown}}").random() < rate
"""


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", ["bad", "good"])
def test_by_real_runs_of_pytest(make_repo: MakeRepo, tmp_path: Path, kind: Kind, seed: int) -> None:
    """The dice are thrown by the target's tests themselves, which count the throws in a file outside of the worktree."""
    dice = DICE.format(counter=str(tmp_path / "counter"), seed=seed)
    flaky = "from dice import falls\n\n\ndef test_beside():\n    assert not falls(0.3)\n"
    only_test = f"from dice import falls\n{TEST.format('a')}    assert not falls(0.3)\n"
    tests = {"test_a.py": only_test} if kind == "bad" else {"test_a.py": TEST.format("a"), "test_beside.py": flaky}
    root = make_repo({"a.py": MODULE, "dice.py": dice, "test_steady.py": STEADY, **tests})
    rules = ({"action": "drop_lines"}, {"action": "replace", "old": "return 1", "new": FIXED[kind]})
    agents = scripted(root, *rules, max_attempts=1)
    command = f"{sys.executable} -m pytest -p no:randomly"
    outcome = only(repair(root, agents=agents, test_validation="final", test_command=command))
    assert bool(outcome.commit) == (kind == "good")
