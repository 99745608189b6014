"""ruff's own fixes: deterministic, free, and the first of the cascade."""

from __future__ import annotations

from stomper.agents.base import AgentContext, Answer, Request, Usage
from stomper.checkers.ruff import RuffChecker
from stomper.errors import AgentError, CheckerError
from stomper.models import FileJob

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
        self._checkers = [c for c in context.checkers if isinstance(c, RuffChecker)]
        self._allowed = ("safe", "unsafe") if self._unsafe else ("safe",)
        if context.settings.command:
            raise AgentError(f"[agents.{self.name}] command: ruff is found by itself; use `python` for its environment")

    def takes(self, job: FileJob) -> bool:
        return any(d.fix in self._allowed and d.tool in {c.name for c in self._checkers} for d in job.diagnostics)

    def fix(self, request: Request) -> Answer:
        for checker in self._checkers:
            mine = [d for d in request.job.diagnostics if d.tool == checker.name]
            codes = {d.code for d in mine if d.fix in self._allowed}
            for _ in range(_ROUNDS if codes else 0):
                safety = "--unsafe-fixes" if self._unsafe else "--no-unsafe-fixes"
                # --fixable, not --select: with fewer rules selected RUF100 would remove the comments of the others.
                arguments = ("--fix-only", safety, "--fixable", ",".join(sorted(codes)), "--quiet")
                done = checker.run(request.tree, arguments, [request.job.path])
                if done.timed_out or done.returncode != 0:
                    return Answer(problem=f"ruff --fix-only failed: {done.complaint or f'exit {done.returncode}'}")
                try:
                    after = checker.check(request.tree, [request.job.path])
                except CheckerError as error:
                    return Answer(problem=str(error))
                # A rewrite can leave an import unused that was used before: that too is its own to clear away.
                known = {d.code for d in mine}
                brought = {d.code for d in after if d.fix in self._allowed and d.code not in known} - codes
                if not brought:
                    break
                codes |= brought
        return Answer(cost_usd=0.0, usage=Usage())
