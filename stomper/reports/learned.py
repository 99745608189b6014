"""What was learned, as tables on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from stomper.learning.stats import Row, Stats

_MOST_ROWS = 25
_TITLES = ("calls", "errors", "proven", "share", "cost per fix", "median time")


def show_stats(stats: Stats, console: Console) -> None:
    """The tables by agent, strategy and code, and the hardest codes."""
    if not stats.trials:
        console.print("nothing was tried yet: `stomper fix` remembers what its agents come to")
        return
    console.print(f"[bold]{stats.trials} call(s)[/] since {stats.since[:10]}")
    _show("agent", stats.by_agent, console)
    _show("strategy", stats.by_strategy, console)
    _show("code", stats.by_code, console)
    if stats.hardest:
        console.print(f"\n[bold]hardest:[/] {escape(', '.join(stats.hardest))}", soft_wrap=True)


def _show(kind: str, rows: Sequence[Row], console: Console) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(kind, overflow="fold")
    for title in _TITLES:
        table.add_column(title, justify="right")
    for row in rows[:_MOST_ROWS]:
        numbers = (row.attempts, row.tried, row.proven, f"{row.share:.0%}", _cost(row), f"{row.median_s:.1f} s")
        table.add_row(escape(row.name or "(no prompt)"), *map(str, numbers))
    console.print()
    console.print(table)
    if len(rows) > _MOST_ROWS:
        console.print(f"… and {len(rows) - _MOST_ROWS} more (--json has them all)")


def _cost(row: Row) -> str:
    """An unknown cost is not a zero, and where nothing is fixed there is no cost of a fix."""
    if row.unknown_costs == row.attempts:
        return "unknown"
    cost = row.cost_per_fix_usd
    words = "none fixed" if cost is None else f"${cost:.4f}" if cost else "free"
    return f"{words} ({row.unknown_costs} unknown)" if row.unknown_costs else words
