"""A run's summary in Markdown, for Prefect's UI and wherever else Markdown is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from stomper.models import Outcome, Report, Status
from stomper.reports import titles
from stomper.reports.agents import AGENT_COLUMNS, agent_rows, cost_words
from stomper.reports.caveat import first_words, left
from stomper.reports.escaping import fenced, inline, link, printable, table
from stomper.reports.next_step import next_command, waiting_command
from stomper.reports.test_selection import how_tested
from stomper.reports.timeline import bars, overlap

MOST_ROWS = 50
"""Of each table."""
_WORST_FIRST = (Status.FAILED, Status.SKIPPED, Status.WAITING, Status.PARTIAL, Status.FIXED)


def summary_markdown(report: Report) -> str:
    """The whole run on one page: what it did, what is left and why, and what to do next."""
    lines = [*_head(report), *_requests(report), *_next(report)]
    if report.outcomes:
        lines += ["", "## Files", *_files(report), "", "## Codes", *_codes(report.outcomes)]
    if report.metrics.agents:
        rows = [(inline(name), *numbers) for name, *numbers in agent_rows(report.metrics)]
        lines += ["", "## Agents", *table(AGENT_COLUMNS, rows)]
    lines += [*_commits(report), *_timeline(report), *_evidence(report)]
    return "\n".join(lines) + "\n"


def _head(report: Report) -> list[str]:
    m = report.metrics
    unknown = f", {m.errors_unknown} unknown" if m.errors_unknown else ""
    fixed = f"{m.total_errors_fixed} error(s) fixed in {len(m.successful_fixes)} file(s)"
    lines = [f"# {first_words(report)}{fixed}, {left(report)}{unknown}"]
    repository = link(report.repository, titles.web_address(report.repository))
    base = link(report.base[:7], titles.commit_address(report.repository, report.base))
    cost = f" · {cost_words(m)}" if m.cost_microusd or m.calls_of_unknown_cost else ""
    lines += ["", f"{repository} at {base} · {report.seconds:.1f} s{cost} · run {inline(report.run_id)}"]
    if report.failure:
        lines += ["", f"**Stopped:** {inline(report.failure, 2000)}"]
    return lines


def _requests(report: Report) -> list[str]:
    """The pull requests, and what was done with each."""
    lines = []
    for request in report.pull_requests:
        where = link(f"#{request.number}", request.url)
        lines += ["", f"Pull request {where} {request.done}: {inline(request.branch)}, {len(request.files)} file(s)"]
        lines += [f"- {inline(note)}" for note in request.notes]
    return lines


def _next(report: Report) -> list[str]:
    """What to do now; the commands are for the machine that the run was on."""
    waiting = [o for o in report.outcomes if o.status is Status.WAITING]
    lines = []
    if waiting:
        lines += [
            f"{len(waiting)} file(s) are proven and wait for you. Take them with:",
            fenced(waiting_command(report)),
        ]
    if report.outcomes and not report.failure:
        lines += ["Look at what it did:" if report.landed else "Next:", fenced(next_command(report))]
    return ["", "## Next", *(part for line in lines for part in ("", line))] if lines else []


def _files(report: Report) -> list[str]:
    order = {status: n for n, status in enumerate(_WORST_FIRST)}
    shown = sorted(report.outcomes, key=lambda o: (order[o.status], o.path))
    rows = [
        (
            inline(o.path, 200),
            str(o.status),
            str(len(o.fixed)),
            str(len(o.remaining) + len(o.unknown)),
            inline(o.agent),
            link(o.commit[:7], titles.commit_address(report.repository, o.commit)),
            inline(titles.why(o), 200),
            inline(" ".join(Path(file).name for file in _kept(o)), 300),
        )
        for o in shown[:MOST_ROWS]
    ]
    columns = ("file", "status", "fixed", "left", "by", "commit", "why", "kept")
    folders = sorted({str(Path(file).parent) for o in shown[:MOST_ROWS] for file in _kept(o)})
    places = ["", f"Kept on the worker, in {' and '.join(map(inline, folders))}."] if folders else []
    return [*table(columns, rows, total=len(shown)), *places]


def _kept(outcome: Outcome) -> list[str]:
    """The files that tell more: the patch that did not land, and the last transcript."""
    last = next((a.transcript for a in reversed(outcome.attempts) if a.transcript), "")
    return [file for file in (outcome.patch_file, last) if file]


def _codes(outcomes: Iterable[Outcome]) -> list[str]:
    fixed: Counter[str] = Counter()
    left: Counter[str] = Counter()
    for o in outcomes:
        fixed.update(f"{d.tool} {d.code}" for d in o.fixed)
        left.update(f"{d.tool} {d.code}" for d in (*o.remaining, *o.unknown))
    found = fixed + left
    rows = [(inline(c, 80), str(n), str(fixed[c]), str(left[c])) for c, n in found.most_common(MOST_ROWS)]
    return table(("code", "aimed at", "fixed", "left"), rows, total=len(found))


def _commits(report: Report) -> list[str]:
    if not report.landed:
        return []
    rows = [
        (link(e.commit[:7], titles.commit_address(report.repository, e.commit)), inline(e.subject))
        for e in report.landed[:MOST_ROWS]
    ]
    return ["", f"## Commits on {inline(report.branch)}", *table(("commit", "subject"), rows, total=len(report.landed))]


def _timeline(report: Report) -> list[str]:
    rows = bars(report.outcomes)
    if not rows:
        return []
    picture = "\n".join(f"{bar} {seconds:6.1f} s  {printable(path)}" for path, bar, seconds in rows)
    return ["", f"## Timeline: at most {overlap(report.outcomes)} file(s) at once", "", fenced(picture)]


def _evidence(report: Report) -> list[str]:
    lines = [
        *(
            f"- {inline(f'{c.name} {c.version}')} ({inline(c.origin)}): {inline(c.error) or f'{c.found} error(s)'}"
            + (f"; {inline(c.note, 1000)}" if c.note else "")
            for c in report.checkers
        ),
        f"- tests at the base commit: {inline(report.tests)}",
        *([f"- quick: {quick}"] if (quick := how_tested(report)) else []),
        f"- sandbox of the agents: {inline(report.sandbox)}",
        f"- not aimed at: {inline(report.left_out.words) or 'nothing'}",
        *(f"- {inline(line)}" for line in report.unchecked),
        *(f"- guards for {language}: {said}" for language, said in report.guards.items()),
        *(f"- warning: {inline(w, 1000)}" for w in report.warnings[:MOST_ROWS]),
    ]
    if len(report.warnings) > MOST_ROWS:
        lines.append(f"- … and {len(report.warnings) - MOST_ROWS} more warnings")
    return ["", "## How it was proven", "", *lines]
