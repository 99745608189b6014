"""A deterministic agent that does what a table says: for demos, tests and benchmarks."""

from __future__ import annotations

import fnmatch
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from stomper.agents.protocol.agent import AgentContext, Answer, Request, Usage
from stomper.agents.protocol.circuit_breaker import trouble_in
from stomper.errors import AgentError
from stomper.models import FileJob, Model
from stomper.system import processes

Action = Literal[
    "replace", "drop_lines", "no_op", "wrong_fix", "new_error", "suppress", "syntax_error", "edit_elsewhere", "crash", "hang"
]  # fmt: skip


class Rule(Model):
    """What to do to the files that match *path*, when one of *codes* is aimed at (any, when empty)."""

    path: str = "*"
    codes: tuple[str, ...] = ()
    action: Action
    old: str = Field(default="", description="for `replace`: the exact text, which must occur once")
    new: str = Field(default="", description="for `replace`: what it becomes; for the others the text they write")
    other: str = Field(default="", description="for `edit_elsewhere`: the file, relative to the worktree or absolute")


class Script(Model):
    """The table: every rule that matches is applied, in order, after *latency_s*."""

    latency_s: float = Field(default=0.0, ge=0, le=3600)
    cost_usd: float = Field(default=0.0, ge=0)
    tokens: int = Field(default=0, ge=0)
    complaint: str = Field(default="", description="what it fails with, every time, in its own words")
    rules: tuple[Rule, ...] = ()


class ScriptedAgent:
    """Does to each file what its script says; answers at once or after a set latency."""

    reads_prompt = True
    reports_cost = True
    reports_tokens = True
    runs_code = True
    contained = False

    def __init__(self, context: AgentContext) -> None:
        self.name = context.name
        self._timeout_s = context.timeout_s
        if not context.settings.script:
            raise AgentError(f"[agents.{self.name}] needs `script`: the JSON file that says what it does")
        path = Path(context.settings.script)
        try:
            self._script = Script.model_validate_json((context.environment.root / path).read_bytes())
        except OSError as error:
            raise AgentError(f"[agents.{self.name}] script {path}: {error.strerror}") from None
        except ValidationError as error:
            raise AgentError(f"[agents.{self.name}] script {path}: {error}") from None

    def takes(self, job: FileJob) -> bool:
        return bool(self._rules(job))

    def fix(self, request: Request) -> Answer:
        if self._script.latency_s:
            slept = processes.run(("sleep", str(self._script.latency_s)), cwd=request.tree, timeout_s=self._timeout_s)
            if slept.timed_out:
                return Answer(problem=f"it took more than {self._timeout_s:g} s and was killed")
        if said := self._script.complaint:
            trouble, retry = trouble_in(said)
            return Answer(said, self._script.cost_usd, Usage(), trouble=trouble, retry_after_s=retry)
        for rule in self._rules(request.job):
            if problem := self._apply(rule, request):
                return Answer(problem=problem, cost_usd=self._script.cost_usd)
        return Answer(cost_usd=self._script.cost_usd, usage=Usage(output_tokens=self._script.tokens))

    def _rules(self, job: FileJob) -> list[Rule]:
        return [
            r
            for r in self._script.rules
            if fnmatch.fnmatch(job.path, r.path) and (not r.codes or set(r.codes) & set(job.codes))
        ]

    def _apply(self, rule: Rule, request: Request) -> str:
        path = request.tree / request.job.path
        source = path.read_bytes()
        flagged = {d.line for d in request.job.diagnostics if d.line}
        lines = source.splitlines(keepends=True)
        match rule.action:
            case "replace":
                if source.count(rule.old.encode()) != 1:
                    return ""
                path.write_bytes(source.replace(rule.old.encode(), rule.new.encode()))
            case "drop_lines":
                path.write_bytes(b"".join(text for number, text in enumerate(lines, 1) if number not in flagged))
            case "suppress":
                comment = (rule.new or "# noqa").encode()
                marked = [t.rstrip() + b"  " + comment + b"\n" if n in flagged else t for n, t in enumerate(lines, 1)]
                path.write_bytes(b"".join(marked))
            case "wrong_fix":
                kept = [t for n, t in enumerate(lines, 1) if n not in flagged]
                path.write_bytes(b"".join(kept).replace(b" == ", b" != ").replace(b"return ", b"return not "))
            case "new_error":
                kept = [t for n, t in enumerate(lines, 1) if n not in flagged]
                path.write_bytes(b"import sys\n" + b"".join(kept))
            case "syntax_error":
                path.write_bytes(source + b"\ndef broken(:\n")
            case "edit_elsewhere":
                with (request.tree / rule.other).open("a", encoding="utf-8") as file:
                    file.write(rule.new or "# touched\n")
            case "crash":
                return "it crashed, as its script says"
            case "hang":
                processes.run(("sleep", "100000"), cwd=request.tree, timeout_s=self._timeout_s)
                return f"it took more than {self._timeout_s:g} s and was killed"
            case "no_op":
                pass
        return ""


AGENT = ScriptedAgent
