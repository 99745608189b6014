"""Which agent to ask, and how: from what was tried before, the most proven fixes for the money."""

from __future__ import annotations

import random
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from stomper.learning.trials import Trial

Cell = tuple[str, str, str]  # rule, agent, strategy
Level = tuple[int, ...]
Group = tuple[str, ...]
# Which parts of a cell those of a level share, from what all have in common; the cell's own count comes last.
_LEVELS = ((), (1,), (1, 2), (0,), (0, 1), (0, 2))
_PLAIN = ("", "rules")  # the strategies that come first where nothing is known
_LATER_AGENT, _OTHER_STRATEGY = 0.8, 0.9  # by how much the odds of later ones are thought to be less at first
# How many errors of its own outweigh what is thought of a cell from the groups it is in, and of a group from larger ones.
_CELL, _GROUP = 6.0, 12.0
_SURE = 0.999  # no share is taken for surer, so that odds stay finite


@dataclass(frozen=True)
class Choice:
    """An agent and how it is asked; the strategy is empty for one that reads no prompt."""

    agent: str
    strategy: str = ""


@dataclass
class _Count:
    """Errors tried, those of them fixed, and those that were expected to be."""

    tried: float = 0.0
    fixed: float = 0.0
    expected: float = 0.0


Share = Callable[[float, float, _Count], float]


class Learner:
    """What the trials teach about agents and strategies. Safe to use from several threads.

    *agents* are in the user's own order, which decides where nothing is known yet.
    """

    def __init__(self, trials: Iterable[Trial], agents: Sequence[str], explore: float, seed: int) -> None:
        self._order = {agent: place for place, agent in enumerate(agents)}
        self._explore = explore
        self._random = random.Random(seed)  # noqa: S311 - a seeded draw, no secret
        self._lock = threading.Lock()
        self._cells: dict[Cell, _Count] = defaultdict(_Count)
        self._costs: dict[Choice, tuple[int, float]] = {}
        self._levels: dict[Level, dict[Group, _Count]] | None = None
        self._told = 0
        for trial in trials:
            self._take(trial)

    def tell(self, trial: Trial) -> None:
        """Learn from one more trial."""
        with self._lock:
            self._take(trial)

    def rank(self, rules: Mapping[str, int], options: Sequence[Choice]) -> list[Choice]:
        """All *options*, the most fixes for the money first; those that cost nothing lead.

        In a share of the calls, `explore`, what is not known well yet is drawn from what it might be (Thompson sampling).
        """
        with self._lock:
            # At first the user's own order is followed, until there is something to draw from.
            draw = self._told >= len(options) and self._random.random() < self._explore
            share = self._drawn if draw else _mean
            cost = self._expected_costs(options)
            factors: dict[tuple[Level, Group], float] = {}
            fixes = {option: self._fixes(rules, option, share, factors) for option in options}
        return sorted(options, key=lambda option: (cost[option] > 0, -fixes[option] / (cost[option] or 1.0)))

    def _take(self, trial: Trial) -> None:
        for rule, tried in trial.tried.items():
            cell = self._cells[rule, trial.agent, trial.strategy]
            weight = tried**-0.5  # the errors of one call rise and fall together: four say as much as two calls
            cell.tried += weight * tried
            cell.fixed += weight * trial.worth.get(rule, 0)
        if trial.cost_usd is not None:
            choice = Choice(trial.agent, trial.strategy)
            calls, spent = self._costs.get(choice, (0, 0.0))
            self._costs[choice] = (calls + 1, spent + trial.cost_usd)
        self._told += 1
        self._levels = None

    def _fixes(
        self, rules: Mapping[str, int], option: Choice, share: Share, factors: dict[tuple[Level, Group], float]
    ) -> float:
        """How many of the errors *option* fixes, where *share* says which share a count stands for.

        A cell's prior is what its levels make of it: its agent's and strategy's skill, its rule's difficulty, and how they
        suit each other. *factors* are those known already, so that all options which share a group share its draw."""
        if self._levels is None:
            self._levels = self._learn()
        total = 0.0
        for rule, count in rules.items():
            cell = (rule, option.agent, option.strategy)
            odds = self._at_first(cell)
            for level, groups in self._levels.items():
                place = (level, _group(cell, level))
                if place not in factors:
                    factors[place] = _factor(groups.get(place[1], _Count()), share)
                odds *= factors[place]
            total += count * share(_CELL, _within(odds / (1 + odds)), self._cells.get(cell, _Count()))
        return total

    def _drawn(self, weight: float, prior: float, count: _Count) -> float:
        good, bad = weight * prior + count.fixed, weight * (1 - prior) + count.tried - count.fixed
        return _within(self._random.betavariate(good, bad))

    def _at_first(self, cell: Cell) -> float:
        """The odds where nothing is known: even, and less for what comes later in the user's own order."""
        _, agent, strategy = cell
        place = self._order.get(agent, len(self._order))
        return float(_LATER_AGENT**place * (1.0 if strategy in _PLAIN else _OTHER_STRATEGY))

    def _learn(self) -> dict[Level, dict[Group, _Count]]:
        """For each level what its groups came to, and what the levels before had expected of them."""
        learned: dict[Level, dict[Group, _Count]] = {}
        odds = {cell: self._at_first(cell) for cell in self._cells}
        for level in _LEVELS:
            groups: dict[Group, _Count] = defaultdict(_Count)
            for cell, count in self._cells.items():
                group = groups[_group(cell, level)]
                group.tried += count.tried
                group.fixed += count.fixed
                group.expected += count.tried * odds[cell] / (1 + odds[cell])
            factors = {key: _factor(group, _mean) for key, group in groups.items()}
            odds = {cell: known * factors[_group(cell, level)] for cell, known in odds.items()}
            learned[level] = dict(groups)
        return learned

    def _expected_costs(self, options: Sequence[Choice]) -> dict[Choice, float]:
        """What a call costs. An agent that does not say it counts as the dearest that does; if none does, each costs 1."""
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


def _group(cell: Cell, level: Level) -> Group:
    return tuple(cell[part] for part in level)


def _mean(weight: float, prior: float, count: _Count) -> float:
    return (weight * prior + count.fixed) / (weight + count.tried)


def _factor(group: _Count, share: Share) -> float:
    """By how much the odds in a group differ from what was expected of it."""
    usual = _within(group.expected / group.tried) if group.tried else 0.5
    now = share(_GROUP, usual, group)
    return now / (1 - now) * (1 - usual) / usual


def _within(share: float) -> float:
    return min(max(share, 1 - _SURE), _SURE)
