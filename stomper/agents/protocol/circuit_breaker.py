"""An agent that cannot work now: switched off for the run when its login or its quota is gone or nobody is at its address,
slowed when it is busy."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

Trouble = Literal[
    "", "authentication", "quota", "configuration", "unreachable", "rate limit", "overloaded", "refused", "context too long"
]  # fmt: skip
_FOR_GOOD = ("authentication", "quota", "configuration")
_BUSY = ("rate limit", "overloaded")
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 5.0, 300.0
_GIVE_UP = 8  # busy answers in a row, over all files
_NOBODY = 3  # connections in a row that nobody took: one may meet a server that is just being started again
_LOOK_AGAIN_S = 0.2
# A number is a status where it is said to be one, or begins a line: others are lines, sizes and ports.
_CUE = r"(?:^\s*|\(|\bhttps?\b[^\n]{0,12}|\b(?:status|code|error)\b[^\w\n]*(?:code\b[^\w\n]*)?|\b(?:answered|returned|got) )"
# Names of files say nothing, whatever words and numbers they are made of; `/login` is a command.
_PATH = re.compile(r"(?<![^\s'\"()])(?!HTTP/)[^\s'\"()]*[^\s'\"():]/[^\s'\"()]*|[^\s'\"()/]+\.pyi?\b", re.IGNORECASE)
# In the words of the programs and their providers; the first that matches counts.
_SIGNS: tuple[tuple[Trouble, str], ...] = (
    (
        "quota",
        (
            r"insufficient_quota|credit balance|quota (?:exceeded|exhausted)|exceeded your current quota|billing|"
            + _CUE
            + r"402\b|"
            r"payment required|usage limit|hit your (?:\w+ )?limit|premium requests? (?:limit|exceeded)"
        ),
    ),
    (
        "authentication",
        (
            _CUE + r"(?:401|403)\b|unauthori[sz]ed|unauthenticated|(?:invalid|incorrect) (?:x-)?api[ _-]?key|"
            r"api[ _]key not valid|authenticat(?:ion|e)|not logged in|please log ?in|login required|/login|"
            r"permission[ _]denied[ _]error"
        ),
    ),
    ("rate limit", _CUE + r"429\b|rate.?limit|too many requests|resource.?exhausted"),
    ("overloaded", _CUE + r"(?:529|502|503|504)\b|overloaded|at capacity|high demand|service.?unavailable|bad gateway"),
    (
        "context too long",
        r"context.?(?:length|window)|maximum context|prompt is too long|too many tokens|" + _CUE + r"413\b",
    ),
    ("unreachable", r"connection refused|\bECONNREFUSED\b|\bAPIConnectionError\b"),
    ("refused", r"content policy|safety (?:policy|system)|refus(?:ed|al) to"),
)
_FLAGS = re.IGNORECASE | re.MULTILINE
_RETRY = re.compile(r"retry[- ]after[\"']?\s*[:=]?\s*[\"']?(\d+(?:\.\d+)?)", re.IGNORECASE)


_BY_STATUS: dict[int, Trouble] = {
    401: "authentication", 402: "quota", 403: "authentication", 413: "context too long", 429: "rate limit",
    502: "overloaded", 503: "overloaded", 504: "overloaded", 529: "overloaded",
}  # fmt: skip


def trouble_in(said: str, status: int | None = None) -> tuple[Trouble, float | None]:
    """What an agent that failed complains of, and how many seconds it says to wait.

    By the HTTP *status* of its provider where that is known, else by known words. A quota that is used up is told by words
    alone: it comes with the status of a limit that passes."""
    retry, said = _RETRY.search(said), _PATH.sub("", said)
    if status in _BY_STATUS and not re.search(_SIGNS[0][1], said, _FLAGS):
        return _BY_STATUS[status], float(retry[1]) if retry else None
    for trouble, sign in _SIGNS:
        if re.search(sign, said, _FLAGS):
            return trouble, float(retry[1]) if retry else None
    return "", None


@dataclass
class Breaker:
    """The state of one agent over a run. Safe to use from several threads.

    How many calls it takes at once is found as TCP finds its window: halved when it is busy, one more when all that were
    allowed went well."""

    off: str = ""
    _until: float = 0.0
    _pause_s: float = _FIRST_PAUSE_S
    _running: int = 0
    _allowed: float = float("inf")
    _busy: int = 0
    _slowed: int = 0
    _nobody: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def turn(self, pause: Callable[[float], None]) -> Iterator[int]:
        """Wait by *pause* until the agent may be called, and hold that place in the block.

        Gives how often it was slowed down by then, for `tell`."""
        while not self._enter():
            pause(max(_LOOK_AGAIN_S, self.wait_s()))
        slowed = self._slowed
        try:
            yield slowed
        finally:
            with self._lock:
                self._running -= 1

    def _enter(self) -> bool:
        with self._lock:
            free = self.off or (self._running < max(self._allowed, 1) and time.monotonic() >= self._until)
            self._running += bool(free)
            return bool(free)

    def wait_s(self) -> float:
        """How long to wait before the next call."""
        with self._lock:
            return max(0.0, self._until - time.monotonic())

    def tell(
        self, trouble: Trouble, said: str = "", retry_after_s: float | None = None, *, slowed: int | None = None
    ) -> None:
        """Take in how a call went, while its turn is still held.

        Calls that were in flight together find it busy for one and the same reason: that is one time, told by *slowed*."""
        with self._lock:
            if trouble in _FOR_GOOD:
                self.off = f"{trouble} failed: {said.strip()[-200:]}"
            elif trouble in _BUSY:
                again = slowed is not None and slowed < self._slowed
                self._slow_down(trouble, said, retry_after_s, again=again)
            elif trouble == "unreachable":
                self._nobody += 1
                if self._nobody >= _NOBODY and not self.off:
                    self.off = f"{trouble}, {self._nobody} times in a row: {said.strip()[-200:]}"
            else:
                self._pause_s, self._busy, self._nobody = _FIRST_PAUSE_S, 0, 0
                self._allowed += 1 / max(self._allowed, 1)

    def _slow_down(self, trouble: Trouble, said: str, retry_after_s: float | None, *, again: bool) -> None:
        pause = retry_after_s if retry_after_s is not None else 0.0 if again else self._pause_s
        self._until = max(self._until, time.monotonic() + min(pause, _LONGEST_PAUSE_S))
        if pause > _LONGEST_PAUSE_S:
            self.off = f"{trouble}: it asks to be left alone for {pause:g} s"
        if again:
            return
        self._busy += 1
        self._slowed += 1
        if self._busy >= _GIVE_UP and not self.off:
            self.off = f"{trouble}, {self._busy} times in a row: {said.strip()[-200:]}"
        self._pause_s = min(self._pause_s * 2, _LONGEST_PAUSE_S)
        self._allowed = max(1.0, min(self._allowed, self._running) / 2)


def turned_away(trouble: Trouble) -> bool:
    """Whether the provider did nothing for the call."""
    return trouble in (*_FOR_GOOD, *_BUSY, "unreachable")


def again(trouble: Trouble) -> bool:
    """Whether the same call may go well a little later."""
    return trouble in _BUSY
