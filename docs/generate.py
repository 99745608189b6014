"""The tables of the documentation, from the program itself: `python -m docs.generate docs/*.md`."""

from __future__ import annotations

import inspect
import json
import sys
from pathlib import Path
from types import UnionType
from typing import Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from stomper.agents.registry import PROGRAMS
from stomper.config.pull_requests import PullRequestSettings
from stomper.config.settings import AgentSettings, CheckerSettings, Settings
from stomper.config.worktree import WorktreeSettings
from stomper.guards.registry import GUARDS
from stomper.reports.events import KINDS, RunEvent

TABLES: dict[str, type[BaseModel]] = {
    "run": Settings,
    "checkers": CheckerSettings,
    "agents": AgentSettings,
    "pr": PullRequestSettings,
    "worktree": WorktreeSettings,
}
_TYPES = (
    ("dict[str, ", "list of names, or table of tables"),
    ("dict[", "table"),
    ("tuple[", "list of strings"),
    ("bool", "true or false"),
    ("int", "integer"),
    ("float", "number"),
    ("str", "string"),
)


def table(model: type[BaseModel]) -> str:
    """The keys of one table of settings, in Markdown."""
    rows = ["| Key | Type | Default | Meaning |", "| --- | --- | --- | --- |"]
    for name, field in model.model_fields.items():
        meaning = " ".join((field.description or "").split()).replace("|", "\\|")
        rows.append(f"| `{name}` | {_type(field)} | {_default(field)} | {meaning} |")
    return "\n".join(rows)


def _type(field: FieldInfo) -> str:
    if inspect.isclass(field.annotation) and issubclass(field.annotation, BaseModel):
        return "table"
    if choices := _choices(field.annotation):
        return ", ".join(f"`{choice}`" for choice in choices if choice)
    shown = str(field.annotation).replace("typing.", "")
    words = next((words for start, words in _TYPES if start in shown), shown)
    bounds = {name: getattr(m, name) for m in _constraints(field) for name in ("gt", "ge", "le") if hasattr(m, name)}
    said = [f"{word} {bounds[name]}" for name, word in (("gt", "over"), ("ge", "from"), ("le", "to")) if name in bounds]
    return f"{words}, {' '.join(said)}" if said else words


def _choices(annotation: object) -> list[str]:
    """Return the words that a Literal, or a union of some, admits; none for any other type."""
    if get_origin(annotation) is Literal:
        return [str(word) for word in get_args(annotation)]
    if get_origin(annotation) not in (Union, UnionType):
        return []
    parts = [_choices(part) for part in get_args(annotation)]
    return [word for part in parts for word in part] if all(parts) else []


def _constraints(field: FieldInfo) -> list[object]:
    inner = [m for part in getattr(field.annotation, "__args__", ()) for m in getattr(part, "__metadata__", ())]
    found: list[object] = []
    for constraint in (*field.metadata, *inner):
        found += constraint.metadata if isinstance(constraint, FieldInfo) else [constraint]
    return found


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None or field.default is None or field.default is PydanticUndefined:
        return ""
    return "" if field.default == "" else f"`{json.dumps(field.default)}`"


def guards_table() -> str:
    """The guards and what each holds to, in Markdown."""
    rows = ["| Guard | What it holds to |", "| --- | --- |"]
    rows += [f"| `{name}` | {' '.join((guard.__doc__ or '').split())} |" for name, guard in GUARDS.items()]
    return "\n".join(rows)


def programs_table() -> str:
    """The coding agents that are programs, in Markdown."""
    rows = [
        "| Name | Program | Key, the first that is set | Or its login | Prompt by | Tried with |",
        f"|{' --- |' * 6}",
    ]
    for name, row in PROGRAMS.items():
        keys = ", ".join(f"`{key}`" for key in row.keys)
        logins = ", ".join(f"`~/{place}`" for place in row.logins)
        tried = row.tried or "not tried: from its documentation"
        rows.append(f"| `{name}` | {row.title}: `{row.executable}` | {keys} | {logins} | {row.prompt} | {tried} |")
    return "\n".join(rows)


def events_table() -> str:
    """The events and the fields of their payloads, in Markdown."""
    rows = ["| Field | Type | Meaning |", "| --- | --- | --- |"]
    shared = list(RunEvent.model_fields)
    rows += [_field(name, RunEvent) for name in shared]
    for kind in KINDS:
        rows += ["", f"`{kind.name}`: {' '.join((kind.__doc__ or '').split())}", "", *rows[:2]]
        rows += [_field(name, kind) for name in kind.model_fields if name not in shared]
    return "\n".join(rows)


def _field(name: str, model: type[BaseModel]) -> str:
    field = model.model_fields[name]
    return f"| `{name}` | {_type(field)} | {field.description} |"


def rendered(page: str) -> str:
    """The page with each table between its `<!-- table NAME -->` and `<!-- end -->` as it should be."""
    tables = {**{name: table(model) for name, model in TABLES.items()}, "guards": guards_table()}
    tables |= {"programs": programs_table(), "events": events_table()}
    for name, text in tables.items():
        begin, end = f"<!-- table {name} -->\n", "\n<!-- end -->"
        head, found, rest = page.partition(begin)
        if found:
            page = head + begin + text + end + f"\n{rest}".split(end, 1)[1]
    return page


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        path = Path(argument)
        path.write_text(rendered(path.read_text(encoding="utf-8")), encoding="utf-8")
