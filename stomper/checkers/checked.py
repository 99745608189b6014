"""What `stomper check` found: the errors, and which of them `fix` would aim at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from stomper.checkers.verify import Collected
from stomper.models import CheckerRun, FileJob, LeftOut


def nothing_found(runs: Iterable[CheckerRun]) -> str:
    """Return in words that there is nothing to fix, as far as is known: a checker without a verdict is named."""
    known, unknown = list[str](), list[str]()
    for run in runs:
        (unknown if run.error else known).append(run.name)
    if not unknown:
        return "nothing to fix"
    by = f"nothing to fix by {', '.join(known)}; " if known else ""
    return f"{by}unknown: {', '.join(unknown)}"


@dataclass(frozen=True)
class Checked:
    """What the checkers said, what `fix` would aim at, and what it would leave out."""

    collected: Collected
    jobs: tuple[FileJob, ...]
    left_out: LeftOut
    repository: str = ""
    """As reports name it."""
    base: str = ""
    unchecked: tuple[str, ...] = ()
    """Languages and configured tools that no checker covers, a line each."""

    @property
    def clean(self) -> bool:
        """Whether there is nothing to fix, nor anything over a limit."""
        return not self.jobs and not self.left_out.by_limit

    @property
    def errors(self) -> int:
        """How many errors `fix` would aim at."""
        return sum(len(job.diagnostics) for job in self.jobs)

    @property
    def headline(self) -> str:
        """The check in one line."""
        if self.clean:
            return " · ".join((nothing_found(self.collected.runs), *self.unchecked[:2]))
        over = f", {self.left_out.by_limit} over a limit" if self.left_out.by_limit else ""
        return f"{self.errors} error(s) to fix in {len(self.jobs)} file(s){over}"

    @property
    def by_code(self) -> Counter[str]:
        """How many errors there are of each code, with its tool before it."""
        return Counter(f"{d.tool} {d.code}" for job in self.jobs for d in job.diagnostics)

    def dump(self) -> dict[str, Any]:
        """All of it as data that JSON can say."""
        return {
            "checkers": [run.model_dump() for run in self.collected.runs],
            "jobs": [job.model_dump() for job in self.jobs],
            "unchecked": list(self.unchecked),
            "left_out": self.left_out.model_dump(),
        }
