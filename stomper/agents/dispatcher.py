"""A call of an agent: let through by the budget and the breaker, watched, and paid for."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace

from stomper import progress
from stomper.agents.budget import Amount, Budget
from stomper.agents.protocol import pricing
from stomper.agents.protocol.agent import Agent, Answer, Request, Usage
from stomper.agents.protocol.circuit_breaker import Breaker, again, turned_away
from stomper.agents.tamper_watch import Watch
from stomper.agents.transcripts import tail
from stomper.config.secrets import Secrets
from stomper.config.settings import Settings
from stomper.errors import AgentError
from stomper.system import processes

_PATIENCE = 4  # tries of one call that an agent is too busy for


@dataclass
class Calls:
    """All calls of a run. `slot` holds an agent's own limit while it works; the flow sets it to Prefect's."""

    settings: Settings
    watch: Watch
    budget: Budget
    slot: Callable[[str], AbstractContextManager[None]] = field(default=lambda _: contextlib.nullcontext())
    secrets: Secrets = field(default_factory=lambda: Secrets({}))
    left_by_budget: set[str] = field(default_factory=set)
    _breakers: dict[str, Breaker] = field(default_factory=dict)
    _files: dict[str, Budget] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, settings: Settings, watch: Watch, agents: Sequence[Agent], secrets: Secrets) -> Calls:
        """Raises AgentError for a limit of money that could not be kept."""
        money = settings.max_cost_usd or settings.max_file_cost_usd
        tokens = settings.max_tokens or settings.max_file_tokens
        for agent in agents:
            table = settings.agents[agent.name]
            for limit, said, each, what in (
                (money, bool(money) and agent.reports_cost, table.call_cost_usd, "call_cost_usd"),  # prices load slowly
                (tokens, agent.reports_tokens, table.call_tokens, "call_tokens"),
            ):
                if limit and not said and each is None:
                    raise AgentError(
                        f"[agents.{agent.name}] does not say what a call comes to: give `{what}`, what it comes to at "
                        "most, so that the limit can be kept"
                    )
        budget = Budget(Amount(settings.max_cost_usd, settings.max_tokens, settings.max_agent_calls))
        return cls(settings, watch, budget, secrets=secrets)

    def for_file(self, path: str) -> Budget:
        """What may be spent on one file in this run, however often it is worked on."""
        s = self.settings
        limit = Amount(s.max_file_cost_usd, s.max_file_tokens, s.max_file_calls)
        with self._lock:
            return self._files.setdefault(
                path, Budget(limit, ("max_file_cost_usd", "max_file_tokens", "max_file_calls"))
            )

    def make(self, agent: Agent, request: Request, of_file: Budget) -> Answer:
        """The agent's answer; one with `made` false when the call was not let through."""
        if not agent.reads_prompt:  # deterministic, and free
            return self._watched(agent, request)
        breaker = self._breaker(agent.name)
        table = self.settings.agents[agent.name]
        expected = Amount(table.call_cost_usd, table.call_tokens, 1)
        answer = Answer(made=False)
        for _ in range(_PATIENCE):
            with breaker.turn(processes.pause) as slowed:
                if breaker.off:
                    return Answer(problem=f"{agent.name} is off for this run: {breaker.off}", made=False)
                if why := self._reserve(expected, of_file, request.job.path):
                    return Answer(problem=why, made=False)
                spent = Amount(None, None, 1)
                try:
                    with self.slot(agent.name):
                        answer = self._watched(agent, request)
                    spent = Amount(answer.cost_usd, answer.tokens, 1)
                finally:
                    self.budget.settle(expected, spent)
                    of_file.settle(expected, spent)
                breaker.tell(answer.trouble, answer.problem, answer.retry_after_s, slowed=slowed)
            if not again(answer.trouble):
                break
        return answer

    def _reserve(self, expected: Amount, of_file: Budget, path: str) -> str:
        """Hold what a call may spend, of the file's budget and of the run's; the limit that stands against it, in words."""
        if why := of_file.reserve(expected):
            return f"not called for this file any more: {why}"
        if why := self.budget.reserve(expected):
            of_file.give_back(expected)
            with self._lock:
                first = not self.left_by_budget
                self.left_by_budget.add(path)
            if first:
                b = self.budget
                progress.emit(progress.BudgetReached(why, b.spent_usd, b.spent_tokens, b.calls))
            return f"not called: {why}"
        return ""

    def _watched(self, agent: Agent, request: Request) -> Answer:
        watched = contextlib.nullcontext() if agent.contained else self.watch.during(agent.name, request.job.path)
        with watched:
            answer = self._hidden(agent.fix(request))
        if answer.cost_usd is not None:
            return answer
        away, told = turned_away(answer.trouble), answer.usage
        if away and (
            told is None or not answer.model or not told.total
        ):  # Who is turned away at the door is not billed.
            return replace(answer, cost_usd=0.0, usage=Usage())
        return replace(answer, cost_usd=pricing.price(answer.model, told)) if told and answer.model else answer

    def _hidden(self, answer: Answer) -> Answer:
        """The answer without the caller's keys, whatever an agent made its words of."""
        hide, a = self.secrets.hidden, answer
        return replace(
            a,
            problem=hide(a.problem),
            model=hide(a.model),
            session=hide(a.session),
            stop=hide(a.stop),
            said=tail(hide(a.said)),
        )

    def _breaker(self, name: str) -> Breaker:
        with self._lock:
            return self._breakers.setdefault(name, Breaker())

    @property
    def words(self) -> list[str]:
        """What the report should warn of: agents that were switched off, and files that the budget left."""
        said = [f"{name} was switched off: {b.off}" for name, b in sorted(self._breakers.items()) if b.off]
        if self.left_by_budget:
            each = self.budget.spent_usd / self.budget.calls if self.budget.calls else 0.0
            price = (
                f", which would cost about ${each * len(self.left_by_budget):.2f} at this run's price" if each else ""
            )
            spent = f"{self.budget.calls} call(s), ${self.budget.spent_usd:.2f}, {self.budget.spent_tokens} tokens"
            state = "was reached" if self.budget.reached else "had no room for another call"
            said.append(f"the budget {state} after {spent}: {len(self.left_by_budget)} file(s) are left{price}")
        return said
