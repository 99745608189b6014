"""A fix that the tests turn down in the end: who is told of it, and what comes of the second round."""

from __future__ import annotations

from pathlib import Path

import pytest

from stomper.errors import CheckerError, RepositoryError
from stomper.fixing.session import Session
from stomper.landing.land import Landing
from stomper.models import Metrics, Status
from tests.support.listeners import BREAK_THEN_CURE, TESTS, UNUSED, listener, told
from tests.support.repositories import MakeRepo, git
from tests.support.runs import only, repair, scripted

pytestmark = pytest.mark.slow


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

    monkeypatch.setattr("stomper.landing.commits.branch.move", fail)
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
    assert outcome.reason == "tests: test_shop::test_os is failed: AttributeError: module 'shop' has no attribute 'os'"


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
        "tests: test_shop::test_double is failed: AssertionError: twice two is four; once more: "
        "not called for this file any more: max_file_calls = 1 is reached"
    )
    assert Path(only(landing).patch_file).read_bytes().count(b"x * x * x") == 1  # what was turned down is kept
