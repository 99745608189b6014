"""The words of Stomper, as data. Imports nothing of ours."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

Fix = Literal["safe", "unsafe", "none"]
Judge = Literal["", "nothing changed", "guard", "checker", "tests"]
"""Who turned a patch down; nobody when it is empty."""


class Model(BaseModel):
    """Frozen, and strict about unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Diagnostic(Model):
    """One error from one checker. `path` is relative to the repository root, as git spells it."""

    tool: str
    code: str
    message: str
    path: str
    line: int = Field(default=0, ge=0, description="1-based; 0 when the error is about the whole file")
    column: int = Field(default=0, ge=0)
    end_line: int = Field(default=0, ge=0)
    fix: Fix = "none"
    fingerprint: str = Field(default="", description="independent of place; see fingerprints.py")


class FileJob(Model):
    """One file and the errors aimed at in it."""

    path: str
    diagnostics: tuple[Diagnostic, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        """The distinct codes aimed at, sorted."""
        return tuple(sorted({d.code for d in self.diagnostics}))


class Change(Model):
    """One path of a patch: what it was at the base and what it becomes. A missing side has mode 0."""

    path: str
    old_mode: str
    new_mode: str
    old_blob: str
    new_blob: str

    @property
    def deleted(self) -> bool:
        return int(self.new_mode, 8) == 0


class Patch(Model):
    """A proven or rejected change to *base*: the paths with their new blobs, and the diff as bytes."""

    base: str
    changes: tuple[Change, ...]
    diff: bytes

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(c.path for c in self.changes)


class Attempt(Model):
    """One call of an agent and what came of it."""

    agent: str
    number: int = Field(ge=1)
    seconds: float = Field(ge=0)
    fixed: int = Field(default=0, ge=0)
    result: str = Field(description="'proven', or the reason it was not")
    reused: bool = Field(default=False, description="taken from an earlier run that was paid for")
    cost_usd: float | None = Field(default=None, description="None when unknown, never zero for unknown")
    tokens: int | None = None
    strategy: str = Field(default="", description="how it was asked; empty for agents that read no prompt")
    model: str = Field(default="", description="what answered, where that is known")
    session: str = Field(default="", description="the agent's own name for the call")
    stop: str = Field(default="", description="why the agent stopped, in its own word")
    transcript: str = Field(default="", description="the file with what it was told and what it said")


class Status(StrEnum):
    """How a file ended."""

    FIXED = "fixed"
    PARTIAL = "partial"
    FAILED = "failed"
    SKIPPED = "skipped"
    WAITING = "waiting"


class CleanUp(Model):
    """Errors that the fixes of one file brought about, and that were repaired with them. Both are codes, sorted."""

    codes: tuple[str, ...]
    after: tuple[str, ...] = Field(description="the codes whose fixes brought them about")

    @property
    def words(self) -> str:
        """Say it in a line."""
        return f"cleaned up after {', '.join(self.after)}: {', '.join(self.codes)}"


class Span(Model):
    """A stage of a file's work, in seconds since the run began."""

    stage: str
    start_s: float
    end_s: float


Evidence = Literal["none", "tests passed", "covered", "killed"]
"""How well a change is proven, on one scale. `covered`: a test ran the changed lines; `killed`: one fails without them."""


def enough(there: Evidence, needed: Evidence) -> bool:
    """Return whether the evidence that is *there* is as strong as what is *needed*."""
    scale = get_args(Evidence)
    return scale.index(there) >= scale.index(needed)


class Outcome(Model):
    """What became of one file. A fixed or partial one has a patch and says which errors it removes."""

    path: str
    status: Status
    reason: str = ""
    fixed: tuple[Diagnostic, ...] = ()
    remaining: tuple[Diagnostic, ...] = ()
    introduced: tuple[Diagnostic, ...] = Field(default=(), description="by the last patch turned down; never landed")
    unknown: tuple[Diagnostic, ...] = Field(
        default=(), description="aimed at, and no checker could say what became of it"
    )
    attempts: tuple[Attempt, ...] = ()
    spans: tuple[Span, ...] = ()
    agent: str = ""
    cleaned_up: tuple[CleanUp, ...] = Field(default=(), description="beside the errors aimed at, by the same patch")
    risk: Literal["", "cosmetic", "typing", "logic"] = Field(default="", description="of the patch; see risk.py")
    evidence: Evidence = Field(default="none", description="what proves the patch beside the checkers")
    required: Evidence = Field(default="none", description="the evidence it needs to land unattended")
    tests: str = Field(default="", description="which tests the patch was proven by before that of all together")
    patch: Patch | None = None
    commit: str = ""
    patch_file: str = Field(default="", description="where a patch that did not land is kept")
    judge: Judge = Field(default="", description="who turned the proven patch down in the proof of all together")

    @model_validator(mode="after")
    def _fixed_needs_patch(self) -> Self:
        if self.status in (Status.FIXED, Status.PARTIAL) and (self.patch is None or not self.fixed):
            raise ValueError(f"{self.path}: a {self.status} outcome needs a patch and the errors it fixes")
        return self

    @property
    def proven(self) -> bool:
        return self.status in (Status.FIXED, Status.PARTIAL)

    def rejected(self, reason: str, status: Status = Status.FAILED, judge: Judge = "") -> Outcome:
        """The same file once its patch was turned down: nothing is fixed, the patch stays with the outcome."""
        remaining = (*self.fixed, *self.remaining)
        changed = {"status": status, "reason": reason, "judge": judge, "fixed": (), "remaining": remaining}
        return self.model_copy(update=changed)


class AgentMetrics(Model):
    """One agent's share. What it fixed counts where it was proven to the end, what it cost in any case."""

    calls: int = Field(default=0, description="without those whose result an earlier run had paid for")
    errors_fixed: int = 0
    cost_microusd: int = 0
    calls_of_unknown_cost: int = 0
    tokens: int = 0
    milliseconds: int = Field(default=0, description="of its attempts, with the proof of each")

    def __add__(self, other: AgentMetrics) -> AgentMetrics:
        return AgentMetrics(**{name: getattr(self, name) + getattr(other, name) for name in AgentMetrics.model_fields})

    @classmethod
    def of(cls, attempt: Attempt, *, proven: bool) -> AgentMetrics:
        """The metrics of one attempt at a file that was *proven* in the end or not."""
        fixed = attempt.fixed if proven else 0
        if attempt.reused:
            return cls(errors_fixed=fixed, milliseconds=round(attempt.seconds * 1000))
        return cls(
            calls=1,
            errors_fixed=fixed,
            cost_microusd=round((attempt.cost_usd or 0.0) * 1_000_000),
            calls_of_unknown_cost=int(attempt.cost_usd is None),
            tokens=attempt.tokens or 0,
            milliseconds=round(attempt.seconds * 1000),
        )


class Metrics(Model):
    """The reduction of outcomes. `+` is associative and `Metrics()` its identity, so shards reduce alike."""

    successful_fixes: tuple[str, ...] = ()
    failed_fixes: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    total_errors_fixed: int = 0
    errors_remaining: int = 0
    errors_introduced: int = Field(default=0, description="by patches that were turned down; none of them landed")
    errors_unknown: int = Field(default=0, description="of which no checker could say whether they are gone")
    attempts: int = 0
    stage_ms: dict[str, int] = Field(default_factory=dict, description="whole milliseconds, so that sums are exact")
    cost_microusd: int = 0
    calls_of_unknown_cost: int = 0
    tokens: int = 0
    agents: dict[str, AgentMetrics] = Field(default_factory=dict, description="by the agents' names")

    def __add__(self, other: Metrics) -> Metrics:
        stages = {k: self.stage_ms.get(k, 0) + other.stage_ms.get(k, 0) for k in {**self.stage_ms, **other.stage_ms}}
        return Metrics(
            successful_fixes=tuple(sorted((*self.successful_fixes, *other.successful_fixes))),
            failed_fixes=tuple(sorted((*self.failed_fixes, *other.failed_fixes))),
            skipped=tuple(sorted((*self.skipped, *other.skipped))),
            total_errors_fixed=self.total_errors_fixed + other.total_errors_fixed,
            errors_remaining=self.errors_remaining + other.errors_remaining,
            errors_introduced=self.errors_introduced + other.errors_introduced,
            errors_unknown=self.errors_unknown + other.errors_unknown,
            attempts=self.attempts + other.attempts,
            stage_ms=dict(sorted(stages.items())),
            cost_microusd=self.cost_microusd + other.cost_microusd,
            calls_of_unknown_cost=self.calls_of_unknown_cost + other.calls_of_unknown_cost,
            tokens=self.tokens + other.tokens,
            agents=_added([*self.agents.items(), *other.agents.items()]),
        )

    @classmethod
    def of(cls, outcome: Outcome) -> Metrics:
        """The metrics of one file."""
        stages: dict[str, int] = {}
        for span in outcome.spans:
            stages[span.stage] = stages.get(span.stage, 0) + round((span.end_s - span.start_s) * 1000)
        paid = [a for a in outcome.attempts if not a.reused]
        name = (outcome.path,)
        return cls(
            successful_fixes=name if outcome.proven else (),
            failed_fixes=name if outcome.status is Status.FAILED else (),
            skipped=name if outcome.status in (Status.SKIPPED, Status.WAITING) else (),
            total_errors_fixed=len(outcome.fixed),
            errors_remaining=len(outcome.remaining),
            errors_introduced=len(outcome.introduced),
            errors_unknown=len(outcome.unknown),
            attempts=len(outcome.attempts),
            stage_ms=dict(sorted(stages.items())),
            cost_microusd=sum(round(a.cost_usd * 1_000_000) for a in paid if a.cost_usd is not None),
            calls_of_unknown_cost=sum(a.cost_usd is None for a in paid),
            tokens=sum(a.tokens or 0 for a in paid),
            agents=_added((a.agent, AgentMetrics.of(a, proven=outcome.proven)) for a in outcome.attempts),
        )

    @classmethod
    def reduce(cls, outcomes: Iterable[Outcome]) -> Metrics:
        """The sum over *outcomes*, in any order."""
        sums = [cls.of(outcome) for outcome in outcomes]
        while len(sums) > 1:  # two by two: one after the other, each would copy the names of all before it
            odd = sums[len(sums) // 2 * 2 :]
            sums = [one + other for one, other in zip(sums[::2], sums[1::2], strict=False)] + odd
        return sums[0] if sums else cls()


def _added(shares: Iterable[tuple[str, AgentMetrics]]) -> dict[str, AgentMetrics]:
    """The sum for each agent, in the order of their names."""
    total: dict[str, AgentMetrics] = {}
    for name, share in shares:
        total[name] = total.get(name, AgentMetrics()) + share
    return dict(sorted(total.items()))


class CheckerRun(Model):
    """What one checker did over the whole repository. `error` is set when its verdict is unknown."""

    name: str
    version: str = ""
    origin: str = Field(default="", description="where the program was found")
    seconds: float = 0.0
    found: int = 0
    note: str = Field(default="", description="what it says of how it is set up, where that is not what one may expect")
    error: str = ""


class Landed(Model):
    """One commit made."""

    commit: str
    path: str
    subject: str


class Request(Model):
    """A pull request of the run's campaign, and what was done with it."""

    branch: str
    done: Literal["opened", "updated", "unchanged", "closed", "left to a human", "left as it is", "failed"]
    number: int = Field(default=0, description="0 where there is none")
    url: str = ""
    files: tuple[str, ...] = Field(default=(), description="whose fixes are in it")
    notes: tuple[str, ...] = ()


class LeftOut(Model):
    """Errors that were found and not aimed at, by cause."""

    by_scope: int = Field(default=0, description="outside the paths, globs or changed files asked for")
    by_code: int = Field(default=0, description="codes not selected, or ignored")
    by_limit: int = Field(default=0, description="beyond max_files or max_errors")
    vendored: dict[str, int] = Field(
        default_factory=dict,
        description="in other people's code: its folders and files, with the number of errors in each",
    )

    @property
    def words(self) -> str:
        """All of it in one line; empty where nothing is left out."""
        parts = {
            "outside the scope": self.by_scope,
            "of other codes": self.by_code,
            "over a limit": self.by_limit,
            f"vendored ({', '.join(self.vendored)})": sum(self.vendored.values()),
        }
        return ", ".join(f"{number} {why}" for why, number in parts.items() if number)


class ProgramUse(Model):
    """The processes of one program that the run started and that have ended."""

    program: str = Field(description="its name, for git and ruff with the verb; never another argument")
    started: int = Field(ge=0)
    wall_s: float = Field(description="added up: of two that run side by side for a second it is two seconds")
    cpu_s: float = Field(description="of the processes and of those they waited for, as the kernel counts it")


class Effort(Model):
    """What the run took of this machine, a Prefect server not counted."""

    cpu_s: float = Field(default=0.0, description="of Stomper's own process since the run began, without its children")
    peak_memory_mib: float = Field(default=0.0, description="the most that Stomper's own process ever held")
    programs: tuple[ProgramUse, ...] = ()


class Report(Model):
    """All of one run, as `--json` prints it."""

    run_id: str
    repository: str
    base: str
    branch: str
    land: str
    checkers: tuple[CheckerRun, ...] = ()
    tests: str = ""
    test_validation: str = ""
    test_runs: int = Field(default=0, description="how often the whole suite was run")
    part_test_runs: int = Field(default=0, description="how often some of its tests were run by themselves")
    test_seconds: float = Field(default=0.0, description="of all these runs together")
    errors_found: int = 0
    left_out: LeftOut = LeftOut()
    unchecked: tuple[str, ...] = Field(default=(), description="languages and configured tools that no checker covers")
    guards: dict[str, str] = Field(
        default_factory=dict, description="the guards that look at the files worked on, by the language of these"
    )
    outcomes: tuple[Outcome, ...] = ()
    metrics: Metrics = Metrics()
    landed: tuple[Landed, ...] = ()
    pull_requests: tuple[Request, ...] = ()
    warnings: tuple[str, ...] = ()
    half_staged: tuple[str, ...] = Field(
        default=(),
        description="with edits that are not staged beside those that are: their patches fit the index alone",
    )
    carried: str = Field(default="", description="what worktrees had of the checkout beside what git tracks")
    sandbox: str = Field(default="", description="what fenced the agents in, or why nothing did")
    seconds: float = 0.0
    effort: Effort = Effort()
    max_parallel_files: int = 0
    failure: str = Field(default="", description="why the run could not do its job; empty when it could")

    @property
    def exit_code(self) -> int:
        """0 nothing left to fix or all landed, 1 something is left, 2 the run could not do its job."""
        if self.failure:
            return 2
        left = (
            self.metrics.errors_remaining
            or self.metrics.errors_unknown
            or self.metrics.failed_fixes
            or any(o.proven and not enough(o.evidence, o.required) for o in self.outcomes)
        )
        return 1 if left or self.left_out.by_limit else 0
