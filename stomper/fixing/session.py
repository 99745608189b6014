"""What all files of one run share: the repository at its base, the clone and its worktrees, checkers, agents, tests."""

from __future__ import annotations

import contextlib
import importlib
import threading
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from stomper import hashing, progress
from stomper.agents.dispatcher import Calls
from stomper.agents.protocol.agent import Agent
from stomper.agents.registry import make_agents
from stomper.agents.tamper_watch import Violation, Watch
from stomper.agents.transcripts import Transcripts, prune
from stomper.campaigns.campaign import Campaign
from stomper.checkers.base import Checker
from stomper.checkers.mypy import MypyChecker
from stomper.checkers.registry import make_checkers
from stomper.checkers.ruff import RuffChecker
from stomper.checkers.selection import Scope, Selection, globs, matches_code, select
from stomper.checkers.verify import Collected, collect
from stomper.config.secrets import Secrets
from stomper.config.settings import Settings
from stomper.environment.python import Environment
from stomper.environment.sandbox import Sandbox, make_sandbox
from stomper.errors import AgentError, SettingsError
from stomper.fixing.call_memory import Memory
from stomper.fixing.feedback import Feedback
from stomper.fixing.foreign import Foreign
from stomper.fixing.known_limits import aims_at_tests, warnings_of
from stomper.fixing.lent import lend, only_read
from stomper.fixing.pending import Pending
from stomper.fixing.places import environment_of, make_pools, put_right, trees_folder
from stomper.fixing.uncommitted import base_of
from stomper.fixing.witnesses import judges_of, keep_evidence, make_watch
from stomper.git.objects import modes_at
from stomper.git.remotes import Remote
from stomper.git.repository import Target
from stomper.git.worktree import Worktree
from stomper.git.worktree_pool import Pool
from stomper.git.worktrees import SharedClone, in_memory
from stomper.models import CheckerRun, FileJob, Landed, LeftOut, Outcome
from stomper.prompts.rendering import Prompt, Situation, Strategy, check_template, render
from stomper.state import locks, paths, store
from stomper.system import processes
from stomper.system.resource_usage import Meter
from stomper.testing.baseline import Baselines
from stomper.testing.shared_runs import SharedSuites, suites_at_once
from stomper.testing.suite import Suite

# What takes a tenth of a second to load, and the first files of an agent would wait for.
_LOADED_LATE = ("stomper.prompts.templates", "detect_secrets.core.secrets_collection")
_open: dict[str, Session] = {}


def current(run_id: str) -> Session:
    """The open session of a run in this process: a mapped task is given the id, not the whole session."""
    return _open[run_id]


def abandon() -> None:
    """Close every session of this process, whatever its threads are at: what they had proven is kept."""
    for session in list(_open.values()):
        session.close()


