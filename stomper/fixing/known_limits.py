"""What a run says from the start that it does not do."""

from __future__ import annotations

from collections.abc import Sequence

from stomper.checkers.base import Checker
from stomper.checkers.pytest import PytestChecker
from stomper.config.settings import Settings
from stomper.git.repository import Target


def warnings_of(target: Target, settings: Settings) -> list[str]:
    """Return what the report warns of before anything is worked on."""
    said = [f"the guard {name} is switched off" for name in settings.guards_off]
    if target.submodules:
        said.append(f"submodules are never edited: {', '.join(sorted(target.submodules))}")
    return said


def aims_at_tests(checkers: Sequence[Checker]) -> bool:
    """Return whether failing tests are among the errors that a run repairs."""
    return any(isinstance(checker, PytestChecker) for checker in checkers)
