"""ruff's own fixes: deterministic, free, and the first of the cascade."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from stomper.agents.protocol.agent import AgentContext, Answer, Request, Usage
from stomper.checkers.base import in_argv
from stomper.checkers.ruff import RuffChecker
from stomper.errors import AgentError, CheckerError
from stomper.models import Diagnostic, FileJob

_ROUNDS = 5


class RuffAgent:
    """Applies the fixes of the job's codes, and of those codes that its own fixes bring about."""

    reads_prompt = False
    reports_cost = True
    reports_tokens = True
    contained = True  # it writes the file it is given

    def __init__(self, context: AgentContext) -> None:
        self.name = context.name
        self._unsafe = context.settings.unsafe_fixes
        self.checkers = [c for c in context.checkers if isinstance(c, RuffChecker)]
        self._allowed = ("safe", "unsafe") if self._unsafe else ("safe",)
        if context.settings.command:
            raise AgentError(f"[agents.{self.name}] command: ruff is found by itself; use `python` for its environment")

    def takes(self, job: FileJob) -> bool:
        return any(d.fix in self._allowed and d.tool in {c.name for c in self.checkers} for d in job.diagnostics)

    def fix(self, request: Request) -> Answer:
        for checker in self.checkers:
            try:
                self.repair(checker, request.tree, [request.job])
            except CheckerError as error:
                return Answer(problem=str(error))
        return Answer(cost_usd=0.0, usage=Usage())

    def repair(self, checker: RuffChecker, tree: Path, jobs: Sequence[FileJob]) -> dict[str, list[Diagnostic]]:
        """Apply *checker*'s fixes in *tree* to the file of each job, all of one kind by one process.

        The errors, without fingerprints, that are in each file after them; a file that has nothing to fix has no entry.
        Raises CheckerError where ruff fails: what it has done by then stays."""
        mine = {job.path: [d for d in job.diagnostics if d.tool == checker.name] for job in jobs}
        codes = {path: frozenset(d.code for d in found if d.fix in self._allowed) for path, found in mine.items()}
        after: dict[str, list[Diagnostic]] = {}
        waiting = [path for path in mine if codes[path]]
        for _ in range(_ROUNDS):
            if not waiting:
                break
            self._apply(checker, tree, {path: codes[path] for path in waiting})
            found = defaultdict[str, list[Diagnostic]](list)
            for diagnostic in checker.check(tree, waiting):
                found[diagnostic.path].append(diagnostic)
            after |= {path: found[path] for path in waiting}
            # A rewrite can leave an import unused that was used before: that too is its own to clear away.
            brought = {
                path: self._fixable(found[path]) - {d.code for d in mine[path]} - codes[path] for path in waiting
            }
            waiting = [path for path in waiting if brought[path]]
            codes |= {path: codes[path] | brought[path] for path in waiting}
        return after

    def _fixable(self, found: Sequence[Diagnostic]) -> frozenset[str]:
        return frozenset(d.code for d in found if d.fix in self._allowed)

    def _apply(self, checker: RuffChecker, tree: Path, codes: dict[str, frozenset[str]]) -> None:
        alike = defaultdict[frozenset[str], list[str]](list)
        for path, some in codes.items():
            alike[some].append(path)
        safety = "--unsafe-fixes" if self._unsafe else "--no-unsafe-fixes"
        for some, paths in alike.items():
            # --fixable, not --select: with fewer rules selected RUF100 would remove the comments of the others.
            arguments = ("--fix-only", safety, "--fixable", ",".join(sorted(some)), "--quiet")
            for few in in_argv(paths):
                done = checker.run(tree, arguments, few)
                if done.timed_out or done.returncode != 0:
                    raise CheckerError(f"ruff --fix-only failed: {done.complaint or f'exit {done.returncode}'}")


AGENT = RuffAgent
