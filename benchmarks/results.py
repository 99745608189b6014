"""What a benchmark comes to, as data: ratios with their limits, and the figures behind them."""

from __future__ import annotations

import os
import platform
import statistics
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from rich.console import Console
from rich.table import Table

Unit = Literal["x", "ms", "s", "MiB", "1/s", ""]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")


class Ratio(_Frozen):
    """A number that says the same on any machine, more or less, and what it should be."""

    name: str
    values: tuple[float, ...] = Field(min_length=1, description="one for each round")
    unit: Unit = "x"
    at_most: float | None = None
    at_least: float | None = None

    @property
    def median(self) -> float:
        """Over the rounds."""
        return statistics.median(self.values)

    @property
    def met(self) -> bool | None:
        """Whether the median is within the limit; None where there is none."""
        if self.at_most is None and self.at_least is None:
            return None
        low = self.at_least is None or self.median >= self.at_least
        return low and (self.at_most is None or self.median <= self.at_most)

    @property
    def limit(self) -> str:
        """The limit in words."""
        parts = [f"≥ {spelt(self.at_least, self.unit)}"] if self.at_least is not None else []
        parts += [f"≤ {spelt(self.at_most, self.unit)}"] if self.at_most is not None else []
        return " and ".join(parts)


class Figure(_Frozen):
    """A number of this machine, median over the rounds."""

    name: str
    values: tuple[float, ...] = Field(min_length=1)
    unit: Unit = "s"

    @property
    def median(self) -> float:
        """Over the rounds."""
        return statistics.median(self.values)


class Result(_Frozen):
    """One benchmark with one set-up."""

    benchmark: str
    setup: str = Field(description="what was done, in words")
    rounds: int
    quick: bool = Field(default=False, description="with less than the whole size: its limits are only indications")
    ratios: tuple[Ratio, ...] = ()
    figures: tuple[Figure, ...] = ()
    profile: tuple[Figure, ...] = Field(default=(), description="where the time went")
    wrong: tuple[str, ...] = Field(default=(), description="what should not be, whatever the time it took")


class Results(_Frozen):
    """All set-ups of one benchmark, and the machine in words that name none."""

    benchmark: str
    cores: int = Field(default_factory=lambda: os.cpu_count() or 1)
    python: str = Field(default_factory=platform.python_version)
    results: tuple[Result, ...]

    @property
    def wrong(self) -> tuple[str, ...]:
        """All that should not be."""
        return tuple(f"{r.setup}: {line}" for r in self.results for line in r.wrong)

    def write(self, path: Path) -> None:
        """As JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.model_dump_json(indent=1, exclude_defaults=False) + "\n", encoding="utf-8")


def spelt(value: float, unit: Unit) -> str:
    """A number with its unit, with about three digits that count."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    number = f"{value:,.{digits}f}"
    return number if not unit else f"{number} ×" if unit == "x" else f"{number} {unit}"


def verdict(ratio: Ratio) -> str:
    """`met`, `missed` or nothing."""
    return {True: "met", False: "missed", None: ""}[ratio.met]


def show(result: Result, console: Console | None = None) -> None:
    """Print one set-up: the ratios with their limits, then the figures."""
    console = console or Console(width=140, highlight=False)
    quick = ", quick" if result.quick else ""
    console.print(f"\n[bold]{result.benchmark}[/]: {result.setup} ({result.rounds} round(s){quick})", markup=True)
    table = Table(box=None, pad_edge=False)
    for title in ("", "median", "of", "limit", ""):
        table.add_column(title, justify="left" if not title or title == "limit" else "right")
    for ratio in result.ratios:
        table.add_row(ratio.name, spelt(ratio.median, ratio.unit), _span(ratio), ratio.limit, verdict(ratio))
    for figure in (*result.figures, *result.profile):
        table.add_row(f"[dim]{figure.name}[/]", spelt(figure.median, figure.unit), _span(figure), "", "")
    console.print(table)
    for line in result.wrong:
        console.print(f"WRONG: {line}", markup=False)


def _span(number: Ratio | Figure) -> str:
    """The least and the most, where there were several rounds."""
    if len(number.values) < 2:
        return ""
    return f"{spelt(min(number.values), '')} – {spelt(max(number.values), '')}"
