"""Jobs of a run that nobody has begun with, and the answers that are ready for the next of them."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from stomper.agents.ruff import Repaired, RuffAgent
from stomper.analysis.fingerprints import Comparison, compare
from stomper.checkers.verify import Collected
from stomper.guards.base import Diff
from stomper.models import FileJob


@dataclass(frozen=True)
class Ready:
    """What came of the first agent's call for one file, and what its checker has said of the file since."""

    job: FileJob
    agent: RuffAgent
    call: str
    """What memory knows the call by."""
    diff: Diff | None
    """None where it changed nothing."""
    done: Repaired
    seconds: float
    """The file's share of the time."""

    def verdict(self, collected: Collected) -> Comparison:
        """Compare with the base's errors in the file, as *collected*."""
        return compare(collected.of(self.agent.checkers[0].name, [self.job.path]), self.done.found)


@dataclass
class Pending:
    """Jobs not started yet, and batch answers to be picked up, by path. Touch both with the lock held."""

    waiting: dict[str, FileJob] = field(default_factory=dict)
    ready: dict[str, Ready] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def expect(self, jobs: Iterable[FileJob]) -> None:
        """Begin anew with these jobs; answers for earlier ones are dropped."""
        with self.lock:
            self.ready.clear()
            self.waiting = {job.path: job for job in jobs}
