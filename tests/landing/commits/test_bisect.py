"""Finding the items that break the whole."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stomper.landing.commits.bisect import Wrong, drop_by_name, drop_culprits


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


@given(
    st.integers(2, 30).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(0, n - 1), min_size=2, max_size=2)))
)
def test_a_pair_that_fails_only_together_loses_one(case: tuple[int, set[int]]) -> None:
    """Of two items that fail only together one is dropped, and the rest holds."""
    n, pair = case
    kept, dropped = drop_culprits(range(n), lambda items: "both" if pair <= set(items) else "")
    assert dropped == [(max(pair), "both")]
    assert kept == [i for i in range(n) if i != max(pair)]


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


@dataclass
class Suite:
    """A suite: each test fails with any of its sets of items. *hidden* ones pass when they are run by themselves, those of
    *broken_alone* fail then whatever there is."""

    causes: dict[str, list[set[int]]]
    hidden: frozenset[str] = frozenset()
    broken_alone: frozenset[str] = frozenset()
    wholes: list[tuple[int, ...]] = field(default_factory=list)
    parts: list[int] = field(default_factory=list)

    def failing(self, items: Collection[int]) -> frozenset[str]:
        """The tests that fail with these items."""
        return frozenset(t for t, causes in self.causes.items() if any(c <= set(items) for c in causes))

    def whole(self, items: Sequence[int]) -> Wrong[str] | None:
        """All of them."""
        self.wholes.append(tuple(items))
        failing = self.failing(items)
        return (
            Wrong(
                failing, frozenset(sorted(failing - self.hidden)[::2]), lambda names: " ".join(sorted(names or failing))
            )
            if failing
            else None
        )

    def part(self, items: Sequence[int], names: frozenset[str]) -> frozenset[str]:
        """Only these."""
        self.parts.append(len(items))
        return (self.failing(items) - self.hidden | self.broken_alone) & names


def subsets(n: int, most: int) -> st.SearchStrategy[set[int]]:
    """Some of n items."""
    return st.sets(st.integers(0, n - 1), min_size=1, max_size=most)


@given(st.integers(2, 60).flatmap(lambda n: st.tuples(st.just(n), subsets(n, 6))))
def test_culprits_with_tests_of_their_own_cost_two_whole_runs(case: tuple[int, set[int]]) -> None:
    """However many there are: just they are dropped, each for its own test, and the rest is found by runs of those tests,
    of which no more are made than is promised."""
    n, culprits = case
    tests = Suite({f"t{i}": [{i}] for i in culprits})
    kept, dropped = drop_by_name(range(n), tests.whole, tests.part)
    assert kept == [i for i in range(n) if i not in culprits]
    assert dropped == [(i, f"t{i}") for i in sorted(culprits)]
    assert len(tests.wholes) == (2 if kept else 1)
    assert len(tests.parts) <= 3 + len(culprits) * math.ceil(math.log2(n))


@given(
    st.dictionaries(st.sampled_from("abcdefgh"), st.lists(subsets(14, 3), min_size=1, max_size=3)),
    st.sets(st.sampled_from("abcdefgh")),
    st.sets(st.sampled_from("abcdefgh")),
)
def test_what_is_kept_was_proven_as_a_whole(
    causes: dict[str, list[set[int]]], hidden: set[str], broken_alone: set[str]
) -> None:
    """Whatever fails with what, in the whole or alone: a whole run of just what is kept passed, and no item that was dropped
    can be added to it. Where each test has single causes, only causes are dropped."""
    tests = Suite(causes, frozenset(hidden), frozenset(broken_alone))
    kept, dropped = drop_by_name(range(14), tests.whole, tests.part)
    assert tests.failing(kept) == frozenset()
    assert not kept or tuple(kept) in tests.wholes
    assert all(tests.failing([*kept, item]) for item, _ in dropped)
    assert sorted([*kept, *(item for item, _ in dropped)]) == list(range(14))
    if all(len(cause) == 1 for several in causes.values() for cause in several):
        assert {item for item, _ in dropped} == {i for several in causes.values() for cause in several for i in cause}


def plain_halving(group: range, culprits: Collection[int]) -> int:
    """The runs of the plainest search: a group is run, and where it fails both of its halves."""
    if len(group) < 2 or not set(culprits) & set(group):
        return 1
    middle = len(group) // 2
    return 1 + plain_halving(group[:middle], culprits) + plain_halving(group[middle:], culprits)


CAUSES = st.integers(1, 24).flatmap(
    lambda n: st.tuples(
        st.just(n), st.dictionaries(st.sampled_from("abcdefgh"), st.lists(subsets(n, 3), min_size=1, max_size=8))
    )
)


@given(CAUSES, st.sets(st.sampled_from("abcdefgh")), st.sets(st.sampled_from("abcdefgh")))
def test_never_more_whole_runs_than_halving_and_one(
    case: tuple[int, dict[str, list[set[int]]]], hidden: set[str], broken_alone: set[str]
) -> None:
    """With names, without them or with some; however many culprits, pairs and triples are behind each. With the run at the
    base that is halving and two. Runs of single names are no more than halving's, and three, for each whole run."""
    n, causes = case
    tests = Suite(causes, frozenset(hidden), frozenset(broken_alone))
    _, dropped = drop_by_name(range(n), tests.whole, tests.part)
    most = plain_halving(range(n), [item for item, _ in dropped])
    assert len(tests.wholes) <= most + 1
    assert len(tests.parts) <= (most + 3) * len(tests.wholes)


