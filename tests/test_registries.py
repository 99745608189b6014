"""Whoever adds a checker, an agent, a guard or a forge adds one file and one line, and finds out here what is missing."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from stomper.agents.registry import agent_type
from stomper.checkers import registry as checkers
from stomper.config import kinds
from stomper.forges import registry as forges
from stomper.guards import registry as guards
from stomper.guards.base import Diff

STOMPER = Path(checkers.__file__).parents[1]


@pytest.mark.parametrize("kind", kinds.CHECKERS)
def test_each_kind_of_checker_is_there(kind: str) -> None:
    """`CHECKER` of the module with its name takes a context, and gives what every checker has."""
    made = checkers.checker_type(kind)
    assert list(inspect.signature(made).parameters) == ["context"]
    assert callable(getattr(made, "check")) and callable(getattr(made, "describe"))  # noqa: B009


@pytest.mark.parametrize("kind", kinds.AGENTS)
def test_each_kind_of_agent_is_there(kind: str) -> None:
    """`AGENT` of the module with its name, or `PROGRAM` of the one in `programs/`."""
    assert "context" in inspect.signature(agent_type(kind)).parameters


@pytest.mark.parametrize("kind", kinds.FORGES)
def test_each_kind_of_forge_is_there(kind: str) -> None:
    """`FORGE` of the module with its name."""
    assert (Path(forges.__file__).parent / f"{kind}.py").is_file()
    assert "\nFORGE = " in (Path(forges.__file__).parent / f"{kind}.py").read_text()


def test_every_program_has_its_line() -> None:
    """A row without a line in `kinds.py` would be found by nobody."""
    rows = {p.stem.replace("_", "-") for p in (STOMPER / "agents" / "programs").glob("*.py")}
    assert rows - {"--init--", "shared"} == set(kinds.PROGRAMS)


def test_every_guard_has_its_line() -> None:
    """A guard is a function of a diff that says why not; none is left out of the registry."""
    modules = {inspect.getmodule(guard) for guard in guards.GUARDS.values()}
    found = {
        name
        for module in modules
        for name, one in vars(module).items()
        if inspect.isfunction(one)
        and one.__module__ == getattr(module, "__name__", "")
        and not name.startswith("_")
        and list(inspect.signature(one).parameters) == ["diff"]
    }
    assert found == set(guards.GUARDS)
    assert all(guard.__doc__ for guard in guards.GUARDS.values())
    assert Diff.__module__ == "stomper.guards.base"
