"""What a run may spend: reserved before a call, settled after it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Amount:
    """Money, tokens and calls; of a limit, None is no limit; of a call, None is unknown."""

    usd: float | None = 0.0
    tokens: int | None = 0
    calls: int | None = 0


@dataclass
class Budget:
    """A limit, what is spent of it, and what calls in flight may still spend. Safe to use from several threads.

    A call is let through only if it fits with all that is in flight at its reserved size. So the limit is kept as long as
    no call spends more than it had reserved; calls that reserve nothing can exceed it by what they spend themselves."""

    limit: Amount
    names: tuple[str, str, str] = ("max_cost_usd", "max_tokens", "max_agent_calls")
    """What the limits are called in the settings."""
    spent_usd: float = 0.0
    spent_tokens: int = 0
    calls: int = 0
    _held: list[Amount] = field(default_factory=list)
    _dearest: Amount = field(default_factory=Amount)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def reached(self) -> bool:
        """Return whether all that a limit allows is spent."""
        spent = (self.spent_usd, self.spent_tokens, self.calls)
        most = (self.limit.usd, self.limit.tokens, self.limit.calls)
        return any(m is not None and s >= m for m, s in zip(most, spent, strict=True))

    def reserve(self, expected: Amount) -> str:
        """Hold *expected* for a call. Empty when it may be made; else the limit that stands against it, in words."""
        with self._lock:
            held_usd = sum(a.usd or 0.0 for a in self._held)
            held_tokens = sum(a.tokens or 0 for a in self._held)
            checks = (
                (self.limit.usd, self.spent_usd, held_usd, expected.usd or 0.0),
                (self.limit.tokens, self.spent_tokens, held_tokens, expected.tokens or 0),
                (self.limit.calls, self.calls, 0, 1),
            )
            for name, (most, spent, held, wanted) in zip(self.names, checks, strict=True):
                # Nothing reserved still needs something left.
                if most is not None and (spent + held + wanted > most or spent + held >= most):
                    return f"{name} = {most:g} {_how(most, spent, held, wanted)}"
            self._held.append(expected)
            self.calls += 1
            return ""

    def give_back(self, expected: Amount) -> None:
        """The call was not made after all."""
        with self._lock:
            self._held.remove(expected)
            self.calls -= 1

    def settle(self, expected: Amount, spent: Amount) -> None:
        """Give back what was held for a call, and count what it spent.

        Where that is unknown it counts as what it had reserved, else as the dearest call so far: never as nothing."""
        with self._lock:
            self._held.remove(expected)
            usd = next(v for v in (spent.usd, expected.usd, self._dearest.usd) if v is not None)
            tokens = next(v for v in (spent.tokens, expected.tokens, self._dearest.tokens) if v is not None)
            self.spent_usd += usd
            self.spent_tokens += tokens
            self._dearest = Amount(max(usd, self._dearest.usd or 0.0), max(tokens, self._dearest.tokens or 0))


def _how(most: float, spent: float, held: float, wanted: float) -> str:
    """Return how a limit stands against one more call, in words: only what is spent has reached it."""
    if spent >= most:
        return "is reached"
    flying = f" and {held:g} held for calls in flight" if held else ""
    return f"has no room for a call of up to {wanted:g} beside {spent:g} spent{flying}"
