"""Which patches break what all of them together break."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def drop_culprits(items: Sequence[T], prove: Callable[[Sequence[T]], str]) -> tuple[list[T], list[tuple[T, str]]]:
    """The items that hold together, and those dropped with what *prove* said of them.

    *prove* returns what is wrong with a sequence, empty when nothing is. The shortest failing prefix ends in a culprit,
    found by binary search; it is dropped and the rest proven again, so pairs that only fail together lose one of the two.
    Costs 1 + c · (1 + log2 n) proofs for c culprits among n items.
    """
    kept = list(items)
    dropped: list[tuple[T, str]] = []
    while kept and (wrong := prove(kept)):
        good, bad = 0, len(kept)  # the prefix of length `good` holds, the one of length `bad` fails
        while bad - good > 1:
            middle = (good + bad) // 2
            if said := prove(kept[:middle]):
                bad, wrong = middle, said
            else:
                good = middle
        dropped.append((kept.pop(bad - 1), wrong))
    return kept, dropped
