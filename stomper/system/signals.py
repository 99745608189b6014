"""What signals do: they end what runs, and cut off no work half-way."""

from __future__ import annotations

import contextlib
import contextvars
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from stomper.system import processes

T = TypeVar("T")


def shielded(work: Callable[[], T]) -> T:
    """What *work* returns or raises; it is done in a thread of its own, in this one's context.

    Prefect cancels a run by raising out of its handler for SIGTERM, at any line of the main thread: in the middle of a
    landing, or while it waits for agents that would go on. Here that ends the processes and what has not landed, waits until
    *work* has put everything away, and then goes on its way. A second signal no longer waits."""
    context = contextvars.copy_context()
    with ThreadPoolExecutor(1, thread_name_prefix="shielded") as pool:
        future = pool.submit(context.run, work)
        try:
            return future.result()
        except BaseException:
            if not future.done():
                processes.stop_all()
            raise


@contextlib.contextmanager
def stopping_on_signals() -> Iterator[None]:
    """Ctrl-C and SIGTERM kill what the run started and let it end by itself; a second one ends it at once."""
    asked: list[int] = []

    def stop(number: int, _frame: object) -> None:
        if asked:
            os._exit(128 + number)
        asked.append(number)
        processes.stop_all()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
