"""Rules about a diff: what a fix may never do, however green the checkers are afterwards."""

from __future__ import annotations

from collections.abc import Callable, Collection

from stomper.guards.base import Diff
from stomper.guards.code import emptied_bodies, public_names, swallowed_exceptions, syntax, tricks, typing_escapes
from stomper.guards.comments import suppression
from stomper.guards.files import configuration, generated, line_endings, scope, secrets, shape, size
from stomper.guards.weakening import weakened_tests

GUARDS: dict[str, Callable[[Diff], str]] = {
    "scope": scope,
    "shape": shape,
    "configuration": configuration,
    "generated": generated,
    "line_endings": line_endings,
    "syntax": syntax,
    "suppression": suppression,
    "weakened_tests": weakened_tests,
    "emptied_bodies": emptied_bodies,
    "swallowed_exceptions": swallowed_exceptions,
    "typing_escapes": typing_escapes,
    "public_names": public_names,
    "tricks": tricks,
    "size": size,
    "secrets": secrets,
}

__all__ = ["GUARDS", "Diff", "objection"]


def objection(diff: Diff, off: Collection[str] = ()) -> str:
    """What the first guard that objects says, but for those that are *off*; empty when none does."""
    for name, guard in GUARDS.items():
        if name not in off and (said := guard(diff)):
            return f"guard {name}: {said}"
    return ""
