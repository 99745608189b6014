"""Finding the items that break the whole."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from stomper.bisect import drop_culprits


@settings(deadline=None)
@given(st.integers(0, 40).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(0, max(n - 1, 0))))))
def test_exactly_the_culprits_are_dropped_at_logarithmic_cost(case: tuple[int, set[int]]) -> None:
    """Every culprit and nothing else is dropped, with a number of proofs logarithmic in the items for each."""
    n, culprits = case[0], case[1] if case[0] else set()
    calls: list[int] = []

    def prove(items: Sequence[int]) -> str:
        calls.append(len(items))
        return ", ".join(f"bad {i}" for i in items if i in culprits)

    kept, dropped = drop_culprits(range(n), prove)
    assert kept == [i for i in range(n) if i not in culprits]
    assert sorted(item for item, _ in dropped) == sorted(culprits)
    assert all(f"bad {item}" in said for item, said in dropped)
    assert len(calls) <= 1 + len(culprits) * (1 + math.ceil(math.log2(max(n, 1))))
    assert 0 not in calls


@settings(deadline=None)
@given(
    st.integers(2, 30).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(0, n - 1), min_size=2, max_size=2)))
)
def test_a_pair_that_fails_only_together_loses_one(case: tuple[int, set[int]]) -> None:
    """Of two items that fail only together one is dropped, and the rest holds."""
    n, pair = case
    kept, dropped = drop_culprits(range(n), lambda items: "both" if pair <= set(items) else "")
    assert dropped == [(max(pair), "both")]
    assert kept == [i for i in range(n) if i != max(pair)]


@settings(deadline=None)
@given(st.lists(st.sets(st.integers(0, 11), min_size=1, max_size=3), max_size=6))
def test_what_is_kept_always_holds(conflicts: list[set[int]]) -> None:
    """Whatever the conflicts are, what is kept passes the proof and nothing is lost or doubled."""

    def prove(items: Sequence[int]) -> str:
        return "conflict" if any(c <= set(items) for c in conflicts) else ""

    kept, dropped = drop_culprits(range(12), prove)
    assert prove(kept) == ""
    assert sorted([*kept, *(item for item, _ in dropped)]) == list(range(12))


def test_nothing_is_proven_when_there_is_nothing() -> None:
    """Without items there is nothing to prove."""
    assert drop_culprits([], lambda _: "never asked") == ([], [])
