"""Any tool that prints or writes SARIF 2.1.0."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from stomper.checkers.base import CheckerContext, relative, run_program
from stomper.errors import CheckerError
from stomper.models import Diagnostic


class SarifChecker:
    """`[checkers.NAME] kind = "sarif"`: runs `command`, reads `output` or stdout."""

    whole_program = True

    def __init__(self, context: CheckerContext) -> None:
        self.name = context.name
        self.context = context
        if not context.settings.command:
            raise CheckerError(f"[checkers.{self.name}] needs `command`: the program that prints SARIF")

    def describe(self) -> tuple[str, str]:
        return "", self.context.settings.command[0]

    def check(self, tree: Path, paths: Sequence[str] = ()) -> list[Diagnostic]:
        output = self.context.settings.output
        done = run_program(self.context, tree)
        raw = done.stdout
        if output:
            try:
                raw = (tree / output).read_bytes()
                (tree / output).unlink()
            except OSError:
                raise CheckerError(f"{self.name} wrote no {output}: {done.complaint}") from None
        try:
            runs = json.loads(raw)["runs"]
            if any(not i.get("executionSuccessful", True) for run in runs for i in run.get("invocations", ())):
                raise CheckerError(f"{self.name} says itself that it did not run to its end: {done.complaint}")
            found = [d for run in runs for result in run.get("results", ()) if (d := self._diagnostic(tree, result))]
        except (ValueError, KeyError, TypeError, AttributeError, IndexError):
            said = done.complaint or "nothing at all"
            raise CheckerError(f"{self.name} gave no SARIF log that can be read: {said}") from None
        if not isinstance(runs, list) or (done.returncode != 0 and not runs):
            raise CheckerError(f"{self.name} gave no SARIF runs and exit code {done.returncode}: {done.complaint}")
        return found

    def _diagnostic(self, tree: Path, result: dict[str, Any]) -> Diagnostic | None:
        if result.get("level") in ("none", "note") or result.get("suppressions") or not result.get("locations"):
            return None
        place = result["locations"][0].get("physicalLocation")
        if place is None:
            return None  # a logical place only: nothing a file could be repaired for
        region = place.get("region", {})
        message = result["message"]
        return Diagnostic(
            tool=self.name,
            code=str(result.get("ruleId") or result.get("rule", {}).get("id") or "error"),
            message=str(message.get("text") or message.get("id")),
            path=relative(tree, unquote(urlparse(place["artifactLocation"]["uri"]).path)),
            line=region.get("startLine", 0),
            column=region.get("startColumn", 0),
            end_line=region.get("endLine", region.get("startLine", 0)),
        )


CHECKER = SarifChecker
