"""The checkers by kind, and how a run's checkers are made from its settings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from stomper.checkers.base import Checker, CheckerContext
from stomper.checkers.command import CommandChecker
from stomper.checkers.mypy import MypyChecker, configured_targets
from stomper.checkers.pytest import PytestChecker
from stomper.checkers.ruff import RuffChecker
from stomper.checkers.sarif import SarifChecker
from stomper.config.settings import Settings
from stomper.environment.python import Environment
from stomper.errors import CheckerError

KINDS: dict[str, Callable[[CheckerContext], Checker]] = {
    "ruff": RuffChecker,
    "mypy": MypyChecker,
    "pytest": PytestChecker,
    "sarif": SarifChecker,
    "command": CommandChecker,
}

__all__ = ["KINDS", "Checker", "CheckerContext", "make_checkers"]


def make_checkers(
    settings: Settings, environment: Environment, cache: Path, lasting: Path | None = None
) -> list[Checker]:
    """The enabled checkers in their order. Raises CheckerError when there is none."""
    tables = {
        name: table
        for name, table in settings.checkers.items()
        if (_wanted(name, environment.root) if table.enabled is None else table.enabled)
    }
    if not tables:
        raise CheckerError("every checker is switched off: enable one, for example --set checkers=ruff")
    made = []
    for name, table in tables.items():
        context = CheckerContext(
            name=name,
            settings=table,
            environment=environment,
            timeout_s=table.timeout_s or settings.checker_timeout_s,
            cache=cache,
            lasting=lasting or cache,
            test_command=settings.test_command,
        )
        made.append(KINDS[table.kind or name](context))
    return made


def _wanted(name: str, root: Path) -> bool:
    """Whether a checker that nobody switched on or off runs: mypy says nothing of use where nobody set it up."""
    return name != "mypy" or configured_targets(root) is not None