@dataclass
class Session:
    """One run's working state. Made by `open`, put away by `close`."""

    run_id: str
    target: Target
    base: str
    settings: Settings
    scope: Scope
    folder: Path
    environment: Environment
    store: store.Store
    clone: SharedClone
    pool: Pool
    """The worktrees in which fixes are proven: no agent's code ever has one."""
    agent_pool: Pool
    """Those that agents work in."""
    checkers: list[Checker]
    agents: list[Agent]
    suite: Suite
    baselines: Baselines
    shared: SharedSuites
    alive: locks.Lock
    lasting: locks.Lock
    sandbox: Sandbox
    watch: Watch
    calls: Calls
    memory: Memory
    feedback: Feedback
    secrets: Secrets
    transcripts: Transcripts
    remote: Remote | None = None
    campaign: Campaign | None = None
    """Where fixes land by pull requests."""
    began: float = field(default_factory=time.monotonic)
    meter: Meter = field(default_factory=Meter)
    collected: Collected = field(default_factory=lambda: Collected((), ()))
    checker_runs: tuple[CheckerRun, ...] = ()
    found: int = 0
    warnings: list[str] = field(default_factory=list)
    carried: str = ""
    """What worktrees have of the checkout beside what git tracks, for people."""
    ahead: Future[Collected] | None = None
    """The errors of the base, where somebody collects them already."""
    landed: list[Landed] = field(default_factory=list)
    """The commits of this run that are on the branch by now."""
    pending: Pending = field(default_factory=Pending)
    _jobs: dict[str, FileJob] = field(default_factory=dict)
    _collections: dict[str, Collected] = field(default_factory=dict)
    _modes: dict[str, dict[str, str]] = field(default_factory=dict)
    _listing: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def open(
        cls, target: Target, settings: Settings, scope: Scope | None = None, *, only_check: bool = False
    ) -> Session:
        """Make the private clone and all that the files share; with *only_check*, what takes time for later is left.

        Raises StomperError with the way out."""
        scope, state = scope or Scope(), paths.home()
        memory = store.Store(state)
        run_id = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{uuid.uuid4().hex[:6]}"
        folder = state / "runs" / run_id
        alive = locks.begin_run(state / "runs", run_id)
        processes.mark(run_id)
        with contextlib.ExitStack() as undo:
            undo.callback(memory.close)
            undo.callback(alive.release)
            undo.callback(locks.remove_run, folder)
            environment = environment_of(target.root, settings)
            secrets = Secrets.of(settings, environment.known())
            lasting = state / "cache" / hashing.digest(str(target.root))
            lasting_lock = locks.Lock(lasting / "lock")
            if not lasting_lock.acquire():
                lasting = folder / "cache"  # another run over this repository has it
            undo.callback(lasting_lock.release)
            checkers = make_checkers(settings, environment, folder / "cache", lasting)
            clone = SharedClone.create(target, folder)
            base, warnings = base_of(clone, target, scope), list[str]()
            if scope.uncommitted and settings.land != "patch":
                warnings.append("what is not committed yet cannot be landed on: its fixes are kept as patches")
                settings = settings.model_copy(update={"land": "patch"})
            seen = (target.root, target.git_dir, clone.path)
            fence = make_sandbox("none" if only_check else settings.sandbox, environment, readable=seen)
            readers = only_check and only_read(checkers)
            trees = trees_folder(folder, in_memory(clone, run_id, base) if readers else None)
            pool, agent_pool = make_pools(clone, trees, settings, warnings)
            check_template(target.root)
            # Where nobody is called, a key that is missing stands in nobody's way.
            excused = contextlib.suppress(AgentError) if only_check else contextlib.nullcontext()
            agents = list[Agent]()
            with excused:
                agents = make_agents(settings, environment, checkers, folder / "calls", fence)
            suite = Suite(environment, settings.test_command, settings.test_timeout_s, folder / "tests")
            theirs = agent_pool if any(agent.runs_code for agent in agents) else None
            tools = not only_read(checkers) or not (only_check or settings.test_validation == "none")
            carry = settings.worktree.carry
            lent = lend(clone, base, carry, folder / "carried", judges=pool, agents=theirs, tools=tools)
            judges = judges_of(settings, environment, suite, folder, lent=lent.files, git_dir=target.git_dir)
            watch = make_watch(target, folder, memory, judges)
            session = cls(
                run_id=run_id,
                target=target,
                base=base,
                settings=settings,
                scope=scope,
                folder=folder,
                environment=environment,
                store=memory,
                clone=clone,
                pool=pool,
                agent_pool=agent_pool,
                checkers=checkers,
                agents=agents,
                sandbox=fence,
                watch=watch,
                calls=Calls.of(settings, watch, agents, secrets),
                memory=Memory.of(run_id, target.root, commit=base, settings=settings, store=memory, agents=agents),
                suite=suite,
                baselines=Baselines(suite, pool, settings, environment, memory, warnings, aims_at_tests(checkers)),
                shared=SharedSuites(
                    suite,
                    workers=settings.max_parallel_files,
                    at_once=suites_at_once(settings.max_parallel_files),
                    lent=lambda: max(pool.lent, agent_pool.lent),
                ),
                feedback=Feedback(warnings),
                secrets=secrets,
                transcripts=Transcripts(run_id, settings.transcript_days, secrets),
                alive=alive,
                lasting=lasting_lock,
                warnings=warnings,
                carried=lent.words,
            )
            pool.exposed = agent_pool.exposed = not all(agent.contained for agent in agents)
            _open[run_id] = session
            if not only_check:
                prune(state, days=settings.transcript_days, megabytes=settings.transcript_megabytes)
            if settings.test_validation != "none" and not only_check:
                suite.find()
            warnings += warnings_of(target, settings)
            undo.pop_all()
        return session

    def close(self) -> None:
        """Remove the clone, its worktrees and the caches; the kept patches and the report live elsewhere."""
        _open.pop(self.run_id, None)
        self.baselines.wait()
        if self.ahead:
            wait([self.ahead])
        self.pool.close()
        self.agent_pool.close()
        self.watch.close()
        self.store.close()
        locks.remove_run(self.folder)
        self.lasting.release()
        self.alive.release()
        if self.remote:
            self.remote.close()

    @cached_property
    def foreign(self) -> Foreign:
        """The files that are somebody else's, or made by tools."""
        return Foreign(self.clone.path, self.settings, self.scope, self.pool)

    @property
    def shown(self) -> str:
        """The repository as reports name it: its address, where it is given by one, else its path."""
        return self.remote.shown if self.remote else str(self.target.root)

    @property
    def lands_on(self) -> str:
        """The branch that commits go to."""
        if self.settings.land == "branch":
            return self.settings.branch_name or f"stomper/{self.run_id}"
        if self.campaign:
            return self.campaign.grouping.prefix
        return self.target.branch

    def journal(self, step: str, detail: str = "") -> None:
        """Write down what is about to happen, before it does: what a later start reads after a crash."""
        self.store.journal(self.run_id, step, detail)
        progress.emit(progress.Journalled(step, detail))

    def keep_evidence(self, violations: Sequence[Violation]) -> str:
        """Keep what was seen of agents that left their worktrees, at least one, and say it."""
        return keep_evidence(self.run_id, violations, landed=bool(self.landed))

    def look_after(self, tree: Worktree) -> None:
        """Put right what whoever works in *tree* has made of what all worktrees share, and have it told."""
        self.warnings += put_right(self.clone, tree)

    def elapsed(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self.began

    def collect(self) -> Collected:
        """Every checker over the base commit, in a clean worktree."""
        self.collected = self.ahead.result() if self.ahead else self.collected_at(self.base)
        self.checker_runs, self.found = self.collected.runs, len(self.collected.diagnostics)
        return self.collected

    def collected_at(self, commit: str) -> Collected:
        """The errors of *commit*, computed once."""
        if commit not in self._collections:
            with self.pool.lease(commit) as tree:
                self._collections[commit] = collect(
                    tree.path,
                    self.checkers,
                    allow_missing=self.settings.allow_missing_checker,
                    parser=self.environment.parser,
                )
        return self._collections[commit]

    def prepare(self) -> None:
        """Have a worktree for each file that agents will work on at once, and one that is reset meanwhile.

        ruff alone needs one for many files."""
        if self.watch.judges and not all(agent.contained for agent in self.agents):
            self.watch.judges.begin()
        if any(agent.reads_prompt for agent in self.agents):
            wanted = min(self.settings.max_parallel_files + 1, len(self.collected_at(self.base).by_path))
            foreign = any(agent.runs_code for agent in self.agents)
            (self.agent_pool if foreign else self.pool).prepare(self.base, wanted)
            for name in _LOADED_LATE:
                importlib.import_module(name)

    def select(self) -> tuple[tuple[FileJob, ...], LeftOut]:
        """The files to repair, in their order, and what was left out. Raises SettingsError for a code that there is not."""
        chosen = self.chosen(self.collected)
        return self._taken(chosen.jobs), chosen.left_out

    def chosen(self, collected: Collected) -> Selection:
        """What a run aims at of these errors, whether it has begun with it or not. Raises as `select`."""
        self._refuse_unknown_codes()
        return select(
            collected.diagnostics, self.settings, self.scope, lambda path: self.foreign.owner(self.base, path)
        )

    def _taken(self, jobs: tuple[FileJob, ...]) -> tuple[FileJob, ...]:
        if self.campaign:
            jobs = self.campaign.widened(jobs, self.collected.diagnostics)
        self._jobs = {job.path: job for job in jobs}
        self.pending.expect(jobs)
        return jobs

    def _refuse_unknown_codes(self) -> None:
        """Raise SettingsError for a code in `select` or `ignore` that looks like ruff's and that ruff does not know."""
        ruff = next((c for c in self.checkers if isinstance(c, RuffChecker)), None)
        asked = [c for c in (*self.settings.select, *self.settings.ignore) if c != "ALL" and c[:1].isupper()]
        others = any(not isinstance(c, RuffChecker | MypyChecker) for c in self.checkers)
        if not asked or ruff is None or others:
            return
        known = ruff.known_codes()
        for code in asked:
            if known and not any(matches_code(k, [code]) for k in known):
                raise SettingsError(
                    f"unknown code {code!r} in select or ignore: it names no rule of ruff's, nor a group"
                )

    def requeue(self, paths: Sequence[str], tip: str) -> tuple[FileJob, ...]:
        """Go on from *tip*: the jobs of *paths* as their errors are there. What landed before is part of it."""
        self.base = tip
        self.collected = self.collected_at(tip)
        chosen = select(self.collected.diagnostics, self.settings, Scope(only=frozenset(paths)))
        return self._taken(chosen.jobs)

    def job(self, path: str) -> FileJob:
        """The job of one file, after `select`."""
        return self._jobs[path]

    def prompt(
        self, job: FileJob, source: str, tree: Path, strategy: Strategy, feedback: str = "", *, narrow: int = 1
    ) -> Prompt:
        """What an agent is told about *job*, whose file reads *source* in *tree*; *narrow* times shorter than usual."""
        examples, tokens = self.memory.examples(job), self.settings.prompt_tokens // narrow
        return render(Situation(job, source, tree, self.environment, strategy, examples, feedback, tokens))

    def first_way(self, job: FileJob) -> Strategy:
        """How the first agent that reads prompts would be asked about *job*."""
        readers = [agent for agent in self.agents if agent.reads_prompt]
        if readers:
            return self.memory.turn(readers[:1], job, str)[1][0]
        return "rules" if self.settings.strategy == "auto" else self.settings.strategy

    def listens(self, outcome: Outcome) -> bool:
        """Whether an agent can be told what was wrong with a patch that was turned down."""
        job = FileJob(path=outcome.path, diagnostics=outcome.remaining)
        return any(agent.reads_prompt and agent.takes(job) for agent in self.agents)

    def agents_for(self, job: FileJob) -> list[Agent]:
        """The cascade for *job*: all agents, or after a fix that the tests turned down those that can be told of it."""
        if self.campaign and self.campaign.only_recorded(job.path):
            return []
        return [agent for agent in self.agents if agent.reads_prompt or not self.feedback.of(job)]

    def skip_reason(self, path: str) -> str:
        """Why a file may not be repaired now; empty when it may."""
        if path in self.target.dirty and not self.scope.uncommitted:
            return "it has uncommitted changes: commit or stash them, then run again"
        mode = self._mode(path)
        if mode == "120000":
            return "it is a symbolic link"
        if not mode:
            # Checkers put U+FFFD where a name is not UTF-8: the file is there, but not by this name.
            return "its name is not UTF-8: rename it" if "\ufffd" in path else "git does not track it"
        if said := self.foreign.reason(self.base, path):
            return said
        return self.campaign.held(self._jobs[path]) if self.campaign and path in self._jobs else ""

    def _mode(self, path: str) -> str:
        """git's mode of *path* at the base; empty when it is not there. One listing does for all files."""
        base = self.base
        with self._listing:
            if base not in self._modes:
                self._modes = {base: modes_at(self.clone.path, base)}
            return self._modes[base].get(path, "")

    def may_edit(self, path: str) -> bool:
        """Whether the settings allow agents to edit *path* beside the job's own file."""
        return bool(self.settings.extra_files) and globs(self.settings.extra_files).match_file(path)

    def attempts_of(self, agent: Agent) -> int:
        """How often *agent* may try one file: once, if it would only do the same again."""
        table = self.settings.agents[agent.name]
        return (table.max_attempts or self.settings.max_attempts) if agent.reads_prompt else 1
