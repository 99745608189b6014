"""The agents that faults are tried with: honest ones, and one for each way to fail or to lie."""

from __future__ import annotations

from dataclasses import dataclass

CURE = {"action": "drop_lines"}


@dataclass(frozen=True)
class Behaviour:
    """What the scripted agent does, and whether any of it may land."""

    name: str
    rules: tuple[dict[str, str], ...]
    may_land: bool = False


BEHAVIOURS = (
    Behaviour("honest", (CURE,), may_land=True),
    Behaviour("repairs one of the files", ({"path": "b c.py", **CURE},), may_land=True),
    Behaviour("honest, crashes on one", ({"path": "b c.py", "action": "crash"}, CURE), may_land=True),
    Behaviour("does nothing", ({"action": "no_op"},)),
    Behaviour("breaks the syntax", (CURE, {"action": "syntax_error"})),
    Behaviour("suppresses", ({"action": "suppress", "new": "# noqa"},)),
    Behaviour("makes a new error", ({"action": "new_error"},)),
    Behaviour("edits another file", (CURE, {"action": "edit_elsewhere", "other": "notes.txt"})),
    Behaviour("hangs", ({"action": "hang"},)),
    Behaviour("crashes", ({"action": "crash"},)),
)
