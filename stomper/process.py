"""One file, from its errors to a proven patch or the reason why not."""

from __future__ import annotations

import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from stomper import progress
from stomper.agents import Agent, Request
from stomper.errors import Cancelled, CheckerError, RepositoryError
from stomper.git import git, text
from stomper.guards import Diff, objection
from stomper.models import Attempt, Diagnostic, FileJob, Outcome, Patch, Span, Status
from stomper.risk import Risk, risk
from stomper.session import Session
from stomper.store import attempt_key
from stomper.testing import confirmed
from stomper.verify import read_from, verify
from stomper.worktrees import Worktree

_DIFF_LIMIT = 6000  # characters of a diff, or of what tests said, that a retry is told


def process_file(session: Session, job: FileJob) -> Outcome:
    """Worktree → agents in their order, each with its attempts → the proven patch. Never raises but Cancelled."""
    work = _Work(session, job)
    if reason := session.skip_reason(job.path):
        return work.outcome(Status.SKIPPED, reason)
    try:
        work.enter("worktree")
        with session.pool.lease(session.base) as tree:
            for agent in session.agents:
                work.cascade(agent, tree)
    except Cancelled:
        raise
    except Exception:  # the boundary: one file's bug never sinks the others
        return work.outcome(Status.FAILED, traceback.format_exc(limit=-3))
    if work.patch is None:
        return work.outcome(Status.FAILED, work.problem or "no agent can repair these errors")
    return work.outcome(Status.PARTIAL if work.left else Status.FIXED, work.problem if work.left else "")


