"""What the tests say of fixes: to the user, of those that pass and fail by turns; to the agents, of those that break."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from stomper.models import FileJob, Outcome
from stomper.prompts.rendering import evidence
from stomper.testing.flaky import as_warning
from stomper.testing.results import SuiteRun

_OUTPUT_LIMIT = 6000  # characters of what failing tests print that an agent is told


def only_flaky_against(words: str) -> str:
    """Return why a patch waits with which tests fail each time that pass and fail by turns without it; *words* name them."""
    return f"waits for you: only flaky tests speak against it: {words}"


@dataclass
class Feedback:
    """Of one run."""

    warnings: list[str]
    _output: dict[str, str] = field(default_factory=dict)
    _evidence: dict[str, str] = field(default_factory=dict)

    def note_flaky(self, tests: Sequence[str]) -> None:
        """Warn of tests that failed once and then passed, each once."""
        for test in tests:
            if (said := as_warning(test)) not in self.warnings:
                self.warnings.append(said)

    def note_broken(self, tests: Sequence[str], run: SuiteRun) -> str:
        """Return what is broken in one line, empty when nothing is: by name, with what the first says of itself. What the
        tests printed of it is kept."""
        if not tests:
            return ""
        words = f"tests: {run.first_of(tests)}"
        self._output[words] = run.said_of(tests)[:_OUTPUT_LIMIT]
        return words

    def output(self, words: str) -> str:
        """What the tests printed of what `note_broken` said."""
        return self._output.get(words, "")

    def tell(self, outcome: Outcome) -> None:
        """Have agents told, when they work on that file again, why its patch did not hold."""
        self._evidence[outcome.path] = evidence(outcome.reason, self.output(outcome.reason), outcome.patch)

    def of(self, job: FileJob) -> str:
        """What an agent is told before its first attempt at *job*; empty when nothing was turned down yet."""
        return self._evidence.get(job.path, "")
