"""Configuration outside of the checkout counts in worktrees as it does in the checkout."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from stomper.environment.configuration_above import configuration_above
from tests.support.repositories import MakeRepo, open_run, write

CODE = "import os\nfrom typing import List\n\nx: List[int] = []\n"
CASES: dict[str, tuple[Mapping[str, str], Mapping[str, str], list[str]]] = {
    "above": ({"ruff.toml": 'lint.select = ["F"]\n'}, {}, ["F401"]),
    "far above": ({"../ruff.toml": 'lint.select = ["UP"]\n'}, {}, ["UP006", "UP035"]),
    "above, and one of its own": (
        {"ruff.toml": 'lint.select = ["F"]\n'},
        {"ruff.toml": 'lint.select = ["UP006"]\n'},
        ["UP006"],
    ),
    "extended": (
        {"common/ruff.toml": 'extend = "more/ruff.toml"\n', "common/more/ruff.toml": 'lint.select = ["F"]\n'},
        {"pyproject.toml": '[tool.ruff]\nextend = "../common/ruff.toml"\n'},
        ["F401"],
    ),
    "above, for others": ({"pyproject.toml": "[tool.mypy]\nstrict = true\n"}, {}, ["F401"]),
}  # fmt: skip


@pytest.mark.parametrize("what", CASES)
def test_the_same_errors_as_in_the_checkout(make_repo: MakeRepo, tmp_path: Path, what: str) -> None:
    """In each worktree, also in one that was used."""
    above, own, codes = CASES[what]
    (tmp_path / "here").mkdir()
    root = make_repo({"a.py": CODE, **own}, "here/repo")
    write(tmp_path / "here", above)
    session = open_run(root, checkers=["ruff"])
    for _ in range(2):
        with session.pool.lease(session.base) as tree:
            assert sorted({d.code for d in session.checkers[0].check(tree.path)}) == codes
            write(tree.path.parent, {"ruff.toml": "lint.select = []\n"})
    session.close()


def test_where_there_is_none(make_repo: MakeRepo) -> None:
    """Nothing is put above the worktrees; what a file extends in the checkout is there by itself."""
    root = make_repo(
        {"ruff.toml": 'extend = "conf/base.toml"\n', "conf/base.toml": "", "b/ruff.toml": 'extend = "../ruff.toml"\n'}
    )
    assert configuration_above(root) == {}


def test_an_extension_that_goes_round(make_repo: MakeRepo, tmp_path: Path) -> None:
    """It comes to an end; ruff says what is wrong with it."""
    root = make_repo({"ruff.toml": 'extend = "../a/ruff.toml"\n'})
    write(tmp_path, {"a/ruff.toml": 'extend = "../b/ruff.toml"\n', "b/ruff.toml": 'extend = "../a/ruff.toml"\n'})
    assert configuration_above(root).keys() == {"a/ruff.toml", "b/ruff.toml"}
