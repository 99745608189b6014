"""Trials for tests, made from a few words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stomper.learning.trials import Trial, Trials
from stomper.state.store import Store


def trial(**given: Any) -> Trial:
    """A trial of one call that fixed one of one error, but for what is *given*."""
    rule = given.pop("rule", "ruff:F401")
    usual: dict[str, Any] = {
        "run": "run-1", "repository": "here", "path": "a.py", "agent": "small", "strategy": "rules",
        "tried": {rule: 1}, "fixed": {rule: 1}, "cost_usd": 0.01, "seconds": 1.0,
    }  # fmt: skip
    values = {**usual, **given}
    return Trial(**{"reason": "proven" if values["fixed"] else "checker", **values})


def trials_in(folder: Path) -> Trials:
    """All trials of a store in *folder*."""
    return Trials(Store(folder))
