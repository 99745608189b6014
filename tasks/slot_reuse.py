"""The slots of the limit of a tag, held by the tasks of a run: kept for the next task where one waits.

Prefect takes a slot for each task and gives it back afterwards: three requests, two threads and two events around a file
that may take milliseconds. Here a task hands its slot to the next one of the same run, for some seconds; then it is
given back and asked for anew, so that other runs get theirs. The limit holds as ever: no task of the tag runs without one.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.runtime import flow_run

from stomper.server import prefect_internals
from stomper.server.prefect_internals import EngineSlots
from stomper.system import processes

if TYPE_CHECKING:
    from prefect.client.schemas.objects import ConcurrencyLeaseHolder

KEPT_S = 5.0
"""How long a slot goes from task to task, up to twice that: not all slots of a run are asked for in the same moment. Whoever
waits for one asks again that seldom anyway."""
_LEASE_S, _RENEWED_EACH_S, _LOOK_S, _PATIENCE_S = 60.0, 20.0, 0.2, 5.0
_log = logging.getLogger(__name__)
_slots: ContextVar[Slots | None] = ContextVar("slots", default=None)


@dataclass(frozen=True)
class Lease:
    """Slots that are held: one of each limit that there is of the names; none where there is no limit at all."""

    names: tuple[str, ...]
    id: UUID | None
    until: float = field(default_factory=lambda: time.monotonic() + KEPT_S * random.uniform(1, 2))  # noqa: S311 - no secret

    @property
    def fresh(self) -> bool:
        """Whether another task may still have it."""
        return time.monotonic() < self.until


@dataclass
class Slots:
    """The slots of a run of which *waiting* tasks have none yet. Safe to use from threads."""

    client: SyncPrefectClient
    waiting: int
    holder: ConcurrencyLeaseHolder | None = None
    _used: list[Lease] = field(default_factory=list)
    _idle: list[Lease] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _asking: threading.Lock = field(default_factory=threading.Lock)
    _over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def held(self, names: Sequence[str]) -> Iterator[None]:
        """Hold a slot of each limit in *names* while a task runs. A run that is being stopped waits for none."""
        lease = self._left(tuple(names)) or self._asked(tuple(names))
        self._begin(lease)
        try:
            yield
        finally:
            if lease:
                self._end(lease)

    def _left(self, names: tuple[str, ...]) -> Lease | None:
        """What an earlier task has left; what is too old for that is given back."""
        with self._changed:
            old = [lease for lease in self._idle if not lease.fresh]
            self._idle = [lease for lease in self._idle if lease.fresh]
            found = next((lease for lease in self._idle if lease.names == names), None)
            if found:
                self._idle.remove(found)
        self._give_back(old)
        return found

    def _asked(self, names: tuple[str, ...]) -> Lease | None:
        """A slot from the server or from a task that ends; None when the run is stopped. One thread asks at a time."""
        from prefect.client.schemas.responses import ConcurrencyLimitWithLeaseResponse

        with self._asking:
            while not processes.stopping():
                if lease := self._left(names):
                    return lease
                try:
                    answer = self.client.increment_concurrency_slots_with_lease(
                        list(names), 1, "concurrency", _LEASE_S, self.holder
                    )
                except httpx.HTTPStatusError as error:
                    if error.response.status_code != httpx.codes.LOCKED:
                        raise
                    self._pause(float(error.response.headers.get("Retry-After", _PATIENCE_S)))
                    continue
                given = ConcurrencyLimitWithLeaseResponse.model_validate(answer.json())
                return Lease(names, given.lease_id if given.limits else None)
        return None

    def _pause(self, seconds: float) -> None:
        """Wait, but no longer than until a task leaves its slot, or the run is stopped."""
        until = time.monotonic() + seconds
        with self._changed:
            while not self._idle and not processes.stopping() and (left := until - time.monotonic()) > 0:
                self._changed.wait(min(left, _LOOK_S))

    def _begin(self, lease: Lease | None) -> None:
        with self._changed:
            self.waiting -= 1
            if lease:
                self._used.append(lease)
            spare = self._idle[max(self.waiting, 0) :]
            del self._idle[max(self.waiting, 0) :]
        self._give_back(spare)

    def _end(self, lease: Lease) -> None:
        with self._changed:
            self._used.remove(lease)
            if keep := lease.fresh and self.waiting > len(self._idle):
                self._idle.append(lease)
                self._changed.notify()
        if not keep:
            self._give_back([lease])

    def _give_back(self, leases: Sequence[Lease]) -> None:
        """As far as the server can be reached: it takes back by itself what is not renewed."""
        for lease in leases:
            if lease.id:
                try:
                    self.client.release_concurrency_slots_with_lease(lease.id)
                except Exception:
                    _log.debug("a slot could not be given back", exc_info=True)

    def renew(self) -> None:
        """Keep what is held from running out, until `close`."""
        while not self._over.wait(_RENEWED_EACH_S):
            with self._changed:
                held = [lease.id for lease in (*self._used, *self._idle) if lease.id]
            for lease in held:
                with suppress(Exception):  # the next time comes soon enough
                    self.client.renew_concurrency_lease(lease, _LEASE_S)

    def close(self) -> None:
        """Give back what no task has."""
        self._over.set()
        with self._changed:
            idle, self._idle = self._idle, []
        self._give_back(idle)


@contextmanager
def kept_slots(tasks: int) -> Iterator[None]:
    """Let each of the *tasks* that are run in the block take over the slot of one that has ended. Where Prefect's engine is
    not as it is known, each task takes a slot of its own, as Prefect does it by itself."""
    if not _replaced():
        yield
        return
    from prefect.client.schemas.objects import ConcurrencyLeaseHolder

    run = flow_run.get_id()
    holder = ConcurrencyLeaseHolder(type="flow_run", id=UUID(run)) if run else None
    with get_client(sync_client=True) as client:
        slots = Slots(client, tasks, holder)
        threading.Thread(target=slots.renew, name="slots", daemon=True).start()
        token = _slots.set(slots)
        try:
            yield
        finally:
            _slots.reset(token)
            slots.close()


@cache
def _replaced() -> bool:
    return prefect_internals.replace_engine_slots(_over)


def _over(prefects: EngineSlots) -> EngineSlots:
    """What the engine calls around each task that has tags: ours inside `kept_slots`, else Prefect's own."""

    def held(names: list[str], occupy: int = 1, **how: Any) -> AbstractContextManager[None]:
        slots = _slots.get()
        return slots.held(names) if slots and names else prefects(names, occupy, **how)

    return held
