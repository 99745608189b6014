"""Any other tool: its lines are read with a regular expression from the settings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from stomper import proc
from stomper.checkers.base import CheckerContext, refuse, relative
from stomper.errors import CheckerError
from stomper.models import Diagnostic


class CommandChecker:
    """`[checkers.NAME] kind = "command"`: every match of `pattern` in what `command` prints is an error."""

    whole_program = True

    def __init__(self, context: CheckerContext) -> None:
        self.name = context.name
        self.context = context
        settings = context.settings
        if not settings.command or not settings.pattern:
            raise CheckerError(f"[checkers.{self.name}] needs `command` and `pattern`")
        try:
            self._pattern = re.compile(settings.pattern, re.MULTILINE)
        except re.error as error:
            raise CheckerError(f"[checkers.{self.name}] pattern: not a regular expression: {error}") from None
        missing = {"path", "message"} - set(self._pattern.groupindex)
        if missing:
            raise CheckerError(f"[checkers.{self.name}] pattern: lacks the group(s) {', '.join(sorted(missing))}")

    def describe(self) -> tuple[str, str]:
        return "", self.context.settings.command[0]

    def check(self, tree: Path, paths: Sequence[str] = ()) -> list[Diagnostic]:
        try:
            done = proc.run(
                self.context.settings.command,
                cwd=tree,
                timeout_s=self.context.timeout_s,
                env=self.context.environment.variables(tree),
            )
        except proc.ProgramMissing as error:
            raise CheckerError(f"checker {self.name}: {error}") from None
        refuse(self.name, done, self.context.timeout_s, range(126))
        found = [self._diagnostic(tree, match) for match in self._pattern.finditer(done.text)]
        if done.returncode != 0 and not found:
            raise CheckerError(
                f"{self.name} failed with exit code {done.returncode} and no line matched its pattern: {done.complaint}"
            )
        return found

    def _diagnostic(self, tree: Path, match: re.Match[str]) -> Diagnostic:
        groups = {k: v or "" for k, v in match.groupdict().items()}
        return Diagnostic(
            tool=self.name,
            code=groups.get("code") or self.name,
            message=groups["message"],
            path=relative(tree, groups["path"]),
            line=self._number(groups, "line"),
            column=self._number(groups, "column"),
        )

    def _number(self, groups: dict[str, str], name: str) -> int:
        try:
            return int(groups.get(name) or 0)
        except ValueError:
            raise CheckerError(
                f"[checkers.{self.name}] pattern: its {name} matched {groups[name]!r}, no number"
            ) from None
