"""What trials come to, by code, by agent and by strategy."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from pydantic import Field

from stomper.learning.trials import Trial
from stomper.models import Model

_HARDEST, _ENOUGH = 5, 2  # how many codes are called the hardest, and after how many attempts each


class Row(Model):
    """What was tried under one name."""

    name: str
    attempts: int = Field(description="calls of an agent")
    tried: int = Field(description="errors aimed at in them")
    proven: int = Field(description="of those, proven fixed and not taken back since")
    share: float
    cost_per_fix_usd: float | None = Field(description="over the calls of known cost; None when none of them fixed any")
    unknown_costs: int = Field(description="calls whose cost is not known")
    median_s: float


class Stats(Model):
    """All of it: each list has those most often tried first."""

    trials: int = 0
    since: str = ""
    by_code: tuple[Row, ...] = ()
    by_agent: tuple[Row, ...] = ()
    by_strategy: tuple[Row, ...] = ()
    hardest: tuple[str, ...] = Field(default=(), description="tried more than once, and at most half of them fixed")


@dataclass
class _Sum:
    tried: int = 0
    proven: int = 0
    cost_usd: float = 0.0
    paid_fixes: int = 0
    unknown_costs: int = 0
    seconds: list[float] = field(default_factory=list)

    def row(self, name: str) -> Row:
        return Row(
            name=name,
            attempts=len(self.seconds),
            tried=self.tried,
            proven=self.proven,
            share=self.proven / self.tried,
            cost_per_fix_usd=self.cost_usd / self.paid_fixes if self.paid_fixes else None,
            unknown_costs=self.unknown_costs,
            median_s=statistics.median(self.seconds),
        )


def stats_of(trials: Iterable[Trial]) -> Stats:
    """The tables over *trials*."""
    given = list(trials)
    by_code = _rows(given, lambda trial: {rule: rule for rule in trial.tried})
    enough = [row for row in by_code if row.attempts >= _ENOUGH and row.share <= 0.5]
    return Stats(
        trials=len(given),
        since=min((t.at for t in given), default=""),
        by_code=by_code,
        by_agent=_rows(given, lambda trial: dict.fromkeys(trial.tried, trial.agent)),
        by_strategy=_rows(given, lambda trial: dict.fromkeys(trial.tried, trial.strategy)),
        hardest=tuple(row.name for row in sorted(enough, key=lambda row: row.share)[:_HARDEST]),
    )


def _rows(trials: Iterable[Trial], names: Callable[[Trial], Mapping[str, str]]) -> tuple[Row, ...]:
    """One row for each name; *names* says under which one each rule of a trial counts. A call that aimed at several
    rules has its cost spread over its errors."""
    sums: dict[str, _Sum] = defaultdict(_Sum)
    for trial in trials:
        under, errors = names(trial), sum(trial.tried.values())
        for rule, count in trial.tried.items():
            total, proven = sums[under[rule]], trial.worth.get(rule, 0)
            total.tried += count
            total.proven += proven
            if trial.cost_usd is not None:
                total.cost_usd += trial.cost_usd * count / errors
                total.paid_fixes += proven
        for name in set(under.values()):
            sums[name].seconds.append(trial.seconds)
            sums[name].unknown_costs += trial.cost_usd is None
    return tuple(sorted((s.row(name) for name, s in sums.items()), key=lambda row: (-row.attempts, row.name)))
