"""ruff, by its JSON output."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from stomper.checkers.base import CheckerContext, in_argv, refuse, relative
from stomper.errors import CheckerError
from stomper.models import Diagnostic, Fix
from stomper.system import processes

SUFFIXES = (".py", ".pyi", ".ipynb")
"""Of the files that it looks at by themselves."""


class RuffChecker:
    """`ruff check`, with the target's configuration and the arguments of `[checkers.ruff]`."""

    whole_program = False

    def __init__(self, context: CheckerContext) -> None:
        self.name = context.name
        self.context = context

    def describe(self) -> tuple[str, str]:
        program, origin = self.context.environment.tool("ruff")
        done = processes.run((*program, "--version"), cwd=Path("/"), timeout_s=60)
        return done.text.strip().removeprefix("ruff "), origin

    def known_codes(self) -> frozenset[str]:
        """Every code this ruff knows; empty when it cannot say."""
        program, _ = self.context.environment.tool("ruff")
        done = processes.run((*program, "rule", "--all", "--output-format", "json"), cwd=Path("/"), timeout_s=60)
        try:
            return frozenset(str(rule["code"]) for rule in json.loads(done.stdout))
        except (json.JSONDecodeError, KeyError, TypeError):
            return frozenset()

    def run(self, tree: Path, arguments: Sequence[str], paths: Sequence[str]) -> processes.Finished:
        """`ruff check` in *tree* with *arguments* after the configured ones. The caller judges the exit code."""
        program, _ = self.context.environment.tool("ruff")
        # --no-cache: ruff fails to write its cache for names that are not UTF-8.
        # --force-exclude: a file named on the command line is still excluded when the configuration says so.
        argv = (*program, "check", *self.context.settings.args, "--no-cache", "--force-exclude", *arguments)
        # A name that starts with a dash is a path all the same.
        files = [f"./{path}" for path in paths] or ["."]
        environment = self.context.environment.variables(tree)
        return processes.run((*argv, "--", *files), cwd=tree, timeout_s=self.context.timeout_s, env=environment)

    def check(self, tree: Path, paths: Sequence[str] = ()) -> list[Diagnostic]:
        # A file that is named is checked as Python whatever it is: what ruff would find by itself is asked for otherwise.
        named = paths if all(path.endswith(SUFFIXES) for path in paths) else ()
        wanted = frozenset(paths)
        found = [d for few in in_argv(named) or [()] for d in self._check(tree, few)]
        return [d for d in found if not wanted or d.path in wanted]

    def _check(self, tree: Path, named: Sequence[str]) -> list[Diagnostic]:
        done = self.run(tree, ("--output-format", "json", "--no-fix"), named)
        refuse(self.name, done, self.context.timeout_s, (0, 1))
        try:
            entries = json.loads(done.stdout or b"null")
        except json.JSONDecodeError:
            entries = None
        if not isinstance(entries, list):
            raise CheckerError(f"{self.name} printed no JSON: {done.complaint or 'nothing at all'}")
        return [self._diagnostic(tree, entry) for entry in entries]

    def _diagnostic(self, tree: Path, entry: dict[str, object]) -> Diagnostic:
        start, end, fix = entry.get("location"), entry.get("end_location"), entry.get("fix")
        applicability = fix.get("applicability") if isinstance(fix, dict) else None
        known: dict[object, Fix] = {"safe": "safe", "unsafe": "unsafe"}
        return Diagnostic(
            tool=self.name,
            code=str(entry.get("code") or "invalid-syntax"),
            message=str(entry["message"]),
            path=relative(tree, str(entry["filename"])),
            line=start["row"] if isinstance(start, dict) else 0,
            column=start["column"] if isinstance(start, dict) else 0,
            end_line=end["row"] if isinstance(end, dict) else 0,
            fix=known.get(applicability, "none"),
        )


CHECKER = RuffChecker
