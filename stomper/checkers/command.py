"""Any other tool: what it prints is read with a regular expression or with JSONPath, both from the settings."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from stomper.checkers.base import CheckerContext, relative, run_program
from stomper.errors import CheckerError
from stomper.models import Diagnostic

Parts = Mapping[str, object]
Reader = Callable[[str], Iterator[Parts]]


class CommandChecker:
    """`[checkers.NAME] kind = "command"`: every match of `pattern` or `json_path` in what `command` prints is an error."""

    whole_program = True

    def __init__(self, context: CheckerContext) -> None:
        self.name = context.name
        self.context = context
        settings = context.settings
        if not settings.command or bool(settings.pattern) == bool(settings.json_path):
            raise CheckerError(f"[checkers.{self.name}] needs `command`, and `pattern` or `json_path`")
        self._read = _lines(context) if settings.pattern else _json(context)

    def describe(self) -> tuple[str, str]:
        return "", self.context.settings.command[0]

    def check(self, tree: Path, paths: Sequence[str] = ()) -> list[Diagnostic]:
        done = run_program(self.context, tree)
        found = [self._diagnostic(tree, parts) for parts in self._read(done.text)]
        if done.returncode != 0 and not found:
            raise CheckerError(
                f"{self.name} failed with exit code {done.returncode} and named no error: {done.complaint}"
            )
        return found

    def _diagnostic(self, tree: Path, parts: Parts) -> Diagnostic:
        return Diagnostic(
            tool=self.name,
            code=str(parts.get("code") or self.name),
            message=str(parts["message"]),
            path=relative(tree, str(parts["path"])),
            line=self._number(parts, "line"),
            column=self._number(parts, "column"),
        )

    def _number(self, parts: Parts, name: str) -> int:
        given = parts.get(name) or 0
        try:
            number = int(str(given))
        except ValueError:
            raise CheckerError(f"checker {self.name}: its {name} is {given!r}, no number") from None
        return max(number, 0)


def _lines(context: CheckerContext) -> Reader:
    """Reads every match of `pattern`. Raises CheckerError for a pattern that cannot work."""
    try:
        pattern = re.compile(context.settings.pattern, re.MULTILINE)
    except re.error as error:
        raise CheckerError(f"[checkers.{context.name}] pattern: not a regular expression: {error}") from None
    if missing := {"path", "message"} - set(pattern.groupindex):
        raise CheckerError(f"[checkers.{context.name}] pattern: lacks the group(s) {', '.join(sorted(missing))}")
    return lambda printed: (match.groupdict() for match in pattern.finditer(printed))


def _json(context: CheckerContext) -> Reader:
    """Reads what `json_path` finds in one JSON document, or in each line of JSON taken as a list."""
    given: dict[str, str] = {name: f"$.{name}" for name in ("path", "message", "line", "column", "code")}
    given.update(context.settings.json_fields.items())
    given["json_path"] = context.settings.json_path
    import jsonpath  # noqa: PLC0415 - a fifth of what a run loads, and few tools are read by it

    queries = {}
    for name, query in given.items():
        try:
            queries[name] = jsonpath.compile(query)
        except jsonpath.JSONPathError as error:
            raise CheckerError(f"[checkers.{context.name}] {name} = {query!r}: not a JSONPath: {error}") from None
    errors = queries.pop("json_path")

    def read(printed: str) -> Iterator[Parts]:
        for entry in errors.findall(_document(context.name, printed)):
            if not isinstance(entry, dict):
                raise CheckerError(
                    f"[checkers.{context.name}] json_path finds {str(entry)[:300]!r}, which is no object"
                )
            parts = {name: next(iter(query.findall(entry)), None) for name, query in queries.items()}
            if missing := [name for name in ("path", "message") if parts[name] is None]:
                raise CheckerError(
                    f"checker {context.name}: an error lacks {' and '.join(missing)}: {str(entry)[:300]}"
                )
            yield parts

    return read


def _document(name: str, printed: str) -> list[Any] | dict[str, Any]:
    try:
        found = json.loads(printed) if printed.strip() else []
        return found if isinstance(found, list | dict) else [found]
    except json.JSONDecodeError:
        pass
    try:
        return [json.loads(line) for line in printed.splitlines() if line.strip()]
    except json.JSONDecodeError:
        raise CheckerError(f"checker {name} printed what is not JSON: {printed.strip()[:300]}") from None


CHECKER = CommandChecker
