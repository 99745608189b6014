"""Whatever a user does between two steps of a landing: the tree is as git alone would have it, or with the commits added."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from tests.landing.transaction.histories import Planned, play, wrong
from tests.landing.transaction.world import ACTS, PLACES, make_template

HISTORIES = int(os.environ.get("STOMPER_LANDING_HISTORIES", "16"))
KILLED = int(os.environ.get("STOMPER_LANDING_KILLED", "2"))
STEPS = 13
"""A landing of this repository, from `staged` to `moved`."""
SHARDS = 2
PLANS = st.lists(
    st.builds(Planned, st.integers(0, STEPS), st.integers(0, len(ACTS) - 1), st.integers(0, len(PLACES) - 1)),
    min_size=1,
    max_size=4,
)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository before a landing."""
    root = tmp_path_factory.mktemp("template") / "repo"
    make_template(root)
    return root


@pytest.mark.parametrize("shard", range(SHARDS))
def test_what_a_user_does_between_two_steps(template: Path, shard: int) -> None:
    """Edits, deletions, links, commits, switches, rebases, stashes and locks: nothing of it is lost, nothing half landed."""

    @seed(shard)
    @settings(max_examples=HISTORIES // SHARDS, deadline=None, database=None)
    @given(PLANS)
    def holds(plan: list[Planned]) -> None:
        with tempfile.TemporaryDirectory() as name:
            world, ended, _ = play(template, Path(name).resolve(), plan)
            assert wrong(world, ended) == [], [planned.words for planned in plan]

    holds()


@pytest.mark.parametrize("shard", range(SHARDS))
def test_killed_between_two_steps(template: Path, shard: int) -> None:
    """A landing that is killed is finished or taken back by the process that watches over it, and leaves no lock."""

    @seed(shard)
    @settings(max_examples=max(1, KILLED // SHARDS), deadline=None, database=None)
    @given(st.integers(1, STEPS))
    def holds(step: int) -> None:
        with tempfile.TemporaryDirectory() as name:
            world, ended, _ = play(template, Path(name).resolve(), (), killed_at=step)
            assert ended == "killed"
            assert wrong(world, ended) == []

    holds()
