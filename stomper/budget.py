"""What a run may spend: reserved before a call, settled after it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Amount:
    """Money, tokens and calls; of a limit, None is no limit."""

    usd: float | None = 0.0
    tokens: int | None = 0
    calls: int | None = 0


@dataclass
class Budget:
    """A limit, what is spent of it, and what calls in flight may still spend. Safe to use from several threads.

    A call is let through only if it fits with all that is in flight at its reserved size. So the limit is kept as long as
    no call spends more than it had reserved; calls that reserve nothing can exceed it by what they spend themselves."""

    limit: Amount
    spent_usd: float = 0.0
    spent_tokens: int = 0
    calls: int = 0
    _held: list[Amount] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def reserve(self, expected: Amount) -> str:
        """Hold *expected* for a call. Empty when it may be made; else the limit that stands against it, in words."""
        with self._lock:
            held_usd = sum(a.usd or 0.0 for a in self._held)
            held_tokens = sum(a.tokens or 0 for a in self._held)
            checks = (
                ("max_cost_usd", self.limit.usd, self.spent_usd + held_usd, expected.usd or 0.0),
                ("max_tokens", self.limit.tokens, self.spent_tokens + held_tokens, expected.tokens or 0),
                ("max_agent_calls", self.limit.calls, self.calls, 1),
            )
            for name, most, gone, wanted in checks:
                # Nothing reserved still needs something left.
                if most is not None and (gone + wanted > most or gone >= most):
                    return f"{name} = {most:g} is reached"
            self._held.append(expected)
            self.calls += 1
            return ""

    def settle(self, expected: Amount, spent: Amount) -> None:
        """Give back what was held for a call, and count what it spent; where that is unknown, what it had reserved."""
        with self._lock:
            self._held.remove(expected)
            self.spent_usd += spent.usd if spent.usd is not None else expected.usd or 0.0
            self.spent_tokens += spent.tokens if spent.tokens is not None else expected.tokens or 0
