"""What a check says of itself."""

from __future__ import annotations

import pytest

from stomper.checkers.checked import nothing_found
from stomper.models import CheckerRun

RUFF, MYPY = CheckerRun(name="ruff"), CheckerRun(name="mypy", error="exit code 2")


@pytest.mark.parametrize(
    ("runs", "words"),
    [
        ((RUFF,), "nothing to fix"),
        ((RUFF, MYPY), "nothing to fix by ruff; unknown: mypy"),
        ((MYPY,), "unknown: mypy"),
        ((), "nothing to fix"),
    ],
)
def test_a_checker_without_a_verdict_is_not_clean(runs: tuple[CheckerRun, ...], words: str) -> None:
    """Where it is allowed to be missing, it is named all the same."""
    assert nothing_found(runs) == words
