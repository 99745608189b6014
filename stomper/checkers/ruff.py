"""ruff, by its JSON output."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from stomper.checkers import ruff_config
from stomper.checkers.base import CheckerContext, in_argv, refuse, relative
from stomper.errors import CheckerError
from stomper.models import Diagnostic, Fix
from stomper.system import processes

SUFFIXES = (".py", ".pyi", ".ipynb")
"""Of the files that it looks at by themselves."""


@dataclass(frozen=True)
class Edit:
    """A part of a fix: *text* in place of what is between two places, each (line, column), both counted from 1."""

    start: tuple[int, int]
    end: tuple[int, int]
    text: str


@dataclass(frozen=True)
class _Part:
    """Files that one call is about, and the arguments that those of a tree need which have no configuration."""

    names: Sequence[str]
    arguments: tuple[str, ...] = ()
    configured: bool | None = None
    """Whose errors count of those that the call gives: of files with or without configuration; None for all."""


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

    def note(self, tree: Path) -> str:
        """Return what is to be said where files have no configuration; empty where all have one."""
        if not self._fills_in(configured := ruff_config.Configured(tree)) or not configured.lacking():
            return ""
        where = "some files have" if configured.anywhere() else "the repository has"
        mine = ruff_config.user_configuration()
        aside = f"; {mine} does not count" if mine else ""
        return f"{where} no ruff configuration: checked there: {', '.join(self._rules)}{aside}"

    def known_codes(self) -> frozenset[str]:
        """Every code this ruff knows; empty when it cannot say."""
        program, _ = self.context.environment.tool("ruff")
        done = processes.run((*program, "rule", "--all", "--output-format", "json"), cwd=Path("/"), timeout_s=60)
        try:
            return frozenset(str(rule["code"]) for rule in json.loads(done.stdout))
        except (json.JSONDecodeError, KeyError, TypeError):
            return frozenset()

    def check(self, tree: Path, paths: Sequence[str] = ()) -> list[Diagnostic]:
        return [self._diagnostic(tree, entry) for entry in self._entries(tree, paths)]

    def fixes(self, tree: Path, path: str) -> list[tuple[Diagnostic, tuple[Edit, ...]]]:
        """Return the errors of one file, each with the edits that ruff would repair it by, none where it has no fix."""
        return [(self._diagnostic(tree, entry), _edits(entry)) for entry in self._entries(tree, [path])]

    def apply(self, tree: Path, codes: Collection[str], paths: Sequence[str], *, unsafe: bool) -> None:
        """Apply the fixes of *codes* in the files *paths*, and no others. Raises CheckerError where ruff fails."""
        safety = "--unsafe-fixes" if unsafe else "--no-unsafe-fixes"
        # --fixable, not --select: with fewer rules selected RUF100 would remove the comments of the others.
        arguments = ("--fix-only", safety, "--fixable", ",".join(sorted(codes)), "--quiet")
        own = ruff_config.without_fixable(self.context.settings.args)
        for part in self._parts(tree, paths):
            done = self._run(tree, (*own, *part.arguments, *arguments), part.names)
            if done.timed_out or done.returncode != 0:
                raise CheckerError(f"ruff --fix-only failed: {done.complaint or f'exit {done.returncode}'}")

    def _entries(self, tree: Path, paths: Sequence[str]) -> Iterator[dict[str, object]]:
        """What ruff says of the errors in *paths* of *tree*, or in all of it."""
        # A file that is named is checked as Python whatever it is: what ruff would find by itself is asked for otherwise.
        named = paths if all(path.endswith(SUFFIXES) for path in paths) else ()
        wanted, configured = frozenset(paths), ruff_config.Configured(tree)
        for part in self._parts(tree, named):
            for entry in self._asked(tree, part):
                path = relative(tree, str(entry["filename"]))
                if part.configured in (None, configured.file(path)) and (not wanted or path in wanted):
                    yield entry

    def _parts(self, tree: Path, paths: Sequence[str]) -> Iterator[_Part]:
        """The calls that it takes to look at *paths*, or at all of *tree* where there are none."""
        configured = ruff_config.Configured(tree)
        if not self._fills_in(configured):
            yield from (_Part(few) for few in in_argv(paths) or [()])
            return
        select = ("--select", ",".join(self._rules))
        if not paths:
            nested = configured.anywhere() and not self._isolated
            yield _Part((), select, configured=False if nested else None)
            if nested:
                yield _Part((), configured=True)
            return
        own = [path for path in paths if configured.file(path) and not self._isolated]
        yield from (_Part(few) for few in in_argv(own))
        yield from (_Part(few, select) for few in in_argv([path for path in paths if path not in set(own)]))

    def _fills_in(self, configured: ruff_config.Configured) -> bool:
        """Whether neither the settings nor a configuration at the root say for all files which rules are checked."""
        return not ruff_config.chooses_rules(self.context.settings.args) and (self._isolated or not configured.root)

    @property
    def _isolated(self) -> bool:
        return ruff_config.ignores_configuration(self.context.settings.args)

    @cached_property
    def _rules(self) -> tuple[str, ...]:
        select = self.context.select
        return ruff_config.rules(select, self.known_codes() if select else ())

    def _asked(self, tree: Path, part: _Part) -> list[dict[str, object]]:
        # --no-fix-only: with `fix-only` in the target's configuration ruff would say nothing, and edit what it looks at.
        arguments = (*part.arguments, "--output-format", "json", "--no-fix", "--no-fix-only")
        done = self._run(tree, (*self.context.settings.args, *arguments), part.names)
        refuse(self.name, done, self.context.timeout_s, (0, 1))
        try:
            entries = json.loads(done.stdout or b"null")
        except json.JSONDecodeError:
            entries = None
        if not isinstance(entries, list):
            raise CheckerError(f"{self.name} printed no JSON: {done.complaint or 'nothing at all'}")
        return entries

    def _run(self, tree: Path, arguments: Sequence[str], paths: Sequence[str]) -> processes.Finished:
        """`ruff check` in *tree* with *arguments*. The caller judges the exit code."""
        program, _ = self.context.environment.tool("ruff")
        # --no-cache: ruff fails to write its cache for names that are not UTF-8.
        # --force-exclude: a file named on the command line is still excluded when the configuration says so.
        argv = (*program, "check", *arguments, "--no-cache", "--force-exclude")
        # A name that starts with a dash is a path all the same.
        files = [f"./{path}" for path in paths] or ["."]
        # The user's own configuration, in $XDG_CONFIG_HOME/ruff, would give each user other errors: none is there.
        environment = {**self.context.environment.tool_variables(tree), "XDG_CONFIG_HOME": str(self.context.cache)}
        return processes.run((*argv, "--", *files), cwd=tree, timeout_s=self.context.timeout_s, env=environment)

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


def _edits(entry: dict[str, object]) -> tuple[Edit, ...]:
    """The edits of an error's fix; none where its places are those of a notebook's cells."""
    fix = entry.get("fix")
    if not isinstance(fix, dict) or entry.get("cell") is not None:
        return ()
    return tuple(Edit(_place(e["location"]), _place(e["end_location"]), str(e["content"])) for e in fix["edits"])


def _place(location: dict[str, int]) -> tuple[int, int]:
    return location["row"], location["column"]


CHECKER = RuffChecker
