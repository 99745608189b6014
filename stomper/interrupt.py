"""Work that an exception out of a signal's handler cannot cut off half-way."""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from stomper import proc

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
                proc.stop_all()
            raise
