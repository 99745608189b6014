"""Work that is done for several items at once as for one: threads that ask for it wait, and one of them does it for all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from stomper.errors import Cancelled
from stomper.system import processes

T = TypeVar("T")
V = TypeVar("V")
_WAKE_S = 0.5


@dataclass(eq=False)
class _Turn(Generic[T, V]):
    """An item that waits, to lead a batch or to be taken into one."""

    item: T
    alone: bool
    came: Future[V | None] = field(default_factory=Future)


@dataclass
class Batches(Generic[T, V]):
    """Puts items that wait at the same time into batches. Safe to use from several threads, which it keeps waiting.

    Who waits longest leads the next batch as soon as one may begin. One that was in vain halves how many share the next, one
    that passes doubles it, so that where batches are of no use the items are worked on one by one, as without them."""

    most: int
    """How many items one batch may have."""
    at_once: int
    """How many batches may be worked on at once."""
    fits: Callable[[Sequence[T], T], bool]
    """Whether an item can share a batch with those that are in it."""
    passed: Callable[[V], bool | None]
    """By what came of a batch, whether it passed; False when it was in vain, None for anything between."""
    more: Callable[[int], bool] = lambda _: False
    """Whether others may come soon, beside those who are here: so many that wait or are worked on."""
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _queue: list[_Turn[T, V]] = field(default_factory=list)
    _running: int = 0
    _inside: int = 0
    """How many items are worked on, in all batches."""
    _limit: int = 0

    def __post_init__(self) -> None:
        self._limit = self.most

    @property
    def waiting(self) -> int:
        """How many items are in no batch yet."""
        return len(self._queue)

    def turn(self, item: T, work: Callable[[Sequence[T]], V], *, alone: bool, patience_s: float = 0.0) -> V | None:
        """What comes of a batch with *item*, of which there is nothing else in it when it is to be *alone*.

        *work*, of this thread or of another one in the batch, gets all its items, its own first. Raises what this thread's
        own *work* raises, and Cancelled when another's does; None when another's raises anything else. Waits up to
        *patience_s* seconds for others that may come."""
        mine = _Turn[T, V](item, alone)
        batch = self._led_by(mine, patience_s)
        if not batch:
            return mine.came.result()
        passed: bool | None = False
        try:
            came = work([turn.item for turn in batch])
            passed = self.passed(came)
        except BaseException as error:
            for turn in batch[1:]:  # whatever happens to the leader, nobody is left waiting
                if isinstance(error, Cancelled):
                    turn.came.set_exception(Cancelled(str(error)))
                else:
                    turn.came.set_result(None)
            raise
        finally:
            self._end(batch, passed)
        for turn in batch[1:]:
            turn.came.set_result(came)
        return came

    def _led_by(self, mine: _Turn[T, V], patience_s: float) -> list[_Turn[T, V]]:
        """The batch that *mine* is to lead, and is first of; empty when it is in another's."""
        with self._changed:
            self._queue.append(mine)
            self._changed.notify_all()
            try:
                self._changed.wait_for(lambda: mine not in self._queue or self._may_lead(mine))
                if mine not in self._queue:
                    return []
                if not mine.alone:
                    self._wait_for_others(patience_s)
                batch = self._taken(mine)
                self._running += 1
                self._inside += len(batch)
                return batch
            finally:
                self._queue = [turn for turn in self._queue if turn is not mine]
                self._changed.notify_all()

    def _may_lead(self, mine: _Turn[T, V]) -> bool:
        return self._queue[0] is mine and self._running < self.at_once

    def _wait_for_others(self, patience_s: float) -> None:
        until = time.monotonic() + patience_s
        while (
            len(self._queue) < self._limit and self.more(len(self._queue) + self._inside) and not processes.stopping()
        ):
            if (left := until - time.monotonic()) <= 0:
                return
            self._changed.wait(min(left, _WAKE_S))

    def _taken(self, mine: _Turn[T, V]) -> list[_Turn[T, V]]:
        batch, items = [mine], [mine.item]
        for turn in self._queue[1:] if not mine.alone else ():
            if len(batch) < self._limit and not turn.alone and self.fits(items, turn.item):
                batch.append(turn)
                items.append(turn.item)
        self._queue = [turn for turn in self._queue if turn not in batch]
        return batch

    def _end(self, batch: Sequence[_Turn[T, V]], passed: bool | None) -> None:
        with self._changed:
            self._running -= 1
            self._inside -= len(batch)
            if passed and not batch[0].alone:
                self._limit = min(self.most, 2 * self._limit)
            elif passed is False and len(batch) > 1:
                self._limit = max(1, len(batch) // 2)
            self._changed.notify_all()
