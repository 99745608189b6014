"""What a pull request says: what was fixed, how that was proven, what it cost, how to undo it, what is left."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from stomper.campaigns import escaping
from stomper.campaigns.cost_trailer import Spent
from stomper.campaigns.pr_metadata import Mark
from stomper.config.pull_requests import PullRequestSettings
from stomper.models import CheckerRun, Outcome

LONGEST = 60_000  # characters; GitHub takes 65,536
_CHECKED = (
    "run over the whole repository before, and on all fixes of this pull request together. The errors above are gone, and "
    "none is new."
)
_UNDO = (
    "Close this pull request: the same fixes are not proposed again. A commit of yours on this branch is never "
    "overwritten; the branch is then left to you. After a merge, take back single files by their commits:"
)
_MOST_CODES, _MOST_FILES, _MOST_COMMITS, _MOST_LEFT = 50, 100, 20, 20


@dataclass(frozen=True)
class Facts:
    """All that the text of one pull request is made from."""

    group: str
    outcomes: tuple[Outcome, ...]
    commits: tuple[str, ...]
    checkers: tuple[CheckerRun, ...]
    tests_before: str
    tests_after: str
    spent: Spent
    left_out: tuple[str, ...]
    mark: Mark

    @property
    def errors(self) -> int:
        """How many errors it fixes."""
        return sum(len(o.fixed) for o in self.outcomes)


def title(options: PullRequestSettings, facts: Facts) -> str:
    """One line."""
    count = len(facts.outcomes)
    said = options.title or f"fix: resolve {_many(facts.errors, 'error')} in {_many(count, 'file')}"
    return escaping.line(f"{said} ({facts.group})" if facts.group else said)[:240]


def text(facts: Facts) -> str:
    """Markdown, with the mark at its end, no longer than LONGEST."""
    files = _MOST_FILES
    while True:
        whole = "\n".join([*_lines(facts, files), "", facts.mark.written])
        if len(whole) <= LONGEST or not files:
            return whole
        files //= 2


def _lines(facts: Facts, files: int) -> list[str]:
    codes = Counter(d.code or d.tool for o in facts.outcomes for d in o.fixed)
    places = Counter(code for o in facts.outcomes for code in {d.code or d.tool for d in o.fixed})
    lines = [
        f"Stomper fixed {_many(facts.errors, 'error')} in {_many(len(facts.outcomes), 'file')}, one commit for each file.",
        "",
        "| code | errors | files |",
        "| --- | ---: | ---: |",
        *(f"| {escaping.code(c)} | {n} | {places[c]} |" for c, n in codes.most_common(_MOST_CODES)),
    ]
    if len(codes) > _MOST_CODES:
        lines.append(f"| {len(codes) - _MOST_CODES} more | {sum(n for _, n in codes.most_common()[_MOST_CODES:])} | |")
    if 0 < len(facts.outcomes) <= files:
        lines += ["", "| file | errors | left | by | risk |", "| --- | ---: | ---: | --- | --- |"]
        lines += [
            f"| {escaping.code(o.path)} | {len(o.fixed)} | {len(o.remaining)} | {escaping.code(o.agent)} | {o.risk} |"
            for o in facts.outcomes
        ]
    return [*lines, *_evidence(facts), *_undo(facts), *_left(facts)]


def _evidence(facts: Facts) -> list[str]:
    ran = [c for c in facts.checkers if not c.error]
    return [
        "",
        "### Evidence",
        "",
        f"- {', '.join(escaping.code(f'{c.name} {c.version}'.strip()) for c in ran) or 'No checker'}: {_CHECKED}",
        f"- Tests before: {escaping.code(facts.tests_before)}. {facts.tests_after}",
        f"- Cost: {facts.spent.words}.",
    ]


def _undo(facts: Facts) -> list[str]:
    lines = [
        "",
        "### To undo",
        "",
        _UNDO,
        "",
        "```",
        *(f"git revert {commit}" for commit in facts.commits[::-1][:_MOST_COMMITS]),
    ]
    if len(facts.commits) > _MOST_COMMITS:
        lines.append(f"# and {len(facts.commits) - _MOST_COMMITS} more")
    return [*lines, "```"]


def _left(facts: Facts) -> list[str]:
    if not facts.left_out:
        return []
    lines = ["", "### Left out", "", *(f"- {said}" for said in facts.left_out[:_MOST_LEFT])]
    if len(facts.left_out) > _MOST_LEFT:
        lines.append(f"- and {len(facts.left_out) - _MOST_LEFT} more")
    return lines


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
