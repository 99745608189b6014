"""The target's own failing tests as errors: the job's file is the test's module, the culprit is not guessed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from stomper.checkers.base import CheckerContext
from stomper.errors import CheckerError
from stomper.models import Diagnostic
from stomper.testing.results import SuiteRun, SuiteState
from stomper.testing.suite import Suite


class PytestChecker:
    """Runs the suite and reports each failing test."""

    whole_program = True

    def __init__(self, context: CheckerContext) -> None:
        self.name = context.name
        self._suite = Suite(context.environment, context.test_command, context.timeout_s, context.cache)
        self._environment = context.environment
        self._first: SuiteRun | None = None
        """The tests of the tree that was seen first, which has no patches yet."""

    def describe(self) -> tuple[str, str]:
        return "", self._environment.found

    def check(self, tree: Path, paths: Sequence[str] = ()) -> list[Diagnostic]:
        run = self._suite.run(tree, known=self._first)
        self._first = self._first or run
        if run.elsewhere:
            failed = next((f": {t.name}: {t.message}" for t in run.tests if t.status == "failed"), "")
            raise CheckerError(f"{self.name}: {run.elsewhere}{failed}")
        if not run.state.is_verdict:
            raise CheckerError(f"{self.name}: {run.words}")
        if run.state is SuiteState.NONE:
            raise CheckerError(f"{self.name}: there are no tests, so nothing was checked: set test_command")
        found = [
            Diagnostic(tool=self.name, code="test-failed", message=f"{t.name}: {t.message}", path=t.path, line=t.line)
            for t in run.tests
            if t.status == "failed" and t.path
        ]
        if not found and run.state is not SuiteState.PASSED:
            raise CheckerError(
                f"{self.name}: the tests fail, and none says in which file: {run.complaint or run.words}"
            )
        return found


CHECKER = PytestChecker
