"""A clock for tests."""

from __future__ import annotations


class Clock:
    """Time that passes by pauses alone, for the breaker."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        """The time."""
        return self.now

    def pause(self, seconds: float) -> None:
        """Let it pass at once."""
        self.now += seconds
