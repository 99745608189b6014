"""The runs over one repository in their order: whether its errors become fewer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from stomper.models import Report
from stomper.reports.agents import cost_words
from stomper.reports.escaping import inline, table
from stomper.state.store import Store

RUNS = 30
_BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True)
class Point:
    """One run that came to a verdict. *began* is in UTC."""

    began: str
    found: int
    fixed: int
    left: int
    cost: str


def points(store: Store, repository: str) -> list[Point]:
    """The last runs over *repository* as reports name it, the oldest first; without those that could not do their job."""
    found = []
    for began, text in store.reports(repository, RUNS):
        try:
            report = Report.model_validate_json(text)
        except ValidationError:  # of a Stomper that told other things
            continue
        m = report.metrics
        left = m.errors_remaining + m.errors_unknown
        found.append(Point(began[:16], report.errors_found, m.total_errors_fixed, left, cost_words(m)))
    return found[::-1]


def sparkline(numbers: Sequence[int]) -> str:
    """One bar a number: none of them is lower than zero, and the highest bar is the largest number."""
    top = max(numbers, default=0)
    return "".join(_BARS[-(-n * (len(_BARS) - 1) // top)] if top else _BARS[0] for n in numbers)


def trend_line(runs: Sequence[Point]) -> str:
    """The trend in one line; *runs* are not empty."""
    numbers = [run.found for run in runs]
    return f"{sparkline(numbers)} {numbers[0]} → {numbers[-1]} errors found, in {len(runs)} run(s)"


def trend_markdown(repository: str, runs: Sequence[Point]) -> str:
    """The trend on one page."""
    lines = [f"# Errors in {inline(repository)}", "", trend_line(runs)]
    rows = [(r.began, str(r.found), str(r.fixed), str(r.left), r.cost) for r in reversed(runs)]
    lines += table(("began (UTC)", "found", "fixed", "left", "cost"), rows)
    return "\n".join(lines)
