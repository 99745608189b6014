"""What an agent that reads is told: the errors with their source, what is known of their rules, what went wrong last.

What comes from the repository or from a checker stands between two lines that occur nowhere in it: it is data, and
cannot pose as instructions. The same situation always gives the same prompt, so that providers can cache it and a call
that failed can be recognised."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Literal, get_args

from stomper.environment.python import Environment
from stomper.models import FileJob, Patch
from stomper.prompts.definitions import definitions
from stomper.prompts.excerpts import shown_errors
from stomper.prompts.rule_advice import advice

Strategy = Literal["terse", "rules", "examples", "context"]
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)
TEMPLATE = ".stomper/prompts/fix.md.j2"
"""A template of the target's own, in place of Stomper's."""
_DIFF_LIMIT = 6000  # characters of it that a retry is told
_CHARACTERS_EACH_TOKEN = 4  # a rule of thumb, on the safe side for code
# Of the whole, at most; what they leave is for the errors.
_SHARES = {"feedback": 0.25, "advice": 0.2, "examples": 0.15, "definitions": 0.1, "conventions": 0.1}
_WINDOW = {"terse": 2, "rules": 3, "examples": 3, "context": 20}  # lines around an error


@dataclass(frozen=True)
class Situation:
    """What a prompt is made from: the job, the file as it is now, where it lies, how to ask, and what went wrong last."""

    job: FileJob
    source: str
    tree: Path
    environment: Environment
    strategy: Strategy = "rules"
    examples: Sequence[str] = ()
    """Diffs that repaired errors of the same rules in this repository, and still stand."""
    feedback: str = ""
    tokens: int = 8000


@dataclass(frozen=True)
class Prompt:
    """The text, and how many of the errors there was no room for."""

    text: str = ""
    left_out: int = 0


def render(situation: Situation) -> Prompt:
    """The prompt, of about `tokens` tokens at most. Raises SettingsError for a template of the target that is broken."""
    room = situation.tokens * _CHARACTERS_EACH_TOKEN
    parts = {name: _cut(text, int(room * _SHARES[name])) for name, text in _parts(situation).items()}
    left = room - sum(map(len, parts.values()))
    shown, left_out = shown_errors(
        situation.job.diagnostics, situation.source, window=_WINDOW[situation.strategy], room=left
    )
    values = {
        **parts,
        "path": situation.job.path if situation.job.path.isprintable() else json.dumps(situation.job.path),
        "errors": shown,
        "count": len(situation.job.diagnostics),
        "left_out": left_out,
    }
    from stomper.prompts.templates import filled  # noqa: PLC0415 - loads jinja2, which few runs need

    return Prompt(filled(situation.environment.root / TEMPLATE, {**values, "fence": _fence(values)}), left_out)


def evidence(problem: str, test_output: str, patch: Patch | None) -> str:
    """What a next attempt is told of one that was turned down: why, the tests' own words, and the diff."""
    diff = patch.diff.decode("utf-8", errors="replace")[:_DIFF_LIMIT] if patch else ""
    return "\n\n".join(filter(None, (problem, test_output, diff and f"The diff that was turned down:\n{diff}")))


def check_template(root: Path) -> None:
    """Raise SettingsError when the target at *root* has a template that cannot be filled in."""
    if not (root / TEMPLATE).is_file():
        return
    from stomper.prompts.templates import filled  # noqa: PLC0415 - as above

    names = (*_SHARES, "path", "errors", "count", "left_out", "fence")
    filled(root / TEMPLATE, dict.fromkeys(names, ""))


def _parts(situation: Situation) -> dict[str, str]:
    """What is told beside the errors; a way of asking that does without a part leaves it empty."""
    job, environment, strategy = situation.job, situation.environment, situation.strategy
    rules = sorted({(d.tool, d.code) for d in job.diagnostics})
    told = [text for tool, code in rules if (text := advice(tool, code, environment))] if strategy != "terse" else []
    examples = situation.examples if strategy == "examples" else ()
    signatures = strategy != "terse" and definitions(situation.source, job, situation.tree, environment.parser)
    return {
        "feedback": situation.feedback,
        "advice": "\n\n".join(told),
        "examples": "\n\n".join(examples),
        "definitions": signatures or "",
        "conventions": _conventions(environment.root),
    }


def _fence(values: Mapping[str, object]) -> str:
    """A line that occurs in none of the *values*."""
    everything = "\n".join(map(str, values.values()))
    return next(fence for number in count(1) if (fence := f"=====DATA-{number}=====") not in everything)


def _conventions(root: Path) -> str:
    """What the repository tells agents about itself."""
    for name in (".stomper/conventions.md", "AGENTS.md"):
        if (root / name).is_file():
            return (root / name).read_text(encoding="utf-8", errors="replace").strip()
    return ""


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[:room]}\n[… cut …]"
