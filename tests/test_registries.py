"""Whoever adds a checker, an agent, a guard or a forge adds one file and one line, and finds out here what is missing."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest

from stomper.agents.registry import agent_type
from stomper.checkers import registry as checkers
from stomper.config import kinds
from stomper.forges import registry as forges
from stomper.guards import registry as guards

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


def with_line(folder: Path, name: str) -> set[str]:
    """The kinds of the modules in a folder that have *name* at their end."""
    places = [*folder.glob("*.py"), *folder.glob("*/__init__.py")]
    found = [p for p in places if re.search(rf"^{name} = ", p.read_text(), re.MULTILINE)]
    return {(p.parent if p.name == "__init__.py" else p).stem.replace("_", "-") for p in found}


@pytest.mark.parametrize(
    ("folder", "name", "registered"),
    [
        ("checkers", "CHECKER", kinds.CHECKERS),
        ("agents", "AGENT", tuple(set(kinds.AGENTS) - set(kinds.PROGRAMS))),
        ("agents/programs", "PROGRAM", kinds.PROGRAMS),
        ("forges", "FORGE", kinds.FORGES),
    ],
)
def test_every_module_has_its_line(folder: str, name: str, registered: tuple[str, ...]) -> None:
    """A module without a line in `kinds.py` would be found by nobody."""
    assert with_line(STOMPER / folder, name) == set(registered)


def test_every_guard_has_its_line() -> None:
    """A guard is a function of a diff that says why not; none is left out of the registry, in no module of the room."""
    found = {
        name
        for place in (STOMPER / "guards").glob("*.py")
        if place.stem not in ("__init__", "registry", "base")
        for name, one in vars(import_module(f"stomper.guards.{place.stem}")).items()
        if inspect.isfunction(one) and one.__module__.endswith(place.stem) and not name.startswith("_")
        if list(inspect.signature(one).parameters) == ["diff"]
    }
    assert found == set(guards.GUARDS)
    assert [name for name, guard in guards.GUARDS.items() if not guard.__doc__] == []
