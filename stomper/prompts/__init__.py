"""What an agent that reads is told: the errors with their source, the advice for their rules, what went wrong last."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from stomper import proc
from stomper.environment import Environment
from stomper.models import Diagnostic, FileJob

_WINDOW = 3
_RULE_LIMIT = 1500


def render(job: FileJob, source: str, environment: Environment, *, feedback: str = "") -> str:
    """The prompt for *job*, whose file reads *source* now; *feedback* says why the last attempt was turned down."""
    template = (files("stomper") / "prompts" / "fix.md").read_text(encoding="utf-8")
    lines = source.splitlines()
    rules = sorted({(d.tool, d.code) for d in job.diagnostics})
    return template.format(
        path=job.path,
        count=len(job.diagnostics),
        errors="\n".join(_error(d, lines) for d in job.diagnostics),
        advice="\n\n".join(filter(None, (advice(tool, code, environment) for tool, code in rules))),
        feedback=f"\n## Your last attempt was not accepted\n\n{feedback}\n" if feedback else "",
    )


@cache
def advice(tool: str, code: str, environment: Environment) -> str:
    """What is known about a rule: Stomper's own advice, else ruff's explanation, else nothing."""
    own = files("stomper") / "advice" / tool / f"{code}.md"
    if own.is_file():
        return f"### {tool} {code}\n{own.read_text(encoding='utf-8').strip()}"
    if tool != "ruff":
        return ""
    program, _ = environment.tool("ruff")
    done = proc.run((*program, "rule", code), cwd=environment.root.parent, timeout_s=60)
    return f"### {tool} {code}\n{done.text.strip()[:_RULE_LIMIT]}" if done.returncode == 0 else ""


def _error(diagnostic: Diagnostic, lines: list[str]) -> str:
    head = f"- line {diagnostic.line}: {diagnostic.tool} {diagnostic.code}: {diagnostic.message}"
    first = max(diagnostic.line - 1 - _WINDOW, 0)
    window = lines[first : diagnostic.line + _WINDOW] if diagnostic.line else []
    shown = [f"    {n:>5}{' >' if n == diagnostic.line else '  '} {t}" for n, t in enumerate(window, first + 1)]
    return "\n".join([head, *shown])