@dataclass
class _Work:
    """The state of one file's work: what is proven so far, what is left, what was tried."""

    session: Session
    job: FileJob
    patch: Patch | None = None
    fixed: tuple[Diagnostic, ...] = ()
    left: tuple[Diagnostic, ...] = ()
    introduced: tuple[Diagnostic, ...] = ()
    unknown: bool = False
    rejected: Patch | None = None
    stopped: bool = False
    test_output: str = ""
    risk: Risk = "logic"
    problem: str = ""
    agents: list[str] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.left = self.job.diagnostics
        self.budget = self.session.calls.for_file()

    def cascade(self, agent: Agent, tree: Worktree) -> None:
        """Give *agent* what is left, from the best proven state each time, until it is done or out of attempts."""
        evidence, said = "", set[str]()
        for number in range(1, self.session.attempts_of(agent) + 1):
            job = FileJob(path=self.job.path, diagnostics=self.left)
            if not self.left or not agent.takes(job):
                return
            began = time.monotonic()
            self._restore(tree)
            before = len(self.fixed)
            self.stopped = False
            answer_cost, reused, feedback = self._attempt(agent, job, tree, evidence)
            if self.stopped:
                self.problem = feedback
                return
            proven = len(self.fixed) > before
            if proven and agent.name not in self.agents:
                self.agents.append(agent.name)
            self.attempts.append(
                Attempt(
                    agent=agent.name,
                    number=number,
                    seconds=time.monotonic() - began,
                    fixed=len(self.fixed) - before,
                    result="proven" if proven else feedback,
                    reused=reused,
                    cost_usd=answer_cost[0],
                    tokens=answer_cost[1],
                )
            )
            self.problem = feedback
            evidence = self._evidence(feedback)
            if evidence in said:
                return  # it did the same again, and would go on so
            said.add(evidence)

    def _evidence(self, feedback: str) -> str:
        """What the next attempt is told of this one: what was wrong, the tests' own words, and the diff turned down."""
        if not feedback or self.rejected is None:
            return feedback
        diff = self.rejected.diff.decode("utf-8", errors="replace")[:_DIFF_LIMIT]
        return "\n\n".join(filter(None, (feedback, self.test_output, f"The diff that was turned down:\n{diff}")))

    def _attempt(
        self, agent: Agent, job: FileJob, tree: Worktree, feedback: str
    ) -> tuple[tuple[float | None, int | None], bool, str]:
        """One call and its proof. Returns its (cost, tokens), whether it was paid for before, and what is still wrong."""
        source = (read_from(tree.path, job.path) or b"").decode("utf-8", errors="surrogateescape")
        blob = text(("rev-parse", f"{self.session.base}:{job.path}"), cwd=self.session.clone.path, ok=(0, 128))
        repository = str(self.session.target.root)
        key = attempt_key(repository, job, blob + feedback, agent.name, self.session.configuration(agent))
        cost: tuple[float | None, int | None] = (0.0, 0)
        kept = self.session.store.kept(key)
        if kept is not None and self._apply(tree, kept):
            self.enter("reuse")
        else:
            kept = None
            self.enter(agent.name)
            prompt = self.session.prompt(job, source, tree.path, feedback) if agent.reads_prompt else ""
            answer = self.session.calls.make(agent, Request(job=job, tree=tree.path, prompt=prompt), self.budget)
            if not answer.made:
                self.stopped = True
                return (0.0, 0), False, answer.problem
            cost = (answer.cost_usd, answer.tokens)
            if answer.problem:
                return cost, False, f"{agent.name}: {answer.problem}"
        patch = tree.patch(self.session.base)
        wrong = self._prove(tree, patch)
        if not wrong and patch is not None:
            self.session.store.keep(key, self.session.run_id, patch)
            if kept is None:
                self.session.journal("proven", job.path)
        elif patch is not None:
            self.rejected = patch
        return cost, kept is not None, wrong or self._still_wrong()

    def _prove(self, tree: Worktree, patch: Patch | None) -> str:
        """Guards, checkers, tests. Empty when *patch* is proven, and then it is the state to go on from."""
        if patch is None or patch == self.patch:
            return "nothing was changed"
        self.enter("guards")
        diff = self.diff_of(tree, patch)
        if said := objection(diff, self.session.settings.guards_off):
            return said
        self.enter("verify")
        try:
            verdict = verify(tree.path, self.session.checkers, self.session.collected, patch.paths)
        except CheckerError as error:
            self.unknown = True
            return f"unknown, so not a fix: {error}"
        self.unknown, self.introduced = False, verdict.introduced
        if verdict.introduced:
            first = verdict.introduced[0]
            return f"new error: {first.path}:{first.line} {first.code} {first.message}"
        gone = Counter(d.fingerprint for d in verdict.fixed)
        fixed: list[Diagnostic] = []
        left: list[Diagnostic] = []
        for diagnostic in self.job.diagnostics:
            hit = gone[diagnostic.fingerprint] > 0
            gone[diagnostic.fingerprint] -= hit
            (fixed if hit else left).append(diagnostic)
        if len(fixed) <= len(self.fixed):
            return "none of the errors is gone"
        if self.session.settings.test_validation == "full":
            self.enter("tests")
            suite, baseline = self.session.suite, self.session.baselines.at(self.session.base)
            now = suite.run(tree.path)
            broken, flaky = confirmed(suite, tree.path, baseline, now)
            self.session.note_flaky(flaky)
            if broken:
                self.test_output = "\n".join(f"{t.name}: {t.message}" for t in now.tests if t.status == "failed")[
                    :_DIFF_LIMIT
                ]
                return f"tests: {'; '.join(broken[:5])}"
        self.patch, self.fixed, self.left, self.rejected = patch, tuple(fixed), tuple(left), None
        self.risk = risk(diff.before, diff.after)
        return ""

    def diff_of(self, tree: Worktree, patch: Patch) -> Diff:
        """The patch with both sides of every path, from git: what is on disk may be a link by now."""
        before, after = {}, {}
        for change in patch.changes:
            before[change.path] = _blob(tree.git_dir, change.old_mode, change.old_blob)
            after[change.path] = _blob(tree.git_dir, change.new_mode, change.new_blob)
        return Diff(self.job, patch, before, after, self.session.may_edit)

    def _restore(self, tree: Worktree) -> None:
        tree.reset(self.session.base)
        if self.patch is not None:
            self._apply(tree, self.patch.diff)

    def _apply(self, tree: Worktree, diff: bytes) -> bool:
        try:
            tree.apply(diff)
        except RepositoryError:
            tree.reset(self.session.base)
            return False
        return True

    def _still_wrong(self) -> str:
        if not self.left:
            return ""
        shown = "; ".join(f"line {d.line} {d.code} {d.message}" for d in self.left[:10])
        return f"still there: {shown}"

    def enter(self, stage: str) -> None:
        """Begin a stage, which ends the one before."""
        now = self.session.elapsed()
        if self.spans:
            self.spans[-1] = self.spans[-1].model_copy(update={"end_s": now})
        self.spans.append(Span(stage=stage, start_s=now, end_s=now))
        progress.emit(progress.StageBegan(stage, self.job.path))

    def outcome(self, status: Status, reason: str) -> Outcome:
        """The file's end."""
        if self.spans:
            self.spans[-1] = self.spans[-1].model_copy(update={"end_s": self.session.elapsed()})
        outcome = Outcome(
            path=self.job.path,
            status=status,
            reason=reason,
            fixed=self.fixed if status in (Status.FIXED, Status.PARTIAL) else (),
            remaining=() if self.unknown else self.left,
            introduced=self.introduced,
            unknown=self.left if self.unknown else (),
            attempts=tuple(self.attempts),
            spans=tuple(self.spans),
            agent=" + ".join(self.agents),
            risk=self.risk if self.patch else "",
            patch=self.patch or self.rejected,
        )
        progress.emit(progress.FileDone(outcome))
        return outcome


def _blob(cwd: Path, mode: str, blob: str) -> bytes | None:
    return git(("cat-file", "blob", blob), cwd=cwd) if int(mode, 8) and mode != "160000" else None