@given(st.integers(1, 40).flatmap(lambda n: st.tuples(st.just(n), subsets(n, n))), st.booleans())
def test_many_culprits_behind_one_name(case: tuple[int, set[int]], hidden: bool) -> None:
    """One test that many break: two whole runs and no more of that test than halving takes, and three. Where it only fails
    in the whole, no more whole runs than halving takes, and one."""
    n, culprits = case
    tests = Suite({"t": [{i} for i in culprits]}, frozenset("t" if hidden else ""))
    kept, dropped = drop_by_name(range(n), tests.whole, tests.part)
    assert kept == [i for i in range(n) if i not in culprits]
    assert dropped == [(i, "t") for i in sorted(culprits)]
    most = plain_halving(range(n), culprits)
    assert len(tests.wholes) <= (most + 1 if hidden else 2)
    assert len(tests.parts) <= most + 3


def nothing_known(_: Sequence[int], __: frozenset[str]) -> None:
    """A run of some tests that came to no end."""


@given(st.integers(1, 40).flatmap(lambda n: st.tuples(st.just(n), subsets(n, n))))
def test_without_names_it_costs_no_more_than_halving(case: tuple[int, set[int]]) -> None:
    """Where runs of some tests say nothing, the culprits are found by whole runs: one by as many as a binary search takes,
    any number by no more than halving takes, and one."""
    n, culprits = case
    tests = Suite({"t": [{i} for i in culprits]})
    unsaid: Callable[[Sequence[int], frozenset[str]], frozenset[str] | None] = nothing_known
    kept, dropped = drop_by_name(range(n), tests.whole, unsaid)
    assert kept == [i for i in range(n) if i not in culprits]
    assert sorted(item for item, _ in dropped) == sorted(culprits)
    assert len(tests.wholes) <= plain_halving(range(n), culprits) + 1
    if len(culprits) == 1:
        assert len(tests.wholes) <= 2 + math.ceil(math.log2(n))


@given(st.integers(0, 16), st.randoms(use_true_random=False), st.floats(0, 1))
def test_what_mends_what_another_breaks(n: int, random: Random, often: float) -> None:
    """Any sets of items may fail, whatever fewer or more of them do: a run of just what is kept passed, for no more runs
    than halving takes to find what was dropped, and one."""
    fates: dict[tuple[int, ...], bool] = {}
    runs: list[tuple[int, ...]] = []

    def whole(items: Sequence[int]) -> Wrong[str] | None:
        runs.append(tuple(items))
        bad = fates.setdefault(tuple(items), random.random() < often)
        return Wrong(frozenset(), frozenset(), lambda _: "wrong") if bad else None

    kept, dropped = drop_by_name(range(n), whole, nothing_known)
    assert not kept or (tuple(kept) in runs and not fates[tuple(kept)])
    assert sorted([*kept, *(item for item, _ in dropped)]) == list(range(n))
    assert len(runs) <= plain_halving(range(n), [item for item, _ in dropped]) + 1


@pytest.mark.parametrize("n", [1, 2, 7, 32])
def test_an_accident_costs_nobody(n: int) -> None:
    """A crash that does not show again: nothing is dropped."""
    tests = Suite({})

    def whole(items: Sequence[int]) -> Wrong[str] | None:
        crashed = not tests.wholes
        return tests.whole(items) or (Wrong(frozenset(), frozenset(), lambda _: "crashed") if crashed else None)

    assert drop_by_name(range(n), whole, tests.part) == (list(range(n)), [])
    assert len(tests.wholes) <= 2 + math.ceil(math.log2(n))
