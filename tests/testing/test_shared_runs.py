"""Runs of the suite that patches share: each is told what it would be told alone, and they are fewer."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stomper.errors import Cancelled
from stomper.testing.results import SuiteRun
from stomper.testing.shared_runs import SharedSuites, suites_at_once
from tests.support.fake_suite import Kind, PlainSuite, judged, patch_of

INDEPENDENT: list[Kind] = [kind for kind in get_args(Kind) if kind != "pair"]


def alone(kinds: Sequence[Kind]) -> tuple[list[tuple[object, ...]], int]:
    """What is told of each patch when each has a run of its own, and how many runs that takes."""
    suite = PlainSuite(kinds)
    return judged(suite, workers=1, at_once=1), suite.whole_runs


@given(st.lists(st.sampled_from(INDEPENDENT), max_size=12), st.integers(1, 6), st.integers(1, 2))
@example(["own test"] * 12, 6, 1)
@example(["crash"] * 12, 6, 1)
@example(["good", "crash"] * 6, 2, 1)
def test_each_is_told_what_it_is_told_alone(kinds: list[Kind], workers: int, at_once: int) -> None:
    """Whatever the patches do and whoever shares a run, for never half as many runs more than there are patches; what shows
    only among all tests, or at no test alone, takes one more."""
    suite = PlainSuite(kinds)
    said, runs = alone(kinds)
    assert judged(suite, workers=workers, at_once=at_once) == said
    assert suite.whole_runs <= runs + len(kinds) / 2 + sum(kind in ("by order", "needy") for kind in kinds)


def test_good_patches_share_a_run() -> None:
    """Six at once take as many runs as there are sixes, after the one at the base."""
    suite = PlainSuite(["good"] * 12)
    judged(suite, workers=6, at_once=1)
    assert suite.batches == [frozenset(), frozenset(range(6)), frozenset(range(6, 12))]
    assert suite.part_runs == 0


def test_a_culprit_takes_no_run_of_its_own() -> None:
    """The tests that fail are asked of each by itself; the others share the next run."""
    suite = PlainSuite(["good", "two tests", "good", "good"])
    said = judged(suite, workers=4, at_once=1)
    assert said == alone(suite.kinds)[0]
    assert said[1] == (["a 1 is failed", "b 1 is failed"], (), "a 1:\noutput of a 1\n\nb 1:\noutput of b 1")
    assert suite.batches[1] == {0, 1, 2, 3}
    assert {frozenset({1})}.isdisjoint(suite.batches)
    assert suite.whole_runs <= 4  # at the base, with all, and with the rest, of which one may be late


@pytest.mark.parametrize("kind", ["crash", "hang", "refused"])
def test_what_has_no_name_is_asked_of_each(kind: Kind) -> None:
    """A suite that crashes, hangs or cannot be believed with a batch says nothing of any patch in it."""
    suite = PlainSuite(["good", kind, "good"])
    said = judged(suite, workers=3, at_once=1)
    assert said == alone(suite.kinds)[0]
    assert said[0] == said[2] == ([], (), "")
    assert suite.batches[1] == {0, 1, 2}
    assert {frozenset({n}) for n in range(3)} <= set(suite.batches)


def test_patches_of_one_path_never_share_a_run() -> None:
    """Those of other paths do, also with one of them."""
    suite = PlainSuite(["good"] * 4)
    patches = [patch_of(0, "a.py", "x.py"), patch_of(1, "b.py"), patch_of(2, "c.py", "x.py"), patch_of(3, "d.py")]
    judged(suite, workers=4, at_once=1, patches=patches)
    assert all(not {0, 2} <= batch for batch in suite.batches)
    assert suite.whole_runs == 3


def test_patches_of_two_bases_never_share_a_run() -> None:
    """A patch fits on its base."""
    suite = PlainSuite(["good"] * 2)
    judged(suite, workers=2, at_once=1, patches=[patch_of(0), patch_of(1, base="1")])
    assert set(suite.batches) == {frozenset(), frozenset({0}), frozenset({1})}


def test_a_pair_that_fails_only_together_is_proven_alone() -> None:
    """Each of them is good by itself; the proof of all together is for the rest."""
    suite = PlainSuite(["pair"] * 2)
    assert judged(suite, workers=2, at_once=1) == [([], (), "")] * 2
    assert {frozenset({0}), frozenset({1})} <= set(suite.batches)


def test_a_run_that_is_stopped_leaves_nobody_waiting() -> None:
    """Neither who shares the run nor who waits for the next."""
    began = threading.Event()

    class Stopped(PlainSuite):
        def run(self, *_: object, **__: object) -> SuiteRun:
            began.set()
            raise Cancelled("the run was stopped")

    suite = Stopped(["good"] * 5)
    plain = PlainSuite([])
    baseline = plain.run(plain.tree().path)
    shared = SharedSuites(suite, workers=5, at_once=1)
    with ThreadPoolExecutor(5) as pool:
        futures = [pool.submit(shared.judge, patch_of(n), suite.tree(n), baseline) for n in range(5)]
    assert began.is_set()
    assert [type(future.exception()) for future in futures] == [Cancelled] * 5


@pytest.mark.parametrize(("cores", "workers", "runs"), [(None, 4, 1), (1, 4, 1), (2, 4, 1), (8, 6, 4), (16, 6, 6)])
def test_as_many_runs_as_half_of_the_cores(
    monkeypatch: pytest.MonkeyPatch, cores: int | None, workers: int, runs: int
) -> None:
    """At least one, and no more than there are files at once."""
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    assert suites_at_once(workers) == runs
