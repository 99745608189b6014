"""The sum of outcomes."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from stomper.models import Attempt, Diagnostic, Metrics, Outcome, Patch, Span, Status

ERROR = Diagnostic(tool="ruff", code="F401", message="unused", path="a.py", line=1)
PATCH = Patch(base="0" * 40, changes=(), diff=b"")

attempts = st.builds(
    Attempt,
    agent=st.sampled_from(["ruff", "helper"]),
    number=st.integers(1, 3),
    seconds=st.floats(0, 10),
    fixed=st.integers(0, 3),
    result=st.just("proven"),
    reused=st.booleans(),
    cost_usd=st.none() | st.floats(0, 5),
    tokens=st.none() | st.integers(0, 10_000),
)
spans = st.builds(
    Span, stage=st.sampled_from(["agent", "check", "test"]), start_s=st.floats(0, 5), end_s=st.floats(5, 9)
)


@st.composite
def outcomes(draw: st.DrawFn) -> Outcome:
    """Any outcome that is allowed to exist."""
    status = draw(st.sampled_from(Status))
    proven = status in (Status.FIXED, Status.PARTIAL)
    return Outcome(
        path=draw(st.text("abc/", min_size=1, max_size=5)),
        status=status,
        fixed=(ERROR,) * (draw(st.integers(1, 4)) if proven else 0),
        remaining=(ERROR,) * draw(st.integers(0, 4)),
        introduced=(ERROR,) * draw(st.integers(0, 4)),
        unknown=(ERROR,) * draw(st.integers(0, 4)),
        attempts=tuple(draw(st.lists(attempts, max_size=3))),
        spans=tuple(draw(st.lists(spans, max_size=3))),
        patch=PATCH if proven else None,
    )


metrics = st.lists(outcomes(), max_size=4).map(Metrics.reduce)


@given(metrics, metrics, metrics)
def test_the_sum_is_associative(a: Metrics, b: Metrics, c: Metrics) -> None:
    """How the summands are grouped does not matter."""
    assert (a + b) + c == a + (b + c)


@given(metrics)
def test_empty_metrics_are_the_identity(a: Metrics) -> None:
    """Adding nothing from either side changes nothing."""
    assert Metrics() + a == a == a + Metrics()


@given(st.lists(outcomes(), max_size=8), st.randoms(use_true_random=False), st.integers(0, 8))
def test_order_and_shards_do_not_matter(found: list[Outcome], shuffle: random.Random, cut: int) -> None:
    """Any order, and any split into shards, sums to the same, as JSON too."""
    mixed = list(found)
    shuffle.shuffle(mixed)
    whole = Metrics.reduce(found)
    sharded = Metrics.reduce(mixed[:cut]) + Metrics.reduce(mixed[cut:])
    assert whole == sharded
    assert whole.model_dump_json() == sharded.model_dump_json()


@given(st.lists(outcomes(), max_size=8))
def test_every_file_is_counted_once(found: list[Outcome]) -> None:
    """Each file is in exactly one list, and the errors add up."""
    total = Metrics.reduce(found)
    listed = [*total.successful_fixes, *total.failed_fixes, *total.skipped]
    assert sorted(listed) == sorted(o.path for o in found)
    assert total.total_errors_fixed == sum(len(o.fixed) for o in found)
    assert total.errors_remaining == sum(len(o.remaining) for o in found)


@given(st.lists(outcomes(), max_size=8))
def test_the_agents_shares_add_up(found: list[Outcome]) -> None:
    """Calls, costs and tokens of the agents sum to those of the run, and only proven files count as fixed."""
    total = Metrics.reduce(found)
    shares = total.agents.values()
    assert sum(s.cost_microusd for s in shares) == total.cost_microusd
    assert sum(s.calls_of_unknown_cost for s in shares) == total.calls_of_unknown_cost
    assert sum(s.tokens for s in shares) == total.tokens
    assert sum(s.calls for s in shares) == sum(not a.reused for o in found for a in o.attempts)
    assert sum(s.errors_fixed for s in shares) == sum(a.fixed for o in found if o.proven for a in o.attempts)


def test_unknown_cost_is_never_zero_and_reused_calls_are_free() -> None:
    """A call of unknown cost is counted as unknown, and one taken from an earlier run is not paid again."""
    paid = Attempt(agent="a", number=1, seconds=1, result="proven", cost_usd=0.25, tokens=10)
    reused = paid.model_copy(update={"reused": True})
    unknown = paid.model_copy(update={"cost_usd": None, "tokens": None})
    outcome = Outcome(path="a.py", status=Status.FAILED, attempts=(paid, reused, unknown))
    total = Metrics.of(outcome)
    assert (total.cost_microusd, total.calls_of_unknown_cost, total.tokens, total.attempts) == (250_000, 1, 10, 3)
