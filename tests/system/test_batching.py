"""Work for several items at once: who shares a batch, and that nobody is left waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from stomper.errors import Cancelled
from stomper.system.batching import Batches

Work = Callable[[Sequence[int]], str]
WAIT_S = 60.0


def batches(most: int = 8, *, fits: Callable[[Sequence[int], int], bool] = lambda _, __: True) -> Batches[int, str]:
    """One batch at once, which passes when it says so."""
    return Batches(most, 1, fits, {"good": True, "bad": False}.get)


def all_at_once(
    room: Batches[int, str], count: int, work: Work, alone: frozenset[int] = frozenset()
) -> list[Future[str | None]]:
    """What comes of so many items, which wait in their order when the batch before them ends."""
    began, go_on = threading.Event(), threading.Event()

    def first(_: Sequence[int]) -> str:
        began.set()
        assert go_on.wait(WAIT_S)
        return "good"

    with ThreadPoolExecutor(count + 1) as pool:
        pool.submit(room.turn, -1, first, alone=True)
        assert began.wait(WAIT_S)
        futures = []
        for item in range(count):
            futures.append(pool.submit(room.turn, item, work, alone=item in alone))
            while room.waiting <= item:
                time.sleep(0.001)
        go_on.set()
    return futures


def test_all_that_wait_share_one_batch() -> None:
    """In the order in which they came, and what comes of it is for all of them."""
    seen: list[list[int]] = []

    def work(items: Sequence[int]) -> str:
        seen.append(list(items))
        return "good"

    futures = all_at_once(batches(), 4, work)
    assert [f.result() for f in futures] == ["good"] * 4
    assert seen == [[0, 1, 2, 3]]


def test_who_does_not_fit_or_wants_to_be_alone_is_not_taken_along() -> None:
    """Odd and even items do not go together here."""
    seen: list[list[int]] = []

    def work(items: Sequence[int]) -> str:
        seen.append(list(items))
        return "good"

    all_at_once(batches(fits=lambda items, item: items[0] % 2 == item % 2), 6, work, alone=frozenset({2}))
    assert seen == [[0, 4], [1, 3, 5], [2]]


def test_a_batch_in_vain_halves_the_next_and_one_that_passes_doubles_it() -> None:
    """Down to single ones, which are never too many, and up again; one that was of some use changes nothing."""
    sizes: list[int] = []

    def work(items: Sequence[int]) -> str:
        sizes.append(len(items))
        return "bad" if len(sizes) <= 3 else "of use" if len(sizes) == 5 else "good"

    all_at_once(batches(most=8), 8 + 4 + 2 + 1 + 2 + 2 + 4 + 3, work)
    assert sizes == [8, 4, 2, 1, 2, 2, 4, 3]


def test_an_error_of_the_leader_frees_the_others() -> None:
    """It is the leader's alone; the others are told that nothing came of it."""

    def work(items: Sequence[int]) -> str:
        raise KeyError(items[0])

    first, *others = all_at_once(batches(), 4, work)
    with pytest.raises(KeyError):
        first.result()
    assert [f.result() for f in others] == [None] * 3


def test_a_run_that_is_stopped_ends_for_all() -> None:
    """Those in the batch, and those that would have been in the next."""
    calls: list[int] = []

    def work(items: Sequence[int]) -> str:
        calls.append(len(items))
        raise Cancelled("stopped")

    futures = all_at_once(batches(most=2), 5, work)
    for future in futures:
        with pytest.raises(Cancelled, match="stopped"):
            future.result()
    assert calls == [2, 1, 1, 1]
