"""An agent that cannot work now: switched off for the run when its login or its quota is gone, slowed when it is busy."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass, field
from typing import Literal

Trouble = Literal["", "authentication", "quota", "rate limit", "overloaded", "refused", "context too long"]
_FOR_GOOD = ("authentication", "quota")
_BUSY = ("rate limit", "overloaded")
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 5.0, 300.0
# In the words of the programs and their providers; the first that matches counts.
_SIGNS: tuple[tuple[Trouble, str], ...] = (
    (
        "quota",
        r"insufficient_quota|credit balance|quota (?:exceeded|exhausted)|exceeded your current quota|billing|\b402\b",
    ),
    (
        "authentication",
        r"\b401\b|\b403\b|unauthori[sz]ed|invalid (?:x-)?api[ _-]?key|authentication|not logged in|please log ?in",
    ),
    ("rate limit", r"\b429\b|rate.?limit|too many requests"),
    ("overloaded", r"\b529\b|\b503\b|overloaded|at capacity|service unavailable"),
    ("context too long", r"context (?:length|window)|maximum context|prompt is too long|too many tokens"),
    ("refused", r"content policy|safety (?:policy|system)|refus(?:ed|al) to"),
)
_RETRY = re.compile(r"retry[- ]after[\"']?\s*[:=]?\s*[\"']?(\d+(?:\.\d+)?)", re.IGNORECASE)


def trouble_in(said: str) -> tuple[Trouble, float | None]:
    """What an agent that failed complains of, by known words, and how many seconds it says to wait."""
    retry = _RETRY.search(said)
    for trouble, sign in _SIGNS:
        if re.search(sign, said, re.IGNORECASE):
            return trouble, float(retry[1]) if retry else None
    return "", None


@dataclass
class Breaker:
    """The state of one agent over a run. Safe to use from several threads."""

    off: str = ""
    _until: float = 0.0
    _pause_s: float = _FIRST_PAUSE_S
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait_s(self) -> float:
        """How long to wait before the next call."""
        with self._lock:
            return max(0.0, self._until - time.monotonic())

    def tell(self, trouble: Trouble, said: str = "", retry_after_s: float | None = None) -> None:
        """Take in how a call went: without trouble the pauses get short again."""
        with self._lock:
            if trouble in _FOR_GOOD:
                self.off = f"{trouble} failed: {said.strip()[-200:]}"
            elif trouble in _BUSY:
                pause = retry_after_s if retry_after_s is not None else self._pause_s
                self._until = max(self._until, time.monotonic() + min(pause, _LONGEST_PAUSE_S))
                self._pause_s = min(self._pause_s * 2, _LONGEST_PAUSE_S)
            else:
                self._pause_s = _FIRST_PAUSE_S


def again(trouble: Trouble) -> bool:
    """Whether the same call may go well a little later."""
    return trouble in _BUSY
