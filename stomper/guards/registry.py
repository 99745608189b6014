"""The guards in the order in which they are asked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from importlib import import_module

from stomper.analysis.languages import languages
from stomper.guards.base import Diff

# The name of a guard, which is that of its function too, and the module beside this one that it is in.
_MODULES = {
    "scope": "files",
    "shape": "files",
    "configuration": "files",
    "generated": "generated",
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
    "secrets": "secrets",
}


def _guard(name: str, module: str) -> Callable[[Diff], str]:
    guard: Callable[[Diff], str] = getattr(import_module(f"stomper.guards.{module}"), name)
    return guard


_PYTHON = (
    "syntax",
    "weakened_tests",
    "emptied_bodies",
    "swallowed_exceptions",
    "typing_escapes",
    "public_names",
    "tricks",
)
"""Guards that look at nothing else."""
_SAID = {"suppression": "comments", "line_endings": "line endings"}
_FIRST = ("suppression", "scope", "size", "secrets")

GUARDS = {name: _guard(name, module) for name, module in _MODULES.items()}


def guards_of(paths: Sequence[str], off: Collection[str] = ()) -> dict[str, str]:
    """Return the guards that look at files of these *paths*, by their language, but for those that are *off*."""
    return {name: _guards_of(name, off) for name in languages(paths)}


def _guards_of(language: str, off: Collection[str]) -> str:
    looking = [name for name in GUARDS if name not in off and (language == "python" or name not in _PYTHON)]
    if len(looking) == len(GUARDS):
        return "all"
    ordered = sorted(looking, key=lambda name: _FIRST.index(name) if name in _FIRST else len(_FIRST))
    return ", ".join(_SAID.get(name, name) for name in ordered)


def objection(diff: Diff, off: Collection[str] = ()) -> str:
    """Return what the first guard that objects says, but for those that are *off*; empty when none does."""
    for name, guard in GUARDS.items():
        if name not in off and (said := guard(diff)):
            return f"guard {name}: {said}"
    return ""
