"""How soon the learner finds what gives the most proven fixes for the money, in a simulated field of agents.

`python -m benchmarks.learning [--seeds 20]`. Three agents, four strategies, twenty codes, with success rates and prices
that the learner does not see. It makes 500 attempts at one error each and learns from each one's cost and result. Then
its choice for each code is judged on the true rates, which is what fresh attempts without end would cost: against the
choice for each code that is best by the true rates, the one fixed choice that is best for all, and a random one. Exit
code 1 when the medians in the plausible field are not within 15 % of the best and 30 % below a random order.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from stomper.learning.bandit import Choice, Learner
from stomper.learning.trials import Trial

AGENTS = ("small", "medium", "large")
STRATEGIES = ("terse", "rules", "examples", "context")
CHOICES = tuple(Choice(agent, strategy) for agent in AGENTS for strategy in STRATEGIES)
CODES = tuple(f"ruff:X{number:03}" for number in range(20))
ATTEMPTS = 500
FIRST_SEED = 5000  # the learner's constants were chosen by other fields than these


@dataclass(frozen=True)
class Field:
    """What is hidden from the learner: how often a choice fixes an error of a code, and what a call costs."""

    rates: dict[tuple[str, Choice], float]
    costs: dict[Choice, float]

    def cost_per_fix(self, pick: Callable[[str], Choice]) -> float:
        """In dollars, with as many errors of each code, when *pick* chooses for each."""
        picked = {code: pick(code) for code in CODES}
        return sum(self.costs[c] for c in picked.values()) / sum(self.rates[pair] for pair in picked.items())

    def best(self) -> float:
        """The same for the choice that is best for each code."""
        return self.cost_per_fix(lambda code: min(CHOICES, key=lambda c: self.costs[c] / self.rates[code, c]))

    def cheapest(self) -> float:
        """The least there is: hard codes go to whom wastes the least on them, so that their share of the fixes is small."""
        least = self.best()
        for _ in range(30):  # Dinkelbach's method for the least ratio of two sums
            least = self.cost_per_fix(partial(self._least_loss, least))
        return least

    def _least_loss(self, price: float, code: str) -> Choice:
        return min(CHOICES, key=lambda c: self._loss(code, c, price))

    def _loss(self, code: str, choice: Choice, price: float) -> float:
        return self.costs[choice] - price * self.rates[code, choice]

    def random_order(self) -> float:
        """The same when each call goes to anyone."""
        return sum(self.costs.values()) * len(CODES) / sum(self.rates.values())

    def one_for_all(self) -> float:
        """The same for the single choice that is best for all codes."""
        return min(self.cost_per_fix(dict.fromkeys(CODES, choice).__getitem__) for choice in CHOICES)


def plausible(seed: int) -> Field:
    """Agents differ in skill and price, strategies in both a little, codes in difficulty, and each suits some more."""
    rng = random.Random(f"field {seed}")  # noqa: S311 - a simulation
    names = rng.sample(AGENTS, len(AGENTS))  # the user's order need not be that of skill
    skill = dict(zip(names, (-0.7, 0.3, 1.2), strict=True))
    price = {name: usd * rng.lognormvariate(0, 0.25) for name, usd in zip(names, (0.01, 0.02, 0.035), strict=True)}
    helps = {s: rng.gauss(mean, 0.3) for s, mean in zip(STRATEGIES, (-0.5, 0.0, 0.35, 0.5), strict=True)}
    longer = dict(zip(STRATEGIES, (0.8, 1.0, 1.15, 1.4), strict=True))
    of_code = {code: rng.gauss(0, 1.2) for code in CODES}
    suits = {(code, agent): rng.gauss(0, 1.0) for code in CODES for agent in AGENTS}
    suits |= {(code, strategy): rng.gauss(0, 0.7) for code in CODES for strategy in STRATEGIES}
    habit = {choice: rng.gauss(0, 0.3) for choice in CHOICES}
    rates = {}
    for code in CODES:
        for c in CHOICES:
            logit = skill[c.agent] + helps[c.strategy] + of_code[code] + habit[c] + rng.gauss(0, 0.3)
            logit += suits[code, c.agent] + suits[code, c.strategy]
            rates[code, c] = 1 / (1 + math.exp(-logit))
    return Field(rates, {c: price[c.agent] * longer[c.strategy] for c in CHOICES})


def independent(seed: int) -> Field:
    """The harder field: every rate and price is drawn alone, so that nothing is to be learned from what lies beside it."""
    rng = random.Random(f"field {seed}")  # noqa: S311 - a simulation
    rates = {(code, choice): rng.random() for code in CODES for choice in CHOICES}
    return Field(rates, {choice: 0.01 * 10 ** rng.random() for choice in CHOICES})


@dataclass(frozen=True)
class Result:
    """One seed: costs per proven fix, as multiples of the best choice for each code."""

    learned: float
    meanwhile: float
    cheapest: float
    random_order: float
    one_for_all: float

    @property
    def below_random(self) -> float:
        """By which share the learned choices are cheaper than a random order."""
        return 1 - self.learned / self.random_order


def measure(field: Field, seed: int, explore: float) -> Result:
    """Let a learner make its attempts in *field*, then judge what it learned."""
    rng = random.Random(f"attempts {seed}")  # noqa: S311 - a simulation
    learner = Learner((), AGENTS, explore, seed)
    trials = []
    for _ in range(ATTEMPTS):
        code = rng.choice(CODES)
        choice = learner.rank({code: 1}, CHOICES)[0]
        fixed = rng.random() < field.rates[code, choice]
        trial = Trial(
            run="simulated",
            repository="simulated",
            agent=choice.agent,
            strategy=choice.strategy,
            tried={code: 1},
            fixed={code: 1} if fixed else {},
            cost_usd=field.costs[choice] * rng.lognormvariate(-0.045, 0.3),  # calls differ; the mean is the price
            reason="proven" if fixed else "checker",
        )
        learner.tell(trial)
        trials.append(trial)
    final = Learner(trials, AGENTS, 0.0, seed)
    best = field.best()
    spent = sum(t.cost_usd or 0.0 for t in trials) / sum(len(t.fixed) for t in trials)
    return Result(
        learned=field.cost_per_fix(lambda code: final.rank({code: 1}, CHOICES)[0]) / best,
        meanwhile=spent / best,
        cheapest=field.cheapest() / best,
        random_order=field.random_order() / best,
        one_for_all=field.one_for_all() / best,
    )


def results(make: Callable[[int], Field], seeds: Sequence[int], explore: float = 1.0) -> list[Result]:
    """One result for each seed, which makes both the field and the attempts."""
    return [measure(make(seed), seed, explore) for seed in seeds]


def holds(measured: Sequence[Result]) -> bool:
    """Whether the medians are within 15 % of the best choice for each code and 30 % below a random order."""
    learned = statistics.median(r.learned for r in measured)
    return learned <= 1.15 and statistics.median(r.below_random for r in measured) >= 0.3


def show(name: str, measured: Sequence[Result]) -> None:
    """Print medians and worst cases."""
    print(f"\n{name}")
    rows = (
        ("what was learned", [r.learned for r in measured]),
        (f"the {ATTEMPTS} attempts themselves", [r.meanwhile for r in measured]),
        ("the least, by neglect of hard codes", [r.cheapest for r in measured]),
        ("the best single choice for all codes", [r.one_for_all for r in measured]),
        ("a random order", [r.random_order for r in measured]),
    )
    for words, values in rows:
        print(f"  {words:<38} {statistics.median(values):5.2f} x, worst {max(values):5.2f} x")
    below = [r.below_random for r in measured]
    print(f"  {'below a random order':<38} {statistics.median(below):5.0%}  , worst {min(below):5.0%}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.learning", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    seeds = range(FIRST_SEED, FIRST_SEED + parser.parse_args().seeds)
    print(f"cost per proven fix, as a multiple of the best choice for each code; {len(seeds)} seeds, median and worst")
    measured = results(plausible, seeds)
    show("plausible field, explore = 1", measured)
    show("plausible field, explore = 0.1", results(plausible, seeds, 0.1))
    show("plausible field, explore = 0", results(plausible, seeds, 0.0))
    show("independent rates, explore = 1", results(independent, seeds))
    sys.exit(0 if holds(measured) else 1)


if __name__ == "__main__":
    main()
