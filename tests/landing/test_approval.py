"""What waits for approval: who is asked, what an answer means, and that nothing else lands."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stomper.errors import Cancelled, StomperError
from stomper.landing.approval import Answer, answered
from stomper.models import Diagnostic, Outcome, Patch, Status
from tests.support.listeners import BREAK_THEN_CURE, TESTS, UNUSED, listener
from tests.support.repositories import MakeRepo, git
from tests.support.runs import by_path, command, commit, repair

FILES = {"a.py": "import os\n", "b.py": "import sys\n", "c.py": "import b\nimport a\n\nprint(a, b)\n"}
RULES = {"ruff": {"args": ["--select", "I,F"]}}


def test_only_what_was_approved_lands(make_repo: MakeRepo) -> None:
    """All of it is shown, proven; the file that was left out is a patch, and lands unpaid when it is approved later."""
    root = make_repo(FILES)
    shown: list[str] = []

    def ask(outcomes: Sequence[Outcome], timeout_s: float) -> Answer:
        assert git(root, "rev-list", "--count", "HEAD") == "1"
        assert timeout_s == 60
        shown.extend(o.path for o in outcomes if o.proven and o.patch)
        return Answer("everything", dropped=frozenset({"b.py"}))

    landing = repair(root, checkers=RULES, approve=True, approve_timeout_s=60, ask=ask)
    assert sorted(shown) == ["a.py", "b.py", "c.py"]
    assert sorted(entry.path for entry in landing.landed) == ["a.py", "c.py"]
    left = by_path(landing)["b.py"]
    assert (left.status, left.reason) == (Status.WAITING, "proven, and not approved: the file was left out")
    assert "-import sys" in Path(left.patch_file).read_text()
    later = repair(root, checkers=RULES, approve=True, ask=lambda _o, _t: Answer("everything"))
    assert [entry.path for entry in later.landed] == ["b.py"]
    assert [a.reused for a in later.outcomes[0].attempts] == [True]


def test_kinds_that_need_no_approval_land_first(make_repo: MakeRepo) -> None:
    """They are on the branch while somebody thinks about the others."""
    root = make_repo(FILES)

    def ask(outcomes: Sequence[Outcome], _: float) -> Answer:
        assert [o.path for o in outcomes] == ["a.py", "b.py"]
        assert git(root, "log", "-1", "--format=%s") == "fix: resolve I001 in c.py"
        return Answer("nothing")

    landing = repair(root, checkers=RULES, approve=True, approve_risks=["typing", "logic"], ask=ask)
    assert [entry.path for entry in landing.landed] == ["c.py"]
    assert {o.status for o in landing.outcomes if o.path != "c.py"} == {Status.WAITING}


def test_what_nobody_answers_is_kept(make_repo: MakeRepo) -> None:
    """No answer in time is a no."""
    root = make_repo({"a.py": "import os\n"})
    landing = repair(root, approve=True, approve_timeout_s=5)
    assert landing.landed == ()
    assert landing.outcomes[0].reason == "proven, and not approved: nobody answered within 5 s"
    assert Path(landing.outcomes[0].patch_file).is_file()
    assert git(root, "status", "--porcelain") == ""


@pytest.mark.slow
def test_a_branch_holds_nothing_that_was_only_shown(make_repo: MakeRepo) -> None:
    """Also where a second round built on what was shown."""
    root = make_repo({"shop.py": UNUSED, "test_shop.py": TESTS, "other.py": UNUSED})

    def ask(outcomes: Sequence[Outcome], _: float) -> Answer:
        assert sorted(o.path for o in outcomes) == ["other.py", "shop.py"]
        return Answer("everything", dropped=frozenset({"other.py"}))

    agents = listener(root, BREAK_THEN_CURE)
    landing = repair(
        root, agents=agents, test_validation="final", max_attempts=1, land="branch", branch_name="fixes",
        approve=True, ask=ask,
    )  # fmt: skip
    assert [entry.path for entry in landing.landed] == ["shop.py"]
    assert git(root, "diff", "--name-only", "main", "fixes") == "shop.py"


def test_it_is_proven_again_on_what_the_branch_is_by_then(make_repo: MakeRepo) -> None:
    """What conflicts with a commit made meanwhile does not land; the rest does, on top of it."""
    root = make_repo({"a.py": "import os\n", "b.py": "import sys\n"})

    def ask(_o: Sequence[Outcome], _t: float) -> Answer:
        commit(root, "a.py", "import os.path\n")
        return Answer("everything")

    landing = repair(root, approve=True, ask=ask)
    assert [entry.path for entry in landing.landed] == ["b.py"]
    assert by_path(landing)["a.py"].reason.startswith("conflict")
    assert git(root, "rev-list", "--count", "HEAD") == "3"


def test_a_run_that_cannot_ask_says_so_and_keeps_all(make_repo: MakeRepo) -> None:
    """Nothing lands, nothing is lost, and the run is a failed one."""
    root = make_repo({"a.py": "import os\n"})

    def refuse(_o: Sequence[Outcome], _t: float) -> Answer | None:
        raise StomperError("the server says no")

    landing = repair(root, approve=True, ask=refuse)
    assert landing.failure == "the server says no"
    assert landing.outcomes[0].status is Status.WAITING
    assert Path(landing.outcomes[0].patch_file).is_file()

    def stop(_o: Sequence[Outcome], _t: float) -> Answer | None:
        raise Cancelled("stopped")

    with contextlib.suppress(Cancelled):
        repair(root, approve=True, ask=stop)
        pytest.fail("it was stopped")
    assert git(root, "rev-list", "--count", "HEAD") == "1"


def test_nobody_is_asked_where_nothing_would_land(make_repo: MakeRepo) -> None:
    """Neither for patches alone nor where no fix was found."""

    def never(_o: Sequence[Outcome], _t: float) -> Answer | None:
        pytest.fail("nobody was to be asked")

    patches = repair(make_repo({"a.py": "import os\n"}, "one"), approve=True, land="patch", ask=never)
    assert patches.outcomes[0].status is Status.FIXED
    root = make_repo({"a.py": "import os\n"}, "two")
    failed = repair(root, approve=True, ask=never, agents=command(root, "exit"))
    assert failed.outcomes[0].status is Status.FAILED


PATHS = st.sampled_from(["a.py", "b.py", "c.py", "d.py"])
CODES = st.sampled_from(["F401", "I001", "E501"])


@given(
    files=st.dictionaries(PATHS, st.sets(CODES, min_size=1), min_size=1),
    land=st.sampled_from(["everything", "only these codes", "nothing"]),
    codes=st.frozensets(CODES),
    dropped=st.frozensets(PATHS),
)
def test_an_answer_lets_through_what_it_names(
    files: dict[str, set[str]], land: str, codes: frozenset[str], dropped: frozenset[str]
) -> None:
    """A file that was left out never, one with a code that was not chosen never; all others as the answer says."""
    patch = Patch(base="0" * 40, changes=(), diff=b"")
    outcomes = [
        Outcome(
            path=path, status=Status.FIXED, patch=patch,
            fixed=tuple(Diagnostic(tool="ruff", code=c, message="", path=path) for c in sorted(found)),
        )
        for path, found in files.items()
    ]  # fmt: skip
    through = {o.path for o in answered(outcomes, Answer(land, codes, dropped)) if o.proven}  # type: ignore[arg-type] # sampled
    chosen = {
        p for p, found in files.items() if land == "everything" or (land == "only these codes" and found <= codes)
    }
    assert through == chosen - dropped
