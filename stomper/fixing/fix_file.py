"""One file, from its errors to a proven patch or the reason why not."""

from __future__ import annotations

import contextlib
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from stomper import progress
from stomper.agents.protocol.agent import Agent, Answer, Request, Usage
from stomper.campaigns.remote_state import Recorded
from stomper.checkers.verify import read_from
from stomper.errors import Cancelled, PatchRefused, RepositoryError, SuiteError
from stomper.fixing import ruff_batch
from stomper.fixing.feedback import only_flaky_against
from stomper.fixing.pending import Ready
from stomper.fixing.proof import Proof, diff_of, judge, prove
from stomper.fixing.session import Session
from stomper.git.worktree import Worktree
from stomper.git.worktree_pool import Pool
from stomper.guards.base import Diff
from stomper.models import Attempt, CleanUp, FileJob, Outcome, Patch, Span, Status
from stomper.prompts.rendering import Prompt, Strategy, evidence
from stomper.state.store import Kept

_NO_MEASURE = "not worked on: the tests prove nothing at the base commit"


def process_file(session: Session, job: FileJob, *, only_recorded: bool = False) -> Outcome:
    """Worktree → agents in their order, each with its attempts → the proven patch. Never raises but Cancelled.

    With *only_recorded* nobody is asked: what the campaign's branch has for the file is proven again."""
    work = _Work(session, job, only_recorded)
    if not only_recorded and (reason := session.skip_reason(job.path)):
        return work.outcome(Status.SKIPPED, reason)
    if not only_recorded and session.baselines.refusal(session.base):
        return work.outcome(Status.SKIPPED, _NO_MEASURE)
    try:
        work.begin()
        if work.goes_on():
            work.enter("worktree")
            with work.pool.lease(session.base, one_of_many=True) as tree:
                work.cascade(tree)
    except Cancelled:
        raise
    except SuiteError:
        return work.outcome(Status.SKIPPED, _NO_MEASURE)
    except Exception:  # the boundary: one file's bug never sinks the others
        return work.outcome(Status.FAILED, session.secrets.hidden(traceback.format_exc(limit=-3)))
    if work.patch is None and work.turned_down and work.turned_down.proof.only_flaky:
        return work.outcome(Status.WAITING, only_flaky_against(work.turned_down.proof.problem))
    if work.patch is None:
        return work.outcome(Status.FAILED, work.problem or "no agent can repair these errors")
    if not work.proof.left:
        return work.outcome(Status.FIXED, "")
    still = work.still_there()
    return work.outcome(Status.PARTIAL, still if work.problem in ("", still) else f"{work.problem}; {still}")


@dataclass(frozen=True)
class _Call:
    """One call of an agent: its answer, what it made of the file, and what that is worth."""

    answer: Answer
    proof: Proof = field(default_factory=Proof)
    patch: Patch | None = None
    prompt: Prompt = field(default_factory=Prompt)
    reused: bool = False
    known: bool = False
    """Not made, because it failed before just as it would be made now."""

    @property
    def problem(self) -> str:
        return self.answer.problem or self.proof.problem


