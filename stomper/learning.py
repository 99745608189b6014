"""Which agent to ask, and how: from what was tried before, the most proven fixes for the money."""

from __future__ import annotations

import random
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from stomper.trials import Trial

Cell = tuple[str, str, str]  # rule, agent, strategy
Group = tuple[str, ...]
# Which parts of a cell those of a level share, from what all have in common; the cell's own count comes last.
_LEVELS = ((), (1,), (1, 2), (0,), (0, 1))
_FIRST_STRATEGY = "rules"
_NEUTRAL = 0.5  # the share of errors that is fixed where nothing is known
_WEIGHT = 4.0  # how many errors of its own outweigh what a cell is thought to be from those beside it


@dataclass(frozen=True)
class Choice:
    """An agent and how it is asked; the strategy is empty for one that reads no prompt."""

    agent: str
    strategy: str = ""


@dataclass
class Count:
    """Errors tried, those of them fixed, and those that were expected to be."""

    tried: float = 0.0
    fixed: float = 0.0
    expected: float = 0.0


class Learner:
    """What the trials teach about agents and strategies. Safe to use from several threads.

    *agents* are in the user's own order, which decides where nothing is known yet.
    """

    def __init__(self, trials: Iterable[Trial], agents: Sequence[str], explore: float, seed: int) -> None:
        self._order = {agent: place for place, agent in enumerate(agents)}
        self._explore = explore
        self._random = random.Random(seed)  # noqa: S311 - a seeded draw, no secret
        self._lock = threading.Lock()
        self._cells: dict[Cell, Count] = defaultdict(Count)
        self._costs: dict[Choice, tuple[int, float]] = {}
        self._factors: list[dict[Group, float]] | None = None
        for trial in trials:
            self._take(trial)

    def tell(self, trial: Trial) -> None:
        """Learn from one more trial."""
        with self._lock:
            self._take(trial)

    def choose(self, rules: Mapping[str, int], options: Sequence[Choice]) -> Choice:
        """The best of *options* for a job with so many errors of each rule."""
        return self.rank(rules, options)[0]

    def rank(self, rules: Mapping[str, int], options: Sequence[Choice]) -> list[Choice]:
        """All *options*, the best first; those that cost nothing lead. A share of the calls explores."""
        with self._lock:
            draw = self._random.random() < self._explore
            cost = self._expected_costs(options)
            known = {option: self._fixes(rules, option, draw=draw) for option in options}

        def value(option: Choice) -> tuple[float, ...]:
            fixes, price = known[option], cost[option]
            place = self._order.get(option.agent, len(self._order))
            return (price > 0, -fixes / (price or 1.0), place, option.strategy != _FIRST_STRATEGY)

        return sorted(options, key=value)

    def _take(self, trial: Trial) -> None:
        for rule, tried in trial.tried.items():
            cell = self._cells[rule, trial.agent, trial.strategy]
            cell.tried += tried
            cell.fixed += trial.worth.get(rule, 0)
        if trial.cost_usd is not None:
            choice = Choice(trial.agent, trial.strategy)
            calls, spent = self._costs.get(choice, (0, 0.0))
            self._costs[choice] = (calls + 1, spent + trial.cost_usd)
        self._factors = None

    def _fixes(self, rules: Mapping[str, int], option: Choice, *, draw: bool) -> float:
        """How many of the errors *option* is expected to fix, or with *draw* might."""
        total = 0.0
        for rule, count in rules.items():
            cell = (rule, option.agent, option.strategy)
            seen = self._cells.get(cell, Count())
            prior = self._prior(cell)
            good, bad = _WEIGHT * prior + seen.fixed, _WEIGHT * (1 - prior) + seen.tried - seen.fixed
            total += count * (self._random.betavariate(good, bad) if draw else good / (good + bad))
        return total

    def _prior(self, cell: Cell) -> float:
        """What a cell is thought to be from those beside it: its rule's difficulty and its agent's and strategy's skill."""
        if self._factors is None:
            self._factors = self._learn()
        odds = _odds(_NEUTRAL)
        for level, factors in zip(_LEVELS, self._factors, strict=True):
            odds *= factors.get(_group(cell, level), 1.0)
        return odds / (1 + odds)

    def _learn(self) -> list[dict[Group, float]]:
        """For each level, by which factor the odds of each of its groups differ from what the levels before expect."""
        learned: list[dict[Group, float]] = []
        expected = dict.fromkeys(self._cells, _odds(_NEUTRAL))
        for level in _LEVELS:
            groups: dict[Group, Count] = defaultdict(Count)
            for cell, count in self._cells.items():
                group = groups[_group(cell, level)]
                group.tried += count.tried
                group.fixed += count.fixed
                group.expected += count.tried * expected[cell] / (1 + expected[cell])
            factors = {}
            for key, group in groups.items():
                share = group.expected / group.tried
                factors[key] = _odds((_WEIGHT * share + group.fixed) / (_WEIGHT + group.tried)) / _odds(share)
            expected = {cell: odds * factors[_group(cell, level)] for cell, odds in expected.items()}
            learned.append(factors)
        return learned

    def _expected_costs(self, options: Sequence[Choice]) -> dict[Choice, float]:
        by_agent: dict[str, tuple[int, float]] = {}
        for choice, (calls, spent) in self._costs.items():
            n, s = by_agent.get(choice.agent, (0, 0.0))
            by_agent[choice.agent] = (n + calls, s + spent)
        means = {agent: spent / calls for agent, (calls, spent) in by_agent.items()}
        dearest = max(means.values(), default=0.0) or 1.0
        costs = {}
        for option in options:
            mean = means.get(option.agent, dearest)
            calls, spent = self._costs.get(option, (0, 0.0))
            costs[option] = (mean + spent) / (1 + calls)
        return costs


def _odds(share: float) -> float:
    return share / (1 - share)


def _group(cell: Cell, level: tuple[int, ...]) -> Group:
    return tuple(cell[part] for part in level)
