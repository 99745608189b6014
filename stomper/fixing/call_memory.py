"""What a run takes from the runs before it and leaves to those after: whom to ask next and how, what not to buy twice."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stomper import __version__
from stomper.agents.protocol.agent import Agent
from stomper.agents.protocol.circuit_breaker import Trouble, turned_away
from stomper.config.settings import Settings
from stomper.hashing import digest
from stomper.learning.bandit import Choice, Learner
from stomper.learning.examples import Examples
from stomper.learning.trials import LONGEST, Trial, Trials, repository_of, rule_of
from stomper.models import Attempt, FileJob, Judge, Outcome, Status
from stomper.prompts.rendering import STRATEGIES, Prompt, Strategy
from stomper.state.store import Kept, Store

# Of the settings, those that decide what becomes of a call beside what the agent is told.
_DECISIVE = ("guards_off", "extra_files", "test_validation", "test_command", "run_hooks")
_EXAMPLES = 4  # that an agent is shown, of all rules together


@dataclass
class Memory:
    """One run's part in the store. Safe to use from several threads."""

    run_id: str
    root: Path
    settings: Settings
    store: Store
    trials: Trials
    learner: Learner
    repository: str
    """The name that trials know the repository by."""
    _proven: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """By path, the calls whose patches are proven alone, and may still be turned down with the others."""

    @classmethod
    def of(
        cls, run_id: str, root: Path, *, commit: str, settings: Settings, store: Store, agents: Sequence[Agent]
    ) -> Memory:
        """What is known when a run over *commit* begins. The same commit with the same past gives the same choices."""
        trials, repository = Trials(store), repository_of(root)
        seed = int(digest(repository, commit), 16)
        learner = Learner(trials.newest(), [agent.name for agent in agents], settings.explore, seed)
        return cls(run_id, root, settings, store, trials, learner, repository)

    def turn(
        self, waiting: Sequence[Agent], job: FileJob, source: Callable[[], str]
    ) -> tuple[Agent, tuple[Strategy, ...]]:
        """Who of *waiting* is next for *job*, whose file reads *source*, and how it is asked.

        Those that read no prompt keep their places; the agents between them are each other's rivals. What was paid for
        before comes first, then what promises most for the money."""
        if not waiting[0].reads_prompt:
            return waiting[0], ("rules",)
        end = next((n for n, agent in enumerate(waiting) if not agent.reads_prompt), len(waiting))
        rivals = {agent.name: agent for agent in waiting[:end]}
        ranked = self.learner.rank(rules_of(job), [Choice(name, way) for name in rivals for way in self._ways(job)])
        paid = [a for a in rivals.values() if len(rivals) > 1 and self.proven_before(self.call(a, job, source()))]
        best = paid[0].name if paid else ranked[0].agent
        return rivals[best], tuple(
            s for choice in ranked if choice.agent == best for s in STRATEGIES if s == choice.strategy
        )

    def _ways(self, job: FileJob) -> tuple[Strategy, ...]:
        if self.settings.strategy != "auto":
            return (self.settings.strategy,)
        return tuple(s for s in STRATEGIES if s != "examples" or self.examples(job))

    def examples(self, job: FileJob) -> tuple[str, ...]:
        """Diffs that repaired errors of *job*'s rules in this repository, and still stand."""
        found = Examples(self.store).examples_for(self.repository, list(rules_of(job)), _EXAMPLES)
        return tuple(f"{example.rule}\n{example.hunk}" for example in found)

    def call(self, agent: Agent, job: FileJob, source: str) -> str:
        """What tells a call from others, however it is asked: the file, its content and errors, the agent as set up."""
        table = self.settings.agents[agent.name].model_dump_json()
        checkers = [f"{name} {checker.args}" for name, checker in self.settings.checkers.items()]
        errors = sorted(d.fingerprint for d in job.diagnostics)
        return digest(str(self.root), job.path, source, agent.name, table, *checkers, "", *errors)

    def asked(self, call: str, agent: Agent, prompt: Prompt) -> str:
        """What tells a call from others in all that decides whether it fails; empty for one that costs nothing."""
        if not agent.reads_prompt:
            return ""
        table = self.settings.agents[agent.name]
        programs = [
            _stamp(self.root, word) for word in (*table.command[:2], table.script, table.kind or agent.name) if word
        ]
        decisive = self.settings.model_dump_json(include=set(_DECISIVE))
        return digest(call, __version__, decisive, *programs, "", prompt.text)

    def proven_before(self, call: str) -> Kept | None:
        """The patch of the same call, from a run that did not come to land it."""
        return self.store.kept(call)

    def keep_proven(self, call: str, path: str, asked: str, patch: Kept) -> None:
        """Keep a proven patch until it has landed, so that a killed run does not pay for it twice.

        One of an earlier run is this run's from now on."""
        self.store.keep(call, self.run_id, patch)
        self._proven.setdefault(path, []).append((call, asked))

    def drop(self, call: str) -> None:
        """The patch of this call does not hold any more."""
        self.store.drop(call)

    def failed_before(self, asked: str) -> str | None:
        """Who turned down what came of the same call; None when it is worth paying for."""
        return None if self.settings.retry_failed or not asked else self.trials.failed_before(asked)

    def keep_failure(self, asked: str, judge: Judge) -> None:
        """Remember that what came of this call was turned down."""
        if judge and asked:
            self.trials.remember_failure(asked, judge)

    def learn(self, attempt: Attempt, before: FileJob, after: FileJob, judge: Judge, trouble: Trouble) -> None:
        """Take in what came of an attempt at *before* that left *after*."""
        if attempt.reused or turned_away(trouble):
            return
        rules, left = rules_of(before), rules_of(after)
        fixed = {rule: count for rule in rules if (count := rules[rule] - left.get(rule, 0)) > 0}
        # One that reads no prompt tries what its checker offers fixes for.
        mine = [d for d in before.diagnostics if attempt.strategy or d.fix != "none"]
        tried = rules_of(FileJob(path=before.path, diagnostics=tuple(mine)))
        trial = Trial(
            run=self.run_id,
            repository=self.repository,
            path=before.path,
            agent=attempt.agent[:LONGEST],
            model=attempt.model[:LONGEST],  # whatever a program says of itself
            strategy=attempt.strategy,
            tried={rule: max(tried.get(rule, 0), fixed.get(rule, 0)) for rule in {**tried, **fixed}},
            fixed=fixed,
            cost_usd=attempt.cost_usd,
            tokens=attempt.tokens,
            seconds=attempt.seconds,
            reason=judge or ("proven" if attempt.result == "proven" else "agent"),
        )
        self.trials.add(trial)
        self.learner.tell(trial)

    def settle(self, outcomes: Iterable[Outcome]) -> None:
        """Take in what became of proven patches: landed, or turned down by the proof of all together."""
        ended = list(outcomes)
        landed = {o.path: o.commit for o in ended if o.commit}
        self.trials.mark_landed(self.run_id, landed)
        Examples(self.store).learn(self.repository, *ended)
        for outcome in ended:
            if outcome.commit:
                self._proven.pop(outcome.path, None)
            elif outcome.judge:
                self.trials.reject(self.run_id, outcome.path, outcome.judge)
                for call, asked in self._proven.pop(outcome.path, []):
                    self.store.drop(call)
                    self.keep_failure(asked, outcome.judge)

    def waiting(self, outcomes: Iterable[Outcome]) -> frozenset[str]:
        """The calls whose patches are proven and have not landed, since somebody is to look at them first."""
        paths = [o.path for o in outcomes if not o.commit and (o.proven or o.status is Status.WAITING)]
        return frozenset(call for path in paths for call, _ in self._proven.get(path, ()))


def rules_of(job: FileJob) -> Mapping[str, int]:
    """How many errors of each rule (`tool:code`) there are."""
    return Counter(rule_of(d) for d in job.diagnostics)


def _stamp(root: Path, word: str) -> str:
    """What tells a program or script that a setting names from another version of it; empty for no file."""
    for place in (root / word, Path(shutil.which(word) or "")):
        if place.is_file():
            about = place.stat()
            return f"{about.st_size} {about.st_mtime_ns}"
    return ""