@dataclass
class _Work:
    """The state of one file's work: what is proven so far, what was tried, what was turned down last."""

    session: Session
    job: FileJob
    only_recorded: bool = False
    patch: Patch | None = None
    proof: Proof = field(default_factory=Proof)
    turned_down: _Call | None = None
    problem: str = ""
    agents: list[str] = field(default_factory=list)
    cleaned_up: tuple[CleanUp, ...] = ()
    attempts: list[Attempt] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    waiting: list[Agent] = field(default_factory=list)
    _taking_part: tuple[Agent, ...] = ()
    """All that may work on the file."""
    _read: set[bytes] = field(default_factory=set)
    """What the file has been read to hold."""
    _untouched: bool = True
    """Whether nothing has happened to the worktree since it was lent, reset."""

    def __post_init__(self) -> None:
        self.proof = Proof(left=self.job.diagnostics)
        self.budget = self.session.calls.for_file(self.job.path)

    def begin(self) -> None:
        """See who is to work on the file, and take what the first of them has made of it together with other files."""
        if self.only_recorded:
            return
        began = self.session.elapsed()
        self.waiting = self.session.agents_for(self.job)
        self._taking_part = tuple(self.waiting)
        if (ready := ruff_batch.take(self.session, self.job)) is not None:
            self.waiting.remove(ready.agent)
            self._take(ready, began)

    def _take(self, ready: Ready, began: float) -> None:
        self.enter(ready.agent.name, began)
        started, before = time.monotonic(), self._job()
        made = _Call(Answer(cost_usd=0.0, usage=Usage(), cleaned_up=ready.done.cleaned_up))

        def proof(diff: Diff) -> Proof:
            return judge(
                self.session, diff, partial(ready.verdict, self.session.collected), fixed_before=0, enter=self.enter
            )

        call = self._kept(self._weighed(made, ready.diff, proof), ready.call, "")
        self._note(ready.agent, "rules", before, call, ready.seconds + time.monotonic() - started)

    @property
    def pool(self) -> Pool:
        """The worktrees that the file may be worked on in: those that are proven in are no other agents' to work in."""
        return self.session.agent_pool if self._foreign else self.session.pool

    @property
    def _foreign(self) -> bool:
        return any(agent.runs_code for agent in self._taking_part)

    def goes_on(self) -> bool:
        """Whether there is a fix to take over, or anybody who takes what is left."""
        taken = bool(self.proof.left) and any(agent.takes(self._job()) for agent in self.waiting)
        return taken or self._recorded() is not None

    def cascade(self, tree: Worktree) -> None:
        """Give each agent what those before it left, from the best proven state."""
        self._take_over(tree)
        while self.waiting and self.proof.left:
            agent, strategies = self.session.memory.turn(self.waiting, self._job(), partial(self._source, tree))
            self.waiting.remove(agent)
            self._give(agent, strategies, tree)

    def _recorded(self) -> Recorded | None:
        """The fix that the campaign's branch has for the file, unless it was turned down in this very run."""
        recorded = self.session.campaign.recorded(self.job.path) if self.session.campaign else None
        return None if self.session.feedback.of(self.job) else recorded

    def _take_over(self, tree: Worktree) -> None:
        """The fix that the campaign's branch has for the file already: proven again, and not paid for twice."""
        recorded = self._recorded()
        if recorded is None:
            return
        began, before = time.monotonic(), self._job()
        self.enter("reuse")
        self._untouched = False
        try:
            tree.apply(recorded.diff, three_way=True)
        except RepositoryError:
            self.problem = f"the fix on branch {recorded.branch} does not fit any more"
            return
        same = Answer(cost_usd=0.0, usage=Usage(), cleaned_up=recorded.part.cleaned_up)
        call = self._judged(_Call(same, reused=True), tree)
        self._note(recorded, "rules", before, call, time.monotonic() - began)

    def _job(self) -> FileJob:
        """What is left to repair."""
        return FileJob(path=self.job.path, diagnostics=self.proof.left)

    def _give(self, agent: Agent, strategies: Sequence[Strategy], tree: Worktree) -> None:
        """Let *agent* try, each time told what was wrong with its last try, until it is done or out of attempts."""
        feedback, said, tries, calls = self.session.feedback.of(self.job), set[str](), 0, 0
        narrow = 1  # how many times shorter than usual the prompt has to be
        while tries < self.session.attempts_of(agent) and self.proof.left and agent.takes(self._job()):
            began, before = time.monotonic(), self._job()
            strategy = strategies[calls % len(strategies)]
            calls += 1
            call = self._call(agent, strategy, tree, feedback, narrow)
            if not call.answer.made:
                self.problem = call.problem
                if call.known and calls < len(strategies):
                    continue  # asked in another way it may go well
                return
            self._note(agent, strategy, before, call, time.monotonic() - began)
            # What the prompt had no room for was not tried.
            tries += bool(call.problem or not call.prompt.left_out)
            narrow *= 2 if call.answer.trouble == "context too long" else 1
            feedback = evidence(self.problem, call.proof.output, call.patch if call.problem else None)
            if call.answer.trouble == "refused" or (feedback in said and narrow == 1):
                return  # it did the same again, and would go on so
            said.add(feedback)

    def _call(self, agent: Agent, strategy: Strategy, tree: Worktree, feedback: str, narrow: int) -> _Call:
        """One call from the best proven state, and its proof; a call that was paid for before is not made again."""
        job, memory = self._job(), self.session.memory
        source = self._source(tree)
        key = memory.call(agent, job, source)
        if (kept := memory.proven_before(key)) is not None:
            self.enter("reuse")
            self._untouched = False
            tree.reset(self.session.base)  # a patch is against the base: what was proven before it is part of it
            if self._apply(tree, kept.diff):
                same = Answer(cost_usd=0.0, usage=Usage(), cleaned_up=kept.cleaned_up)
                call = self._judged(_Call(same, reused=True), tree)
                if not call.problem and call.patch is not None:
                    memory.keep_proven(key, job.path, "", Kept(call.patch.diff, self.cleaned_up))
                    return call
            memory.drop(key)  # what was proven then is not any more
            self._restore(tree)
        prompt = Prompt()
        if agent.reads_prompt:
            prompt = self.session.prompt(job, source, tree.path, strategy, feedback, narrow=narrow)
        asked = memory.asked(key, agent, prompt)
        if judge := memory.failed_before(asked):
            said = f"{agent.name} was not called: the same call failed before ({judge}); retry_failed = true repeats it"
            return _Call(Answer(said, made=False), known=True)
        if agent.reads_prompt and self.session.settings.test_validation != "none":
            self.enter("baseline")
            self.session.baselines.at(self.session.base)  # nothing is paid for before there is a measure
        self.enter(agent.name)
        self._untouched = False
        if agent.runs_code:
            tree.had_by.append(f"{agent.name} on {self.job.path}")
        answer = self.session.calls.make(agent, Request(job=job, tree=tree.path, prompt=prompt.text), self.budget)
        self.session.look_after(tree)
        if answer.problem:
            said = f"{agent.name}: {answer.problem}" if answer.made else answer.problem
            return _Call(replace(answer, problem=said), prompt=prompt)
        return self._kept(self._judged(_Call(answer, prompt=prompt), tree), key, asked)

    def _kept(self, call: _Call, key: str, asked: str) -> _Call:
        """The call, for whose like it is remembered what came of it."""
        if call.problem:
            self.session.memory.keep_failure(asked, call.proof.judge)
        elif call.patch is not None:
            self.session.memory.keep_proven(key, self.job.path, asked, Kept(call.patch.diff, self.cleaned_up))
            self.session.journal("proven", self.job.path)
        return call

    def _judged(self, call: _Call, tree: Worktree) -> _Call:
        """The call with what came of it in *tree*."""
        try:
            patch = tree.patch(self.session.base)
        except RepositoryError as error:  # gigabytes, a repository without a commit: what was proven before stays so
            said = f"what it left in the worktree cannot be read: {str(error).splitlines()[0]}"
            return replace(call, proof=Proof(said))
        unchanged = patch is None or patch == self.patch
        diff = None if patch is None or unchanged else self._diff(tree, patch)
        done = len(self.proof.fixed)
        try:
            return self._weighed(
                call,
                diff,
                lambda diff: prove(
                    self.session, diff, self._court(tree, diff.patch), fixed_before=done, enter=self.enter
                ),
            )
        except PatchRefused as error:
            return replace(call, proof=Proof(f"what it left in the worktree cannot be applied: {error}"))

    @contextlib.contextmanager
    def _court(self, tree: Worktree, patch: Patch) -> Iterator[Worktree]:
        """A worktree at *patch* to prove it in: *tree*, which is, unless an agent has had it; else one that none ever had.

        Raises PatchRefused when that cannot be brought to it."""
        if not self._foreign:
            yield tree
            return
        with self.session.pool.lease(self.session.base, one_of_many=True) as clean:
            try:
                clean.hold(patch)
            except RepositoryError as error:
                raise PatchRefused(str(error).splitlines()[0]) from None
            yield clean

    def _diff(self, tree: Worktree, patch: Patch) -> Diff:
        now = read_from(tree.path, self.job.path)
        return diff_of(self.session, self.job, patch, at_hand=(*self._read, *([] if now is None else [now])))

    def _weighed(self, call: _Call, diff: Diff | None, proof_of: Callable[[Diff], Proof]) -> _Call:
        """The call with what *diff*, none when nothing was changed, is worth. A proven one is the state to go on from."""
        if diff is None:
            return replace(call, proof=Proof("nothing was changed", "nothing changed"))
        if name := self.session.secrets.planted(diff.before, diff.after):
            # Nothing of such a patch is kept, nor told to anybody.
            return replace(call, proof=Proof(f"guard secrets: it wrote the value of {name} into the file", "guard"))
        proof = proof_of(diff)
        call = replace(call, patch=diff.patch, proof=proof)
        if proof.problem:
            self.turned_down = call
        else:
            self.patch, self.proof, self.turned_down = diff.patch, proof, None
            self.cleaned_up = tuple(dict.fromkeys((*self.cleaned_up, *call.answer.cleaned_up)))
        return call

    def _note(self, agent: Agent | Recorded, strategy: Strategy, before: FileJob, call: _Call, seconds: float) -> None:
        """Keep what came of a call that was made for *before*: for the report, and for the runs to come."""
        proven = not call.problem
        self.problem = call.problem or self.still_there()
        if proven and agent.name not in self.agents:
            self.agents.append(agent.name)
        attempt = Attempt(
            agent=agent.name,
            number=sum(a.agent == agent.name for a in self.attempts) + 1,
            seconds=seconds,
            fixed=len(before.diagnostics) - len(self.proof.left),
            result="proven" if proven else call.problem,
            reused=call.reused,
            cost_usd=call.answer.cost_usd,
            tokens=call.answer.tokens,
            strategy=strategy if agent.reads_prompt else "",
            model=call.answer.model,
            session=call.answer.session,
            stop=call.answer.stop,
        )
        if agent.reads_prompt and not call.reused:
            file = self.session.transcripts.keep(self.job.path, attempt, call.prompt.text, call.answer.said)
            attempt = attempt.model_copy(update={"transcript": file})
        self.attempts.append(attempt)
        self.session.memory.learn(attempt, before, self._job(), call.proof.judge, call.answer.trouble)

    def _source(self, tree: Worktree) -> str:
        """The file in its best proven state, which *tree* is put to."""
        self._restore(tree)
        content = read_from(tree.path, self.job.path) or b""
        self._read.add(content)
        return content.decode("utf-8", errors="surrogateescape")

    def _restore(self, tree: Worktree) -> None:
        if self._untouched and self.patch is None:
            return
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

    def still_there(self) -> str:
        """The errors that are left, in one line; empty when none is."""
        shown = "; ".join(f"line {d.line} {d.code} {d.message}" for d in self.proof.left[:10])
        return f"still there: {shown}" if shown else ""

    def enter(self, stage: str, at: float | None = None) -> None:
        """Begin a stage, now or when it was begun, which ends the one before."""
        now = self.session.elapsed() if at is None else at
        if self.spans:
            self.spans[-1] = self.spans[-1].model_copy(update={"end_s": now})
        self.spans.append(Span(stage=stage, start_s=now, end_s=now))
        if not self.only_recorded:
            progress.emit(progress.StageBegan(stage, self.job.path))

    def outcome(self, status: Status, reason: str) -> Outcome:
        """The file's end."""
        if self.spans:
            self.spans[-1] = self.spans[-1].model_copy(update={"end_s": self.session.elapsed()})
        last = self.turned_down.proof if self.turned_down else Proof()
        rejected = self.turned_down.patch if self.turned_down else None
        landable = status in (Status.FIXED, Status.PARTIAL)
        left = self.proof.left if landable else self.job.diagnostics
        outcome = Outcome(
            path=self.job.path,
            status=status,
            reason=reason,
            fixed=self.proof.fixed if landable else (),
            remaining=() if last.unknown else left,
            introduced=last.introduced,
            unknown=left if last.unknown else (),
            attempts=tuple(self.attempts),
            spans=tuple(self.spans),
            agent=" + ".join(self.agents),
            cleaned_up=self.cleaned_up if landable else (),
            risk=self.proof.risk if self.patch else "",
            tests=(self.proof if self.patch else last).tests,
            patch=self.patch or rejected,
        )
        if not self.only_recorded:  # then it is no file of this run
            progress.emit(progress.FileDone(outcome))
        return outcome
