"""The trend over the runs of a repository."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from stomper.models import Metrics, Report
from stomper.reports.trend import RUNS, Point, points, sparkline, trend_markdown
from stomper.state.store import Store


def keep(store: Store, number: int, repository: str = "/r", **more: object) -> None:
    """A run in the store."""
    about = {
        "run_id": f"{repository} {number}",
        "repository": repository,
        "base": "b",
        "branch": "main",
        "land": "commit",
    }
    metrics = Metrics(total_errors_fixed=number, errors_remaining=2, errors_unknown=1, cost_microusd=1_500_000)
    report = Report.model_validate({**about, "errors_found": number, "metrics": metrics, **more})
    store.begin(report.run_id, "/somewhere", "{}")
    store.finish(report)


def test_it_is_of_the_last_runs_that_did_their_job(tmp_path: Path) -> None:
    """Oldest first; not those of another repository, of failed runs, without an end, or that nobody can read any more."""
    store = Store(tmp_path)
    for number in range(RUNS + 5):
        keep(store, number)
    keep(store, 77, "/other")
    keep(store, 78, failure="the disk is full")
    store.begin("unfinished", "/r", "{}")
    store.do(
        "INSERT INTO runs (id, repository, report) VALUES ('odd', '/r', ?)", ('{"repository": "/r", "failure": ""}',)
    )
    store.do("INSERT INTO runs (id, repository, report) VALUES ('settled', '/r', '')")
    found = points(store, "/r")
    assert [p.found for p in found] == list(range(6, RUNS + 5))  # the unreadable one is one of the last
    assert (found[-1].fixed, found[-1].left, found[-1].cost) == (34, 3, "$1.50")
    assert points(store, "/nowhere") == []


def test_the_page() -> None:
    """The line of bars from the first to the last, and a row a run, the last one first."""
    runs = [Point("2026-11-20 02:30", 40, 20, 20, "$0"), Point("2026-11-21 02:30", 20, 20, 0, "$0.10")]
    text = trend_markdown("/srv/api", runs)
    assert "█▅ 40 → 20 errors found, in 2 run(s)" in text
    assert text.index("| 2026-11-21 02:30 | 20 | 20 | 0 | $0.10 |") < text.index("| 2026-11-20 02:30 |")


@given(st.lists(st.integers(0, 10**9)))
def test_bars_are_in_the_order_of_the_numbers(numbers: list[int]) -> None:
    """One bar a number; a larger number has no lower bar, and only zero has the lowest unless all are zero."""
    bars = sparkline(numbers)
    assert len(bars) == len(numbers)
    for (a, one), (b, two) in zip(
        zip(numbers, bars, strict=True), zip(numbers[1:], bars[1:], strict=False), strict=False
    ):
        assert (a <= b) <= (one <= two)
    assert all((bar == "▁") == (n == 0) for n, bar in zip(numbers, bars, strict=True))
