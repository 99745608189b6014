"""What landed becomes an example for its rules: small, without secrets, for the same repository, while it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from stomper.learning.examples import LINES, Example, Examples, from_outcome
from stomper.models import Outcome
from stomper.state.store import Store
from tests.support.repositories import MakeRepo
from tests.support.runs import only, repair

TOKEN = "ghp_" + "k3R9x" * 7 + "Z"


def landed(root: Path) -> Outcome:
    """The outcome of a run of ruff alone over a repository with errors in one file."""
    return only(repair(root))


def example(number: int, rule: str = "ruff:F401", repository: str = "here") -> Example:
    """An example with a hunk of its own."""
    return Example(at=f"2026-01-{number:02}T00:00:00Z", repository=repository, rule=rule, commit="c", hunk=f"-{number}")


def test_the_hunk_that_fixed_a_rule(make_repo: MakeRepo) -> None:
    """Each rule has the hunk at its own error, without the lines' numbers and the file's name."""
    body = "".join(f"value_{n} = {n}\n" for n in range(20))
    outcome = landed(make_repo({"a.py": f"import os\n{body}name = f'plain'\n"}))
    found = {e.rule: e.hunk for e in from_outcome("here", outcome)}
    assert found == {
        "ruff:F401": "-import os\n value_0 = 0\n value_1 = 1\n value_2 = 2",
        "ruff:F541": " value_17 = 17\n value_18 = 18\n value_19 = 19\n-name = f'plain'\n+name = 'plain'",
    }
    assert {e.commit for e in from_outcome("here", outcome)} == {outcome.commit}


def test_one_hunk_for_two_rules_is_shown_once(make_repo: MakeRepo, tmp_path: Path) -> None:
    """Two rules that one hunk fixed have it in common."""
    examples = Examples(Store(tmp_path / "store"))
    examples.learn("here", landed(make_repo({"a.py": "import os\nname = f'plain'\n"})))
    assert len(examples.all()) == 2
    assert len(examples.examples_for("here", ["ruff:F401", "ruff:F541"], 5)) == 1


def test_large_changes_are_no_examples(make_repo: MakeRepo) -> None:
    """A hunk of more lines than a prompt has room for is left out."""
    many = "".join(f"import os as os_{n}\n" for n in range(LINES + 1))
    outcome = landed(make_repo({"a.py": many}))
    assert outcome.commit
    assert from_outcome("here", outcome) == []


@pytest.mark.parametrize("line", [f'token = "{TOKEN}"', f'# "{TOKEN}"'])
def test_a_secret_beside_the_fix_is_not_kept(make_repo: MakeRepo, line: str) -> None:
    """Not even where it was there before and is only in the lines around the fix."""
    assert from_outcome("here", landed(make_repo({"a.py": f"import os\n{line}\n"}))) == []
    assert from_outcome("here", landed(make_repo({"a.py": "import os\ntoken = given()\n"}, "clean"))) != []


def test_what_is_not_text_is_not_kept(make_repo: MakeRepo) -> None:
    """A hunk in another encoding shows nothing, and neither does one of a patch that changes several files."""
    outcome = landed(make_repo({"a.py": "import os\ne = 1\n"}))
    assert outcome.patch is not None
    latin = outcome.patch.model_copy(update={"diff": outcome.patch.diff.replace(b"e = 1", b"\xe9 = 1")})
    change = outcome.patch.changes[0]
    two = outcome.patch.model_copy(update={"changes": (change, change.model_copy(update={"path": "b.py"}))})
    assert from_outcome("here", outcome) != []
    assert from_outcome("here", outcome.model_copy(update={"patch": latin})) == []
    assert from_outcome("here", outcome.model_copy(update={"patch": two})) == []


@pytest.mark.parametrize("attribute", ["-diff", "binary"])
def test_what_git_takes_for_binary_is_landed_and_not_kept(make_repo: MakeRepo, attribute: str) -> None:
    """Where a repository wants no diffs of a file, there are no hunks to learn from."""
    outcome = landed(make_repo({"a.py": "import os\nx = 1\n", ".gitattributes": f"*.py {attribute}\n"}))
    assert outcome.commit
    assert from_outcome("here", outcome) == []


def test_what_did_not_land_is_not_kept(make_repo: MakeRepo, tmp_path: Path) -> None:
    """A proven patch without a commit is no accepted one."""
    examples = Examples(Store(tmp_path / "store"))
    examples.learn("here", only(repair(make_repo({"a.py": "import os\n"}), land="patch")))
    assert examples.all() == []


def test_the_newest_few_of_each_rule(tmp_path: Path) -> None:
    """Older ones make room; each rule has its turn; another repository's are not shown."""
    examples = Examples(Store(tmp_path))
    examples.add(*(example(n) for n in range(1, 9)), example(1, "mypy:index"), example(9, repository="there"))
    assert [e.hunk for e in examples.examples_for("here", ["ruff:F401"], 9)] == ["-8", "-7", "-6", "-5", "-4"]
    shown = examples.examples_for("here", ["ruff:F401", "mypy:index"], 3)
    assert [(e.rule, e.hunk) for e in shown] == [("ruff:F401", "-8"), ("mypy:index", "-1"), ("ruff:F401", "-7")]
    assert examples.examples_for("nowhere", ["ruff:F401"], 9) == []
    assert examples.examples_for("here", [], 9) == []


def test_what_was_taken_back_is_dropped(tmp_path: Path) -> None:
    """An example goes with its commit."""
    examples = Examples(Store(tmp_path))
    examples.add(example(1), example(2).model_copy(update={"commit": "d"}))
    examples.drop("c")
    assert [e.commit for e in examples.all("here")] == ["d"]


def test_many_that_land_together_teach_what_they_teach_one_by_one(make_repo: MakeRepo, tmp_path: Path) -> None:
    """The newest few of each rule are kept, without reading all the others."""
    files = {f"{n}.py": f"import os\nvalue_{n} = {n}\n" + "name = f'x'\n" * (n < 2) for n in range(9)}
    outcomes = repair(make_repo(files)).outcomes
    together, apart = Examples(Store(tmp_path / "together")), Examples(Store(tmp_path / "apart"))
    together.learn("here", *outcomes)
    for outcome in outcomes:
        apart.learn("here", outcome)
    assert [(e.rule, e.commit, e.hunk) for e in together.all()] == [(e.rule, e.commit, e.hunk) for e in apart.all()]
    assert sum(e.rule == "ruff:F401" for e in together.all()) == 5
