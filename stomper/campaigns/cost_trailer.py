"""What a fix cost, as its commit remembers it: so that a pull request of many runs knows what all of them paid."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from stomper.models import Attempt

_WRITTEN = re.compile(r"(\d+) calls?, \$(\d+)\.(\d{6})(?:, (\d+) of unknown cost)?")


@dataclass(frozen=True)
class Spent:
    """Calls of agents, their cost in millionths of a dollar, and how many of them did not say theirs."""

    calls: int = 0
    microusd: int = 0
    unknown: int = 0

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.calls + other.calls, self.microusd + other.microusd, self.unknown + other.unknown)

    @classmethod
    def of(cls, attempts: Iterable[Attempt]) -> Spent:
        """What these cost. Those that read no prompt, and those that were paid for before, are none."""
        made = [a for a in attempts if not a.reused and a.strategy]
        known = [a.cost_usd for a in made if a.cost_usd is not None]
        return cls(len(made), sum(round(c * 1_000_000) for c in known), len(made) - len(known))

    @classmethod
    def read(cls, text: str) -> Spent:
        """What `written` wrote; nothing for any other text."""
        found = _WRITTEN.fullmatch(text)
        if found is None:
            return cls()
        return cls(int(found[1]), int(found[2]) * 1_000_000 + int(found[3]), int(found[4] or 0))

    @property
    def written(self) -> str:
        """On one line, for a trailer."""
        more = f", {self.unknown} of unknown cost" if self.unknown else ""
        return f"{self.calls} {'call' if self.calls == 1 else 'calls'}, ${self.usd}{more}"

    @property
    def usd(self) -> str:
        """The known cost in dollars."""
        return f"{self.microusd // 1_000_000}.{self.microusd % 1_000_000:06d}"

    @property
    def words(self) -> str:
        """For people."""
        if not self.calls:
            return "no agent was paid"
        known = f"${self.microusd / 1_000_000:.2f}"
        if self.unknown:
            known = "an unknown cost" if self.unknown == self.calls else f"{known} and {self.unknown} of unknown cost"
        return f"{self.calls} call{'' if self.calls == 1 else 's'} of agents, {known}"
