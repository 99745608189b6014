"""What an agent that reads is told: the errors with their source, the advice for their rules, what went wrong last.

What comes from the repository or from a checker is fenced: it is data, and cannot pose as instructions."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from stomper import proc
from stomper.environment import Environment
from stomper.errors import SettingsError
from stomper.models import Diagnostic, FileJob
from stomper.prompts.definitions import definitions

_WINDOW = 3
_RULE_LIMIT = 1500
_MESSAGE_LIMIT = 400
_CHARACTERS_EACH_TOKEN = 4  # a rule of thumb, on the safe side for code
_SHARES = {
    "feedback": 0.25,
    "advice": 0.25,
    "definitions": 0.15,
    "conventions": 0.1,
}  # of the whole; the rest is for errors


@dataclass(frozen=True)
class Situation:
    """What a prompt is made from: the job, the file as it is now, where it lies, and what went wrong last."""

    job: FileJob
    source: str
    tree: Path
    environment: Environment
    feedback: str = ""
    tokens: int = 8000


def render(situation: Situation) -> str:
    """The prompt, of about `tokens` tokens at most. Raises SettingsError for a template of the target that is broken."""
    job, own = situation.job, situation.environment.root / ".stomper"
    room = situation.tokens * _CHARACTERS_EACH_TOKEN
    rules = sorted({(d.tool, d.code) for d in job.diagnostics})
    fence = f"DATA-{secrets.token_hex(4)}"
    limits = {name: int(room * share) for name, share in _SHARES.items()}
    advised = [text for tool, code in rules if (text := advice(tool, code, situation.environment))]
    shown, left = _errors(job.diagnostics, situation.source.splitlines(), int(room * (1 - sum(_SHARES.values()))))
    values = {
        "path": _plain(job.path),
        "fence": fence,
        "errors": shown.replace(fence, ""),
        "left": left,
        "count": len(job.diagnostics),
        "advice": _cut("\n\n".join(advised), limits["advice"]),
        "definitions": _cut(definitions(situation.source, job, situation.tree), limits["definitions"]).replace(
            fence, ""
        ),
        "conventions": _cut(_conventions(situation.environment.root), limits["conventions"]),
        "feedback": _cut(situation.feedback, limits["feedback"]).replace(fence, ""),
    }
    place = own / "prompts" / "fix.md.j2"
    text = place.read_text(encoding="utf-8") if place.is_file() else _shipped()
    try:
        template = SandboxedEnvironment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True).from_string(
            text
        )
        return template.render(values)
    except TemplateError as error:
        raise SettingsError(f"{place}: {error}; what it can use is {', '.join(sorted(values))}") from None


def _shipped() -> str:
    return (files("stomper") / "prompts" / "fix.md.j2").read_text(encoding="utf-8")


@cache
def advice(tool: str, code: str, environment: Environment) -> str:
    """What is known about a rule: the target's own advice, else Stomper's, else ruff's explanation, else nothing."""
    head = f"### {tool} {code}\n"
    theirs = environment.root / ".stomper" / "advice" / tool / f"{code}.md"
    ours = files("stomper") / "advice" / tool / f"{code}.md"
    for place in (theirs, ours):
        if place.is_file():
            return head + place.read_text(encoding="utf-8").strip()
    if tool != "ruff":
        return ""
    program, _ = environment.tool("ruff")
    done = proc.run((*program, "rule", code), cwd=environment.root.parent, timeout_s=60)
    return head + done.text.strip()[:_RULE_LIMIT] if done.returncode == 0 else ""


def _conventions(root: Path) -> str:
    """What the repository tells agents about itself."""
    for name in (".stomper/conventions.md", "AGENTS.md"):
        if (root / name).is_file():
            return (root / name).read_text(encoding="utf-8", errors="replace").strip()
    return ""


def _errors(diagnostics: Sequence[Diagnostic], lines: list[str], room: int) -> tuple[str, int]:
    """The errors with their source, as many as there is room for, and how many are left."""
    shown: list[str] = []
    used = 0
    for number, diagnostic in enumerate(diagnostics):
        text = _error(diagnostic, lines)
        if shown and used + len(text) > room:
            return "\n".join(shown), len(diagnostics) - number
        shown.append(text)
        used += len(text)
    return "\n".join(shown), 0


def _error(diagnostic: Diagnostic, lines: list[str]) -> str:
    head = (
        f"- line {diagnostic.line}: {diagnostic.tool} {diagnostic.code}: {_plain(diagnostic.message)[:_MESSAGE_LIMIT]}"
    )
    first = max(diagnostic.line - 1 - _WINDOW, 0)
    window = lines[first : diagnostic.line + _WINDOW] if diagnostic.line else []
    shown = [f"    {n:>5}{' >' if n == diagnostic.line else '  '} {t[:300]}" for n, t in enumerate(window, first + 1)]
    return "\n".join([head, *shown])


def _plain(text: str) -> str:
    """One line, without what a terminal or a reader could take for more than it is."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[:room]}\n[… cut …]"
