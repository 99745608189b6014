"""The guards in the order in which they are asked."""

from __future__ import annotations

from collections.abc import Callable, Collection
from importlib import import_module

from stomper.guards.base import Diff

# The name of a guard, which is that of its function too, and the module beside this one that it is in.
_MODULES = {
    "scope": "files",
    "shape": "files",
    "configuration": "files",
    "generated": "files",
    "line_endings": "files",
    "syntax": "syntax",
    "suppression": "comments",
    "weakened_tests": "weakening",
    "emptied_bodies": "code",
    "swallowed_exceptions": "code",
    "typing_escapes": "code",
    "public_names": "code",
    "tricks": "code",
    "size": "files",
    "secrets": "files",
}


def _guard(name: str, module: str) -> Callable[[Diff], str]:
    guard: Callable[[Diff], str] = getattr(import_module(f"stomper.guards.{module}"), name)
    return guard


GUARDS = {name: _guard(name, module) for name, module in _MODULES.items()}


def objection(diff: Diff, off: Collection[str] = ()) -> str:
    """Return what the first guard that objects says, but for those that are *off*; empty when none does."""
    for name, guard in GUARDS.items():
        if name not in off and (said := guard(diff)):
            return f"guard {name}: {said}"
    return ""
