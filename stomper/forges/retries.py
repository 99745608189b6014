"""Asking a forge: what it refuses, what is tried again and how long is waited for it, and the words for people."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from stomper.errors import StomperError
from stomper.forges.base import ForgeError
from stomper.system import processes

T = TypeVar("T")
LOST = 0  # the status of a request whose answer did not come
NOT_UNDERSTOOD = -1
_TRIES = 3
_LONGEST_WORDS = 500
_SECONDARY_S = 60  # GitHub asks for a minute where a limit does not say when it ends


def plain(text: str | None) -> str:
    """As forges keep texts: they change line ends, and drop blanks around them."""
    return (text or "").replace("\r\n", "\n").strip()


@dataclass(eq=False)
class Refusal(Exception):
    """What a forge said instead of doing it: its status, its words, its headers by their names in small letters."""

    status: int
    words: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def passing(self) -> bool:
        """Whether it may go well when it is asked again at once."""
        return self.status == LOST or self.status >= 500

    @property
    def limited(self) -> bool:
        """Whether too much was asked, which both forges say in several ways."""
        said = self.headers.get("x-ratelimit-remaining") == "0" or "retry-after" in self.headers
        return self.status == 429 or (self.status == 403 and (said or "rate limit" in self.words.lower()))

    def again_at(self, now: float) -> float:
        """When it may be asked again, as a time of the epoch like *now*."""
        after = self.headers.get("retry-after", "")
        if after.isdigit():
            return now + int(after)
        if after and (when := email.utils.parsedate_tz(after)):
            return float(email.utils.mktime_tz(when))
        reset = self.headers.get("x-ratelimit-reset") or self.headers.get("ratelimit-reset") or ""
        try:
            return max(now, float(reset)) + 1  # somewhere in that second
        except ValueError:
            return now + _SECONDARY_S


@dataclass
class Patience:
    """How long is waited in all, in seconds, for a forge that is busy. `now` is a time of the epoch."""

    total_s: float = 60
    now: Callable[[], float] = time.time
    pause: Callable[[float], object] = processes.pause

    def wait(self, seconds: float) -> bool:
        """Whether that much patience was left; then it has passed."""
        if seconds > self.total_s:
            return False
        self.total_s -= seconds
        self.pause(seconds)
        return True


@dataclass
class Asking:
    """All requests to one forge. `read` makes a Refusal of the library's exception; `rights` names what a token needs."""

    forge: str
    place: str
    rights: str
    read: Callable[[Exception], Refusal | None]
    secret: str = field(repr=False)
    patience: Patience = field(default_factory=Patience)
    notes: list[str] = field(default_factory=list)

    def ask(self, what: str, call: Callable[[], T]) -> T:
        """What *call* returns. It is called again after a passing failure, so it must be safe to repeat.

        Raises ForgeError, which says *what* was asked."""
        try:
            return self.attempt(call)
        except Refusal as refusal:
            final = refusal
        # Raised out here, so that no exception of a library, which may hold the token, hangs on to it.
        raise self.error(what, final)

    def attempt(self, call: Callable[[], T]) -> T:
        """As `ask`, but a refusal that stays is raised as such, for a caller that knows what to make of it."""
        failed = 0
        while True:
            refusal = None
            try:
                return call()
            except (StomperError, Refusal):
                raise
            except Exception as error:  # the libraries raise whatever they come upon
                refusal = self.read(error) or Refusal(NOT_UNDERSTOOD, type(error).__name__)
            now = self.patience.now()
            if refusal.limited:
                if self.patience.wait(max(0.0, refusal.again_at(now) - now)):
                    continue
            elif refusal.passing:
                failed += 1
                after = refusal.again_at(now) - now if "retry-after" in refusal.headers else 0.0
                if failed < _TRIES and self.patience.wait(max(failed, after)):
                    continue
            raise refusal

    def refused(self, call: Callable[[], object]) -> Refusal | None:
        """The refusal of a *call* that may fail; None when it did what it should."""
        try:
            self.attempt(call)
        except Refusal as refusal:
            return refusal
        return None

    def wish(self, otherwise: str, call: Callable[[], object]) -> None:
        """Make a *call* that may fail: then a note says *otherwise*, and why."""
        if refusal := self.refused(call):
            self.note(f"{otherwise}: {self.said(refusal) or refusal.status}")

    def note(self, words: str) -> None:
        """Say it once."""
        if words not in self.notes:
            self.notes.append(words)

    def error(self, what: str, refusal: Refusal) -> ForgeError:
        """What people are told, without the token."""
        said = self.said(refusal)
        begin = f"{self.forge}, {self.place}: could not {what}"
        if refusal.limited:
            until = datetime.fromtimestamp(refusal.again_at(self.patience.now()), UTC)
            return ForgeError(f"{begin}: rate limit until {until:%H:%M} UTC: {said}. Run again after that")
        match refusal.status:
            case 401:
                end = f"the token is not accepted ({said}): give one that is valid, with {self.rights}"
            case 403:
                end = f"the token may not do that ({said}): it needs {self.rights}"
            case 404:
                end = f"it is not there, or the token has no access ({said}): check the address; it needs {self.rights}"
            case 409 | 422 | 400 | 405:
                end = f"it was refused: {said}"
            case 0:
                end = f"no answer came ({said}): check the network, then run again"
            case -1:
                end = f"the answer was not understood ({said}): is {self.place} the address of a {self.forge} API?"
            case status if status >= 500:
                end = f"it has a failure of its own ({status} {said}): run again later"
            case status:
                end = f"it answered {status} ({said})"
        return ForgeError(self.hidden(f"{begin}: {end}"))

    def said(self, refusal: Refusal) -> str:
        """The forge's own words, on one short line, without the token."""
        words = " ".join(self.hidden(refusal.words).split())
        return words if len(words) <= _LONGEST_WORDS else f"{words[:_LONGEST_WORDS]}…"

    def hidden(self, words: str) -> str:
        """*words* without the token."""
        return words.replace(self.secret, "[token]") if self.secret else words
