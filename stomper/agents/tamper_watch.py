"""What happens to the user's checkout while agents run: looked at before and after each call of one that could reach it."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from stomper import progress
from stomper.environment.judges import Judges
from stomper.errors import RepositoryError
from stomper.git.checkout_state import Sight
from stomper.models import Model
from stomper.state import locks

_LANDING_S = 60.0
_FEW = 5
_UNREADABLE = "git's answer"


class Violation(Model):
    """What changed in the user's repository while agents were running."""

    what: str
    before: str
    after: str
    agents: tuple[str, ...]

    @property
    def words(self) -> str:
        """One line for people."""
        if self.what.startswith("judge "):
            return f"{self.what.removeprefix('judge ')}, by which fixes are judged, {self._how}"
        if self.what.startswith("log "):
            return f"git's {self.what} has lost entries"
        if self.what.startswith("file "):  # what is kept of a file is that it is not as committed
            return f"{self.what} {'was edited or made' if self.after else 'is as committed again'}"
        if self.what == _UNREADABLE:
            return "git cannot read it any more" if self.after else "git can read it again"
        return f"{self.what} {self._how}"

    @property
    def _how(self) -> str:
        return "is new" if not self.before else "changed" if self.after else "is gone"


@dataclass(eq=False)
class _Call:
    """A call of an agent that no look has come after yet."""

    words: str
    ended: bool = False


@dataclass
class Watch:
    """The state of the user's repository as it was last seen, and what changed while agents were running.

    A change that comes while none of them runs is the user's own, and one that *landed* says was a landing is another run's;
    one that *harm* does not count is noted only. *judges* are looked at before the first call, and whenever somebody asks.
    *landing* is the lock that one holds while the repository is between two states. One look serves all calls that ended
    before it began, however many. No call waits for the look after it: whoever asks what was `found` does."""

    sight: Sight
    landed: Callable[[str, str, str], bool] = lambda _branch, _before, _after: False
    landing: Path | None = None
    harm: Callable[[str, str, str], bool] = lambda _what, _before, _after: True
    judges: Judges | None = None
    _noted: dict[str, Violation] = field(default_factory=dict)
    _ran: dict[str, None] = field(default_factory=dict)
    """All calls since somebody asked last, by their words."""
    _violations: list[Violation] = field(default_factory=list)
    _known: dict[str, str] = field(default_factory=dict)
    _calls: list[_Call] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _looking: threading.Lock = field(default_factory=threading.Lock)
    _looker: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "watch"))
    _due: list[Future[None]] = field(default_factory=list)

    def found(self) -> tuple[Violation, ...]:
        """What changed while the calls ran that have ended by now. Raises what kept it from being seen."""
        with self._lock:
            due, self._due = self._due, []
        for look in due:
            look.result()
        self._look_at_judges()
        return tuple(self._violations)

    @property
    def words(self) -> list[str]:
        """Return what the report should tell of changes that were no harm."""
        if not self._noted:
            return []
        told, agents = list(self._noted.values()), dict.fromkeys(a for v in self._noted.values() for a in v.agents)
        more = f" and {len(told) - _FEW} more" if len(told) > _FEW else ""
        said, who = ", ".join(v.words for v in told[:_FEW]), ", ".join(list(agents)[:_FEW])
        return [
            f"in the checkout, while agents ran that no sandbox fenced in ({who}): {said}{more}; nothing was lost by it"
        ]

    def _look_at_judges(self) -> None:
        ran, self._ran = tuple(self._ran)[:_FEW], {}  # what comes while none runs is the user's own
        known = {violation.what for violation in self._violations}
        for place, how in self.judges.changed() if self.judges and ran else ():
            if (what := f"judge {os.fsencode(place).decode(errors='replace')}") not in known:
                before, after = "" if how == "new" else "there", "" if how == "gone" else how
                self._violate(Violation(what=what, before=before, after=after, agents=ran))

    def _violate(self, violation: Violation) -> None:
        self._violations.append(violation)
        progress.emit(progress.Violated(violation.words, violation.agents))

    def close(self) -> None:
        """Look no more: when this returns, no look is under way."""
        self._looker.shutdown(cancel_futures=True)

    @contextlib.contextmanager
    def during(self, agent: str, path: str) -> Iterator[None]:
        """Watch while *agent* works on *path*. Raises RepositoryError where the repository cannot be looked at before."""
        call = _Call(f"{agent} on {path}")
        self._ran[call.words] = None
        if self.judges:
            self.judges.look()
        if not self._joins(call):
            with self._looking:
                if not self._joins(call):
                    self._look_on()
                    self._calls.append(call)
        try:
            yield
        finally:
            with self._lock:
                call.ended = True
                self._due.append(self._looker.submit(self._look_after, call))

    def _look_after(self, call: _Call) -> None:
        with self._looking:
            if call in self._calls:  # else a look was for it that began after its end
                self._look_on()

    def _joins(self, call: _Call) -> bool:
        """Whether *call* begins while others are not looked after yet, so that no look is due before it: it is among them
        from now on."""
        with self._lock:
            others = bool(self._calls)
            if others:
                self._calls.append(call)
            return others

    def _look_on(self) -> None:
        """Look, and compare with what was seen before if any agent ran since. For one thread at a time."""
        with self._lock:
            over = [call for call in self._calls if call.ended]
        try:
            now = self._look()
        except RepositoryError as error:
            if not self._calls:
                raise
            now = {**self._known, _UNREADABLE: str(error)}
        with self._lock:
            agents = tuple(sorted(call.words for call in self._calls))
            self._calls = [call for call in self._calls if call not in over]
        if agents:
            self._compare(now, agents)
        self._known = now

    def _look(self) -> dict[str, str]:
        if self.landing is None:
            return self.sight.look()
        with locks.Lock(self.landing) as lock:
            lock.acquire(shared=True, timeout_s=_LANDING_S)  # an agent that holds it for longer is seen all the same
            return self.sight.look()

    def _compare(self, now: Mapping[str, str], agents: tuple[str, ...]) -> None:
        for what in sorted(self._known.keys() | now.keys()):
            before, after = self._known.get(what, ""), now.get(what, "")
            if before != after and not self._another_runs(what, before, after):
                shown = os.fsencode(what).decode(errors="replace")  # names need not be UTF-8, reports are
                seen = Violation(what=shown, before=before, after=after, agents=agents)
                if what == _UNREADABLE or self.harm(what, before, after):
                    self._violate(seen)
                elif not what.startswith("log "):
                    self._noted[shown] = seen

    def _another_runs(self, what: str, before: str, after: str) -> bool:
        branch = what.removeprefix("ref refs/heads/")
        return branch != what and bool(after) and self.landed(branch, before, after)
