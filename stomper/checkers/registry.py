"""How a run's checkers are made from its settings: the kind `NAME` is what `CHECKER` is in the module `NAME` beside this."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from stomper.checkers.base import Checker, CheckerContext
from stomper.checkers.mypy import configured_targets
from stomper.config.settings import Settings
from stomper.environment.python import Environment
from stomper.errors import CheckerError


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
            select=settings.select,
        )
        made.append(checker_type(table.kind or name)(context))
    return made


def checker_type(kind: str) -> Callable[[CheckerContext], Checker]:
    """Return what makes a checker of this kind."""
    made: Callable[[CheckerContext], Checker] = import_module(f"stomper.checkers.{kind.replace('-', '_')}").CHECKER
    return made


def _wanted(name: str, root: Path) -> bool:
    """Whether a checker that nobody switched on or off runs: mypy says nothing of use where nobody set it up."""
    return name != "mypy" or configured_targets(root) is not None
