"""Tables, diffs and checks for Prefect's UI; a run's summary is in summary.py."""

from __future__ import annotations

from stomper.checkers.checked import Checked
from stomper.models import Outcome, Report
from stomper.reports.escaping import fenced, inline, printable, table

_DIFF_LIMIT = 50_000
_MOST_ROWS = 1000  # the UI keeps a table whole in memory


def table_rows(report: Report) -> list[dict[str, str | int]]:
    """One row a file, up to the first thousand."""
    return [
        {
            "file": printable(o.path),
            "status": str(o.status),
            "fixed": len(o.fixed),
            "left": len(o.remaining),
            "by": o.agent,
            "commit": o.commit[:8],
            "reason": printable(o.reason[:300]),
        }
        for o in report.outcomes[:_MOST_ROWS]
    ]


def diff_markdown(outcome: Outcome) -> str:
    """One file's diff, cut where it is long."""
    diff = outcome.patch.diff.decode("utf-8", errors="replace") if outcome.patch else ""
    cut = f"\nThe first {_DIFF_LIMIT} of {len(diff)} characters.\n" if len(diff) > _DIFF_LIMIT else ""
    said = f"{outcome.status}: {inline(outcome.reason, 1000) or 'proven'}"
    return f"## {inline(outcome.path)}\n\n{said}\n{cut}\n{fenced(diff[:_DIFF_LIMIT], 'diff')}\n"


def check_markdown(checked: Checked) -> str:
    """What would be repaired, on one page."""
    said = [
        f"- {inline(f'{c.name} {c.version}')} ({inline(c.origin)}): {inline(c.error) or f'{c.found} error(s)'}"
        + (f"; {inline(c.note, 1000)}" if c.note else "")
        for c in checked.collected.runs
    ]
    lines = [f"# {checked.headline}", "", *said, f"- not aimed at: {inline(checked.left_out.words) or 'nothing'}"]
    lines += [f"- {inline(line)}" for line in checked.unchecked]
    if checked.jobs:
        counts = checked.by_code
        rows = [(inline(code), str(number)) for code, number in counts.most_common(_MOST_ROWS)]
        lines += table(("code", "errors"), rows, total=len(counts))
    return "\n".join(lines)


def check_rows(checked: Checked) -> list[dict[str, str | int]]:
    """One row an error, up to the first thousand."""
    rows: list[dict[str, str | int]] = [
        {
            "file": printable(d.path),
            "line": d.line,
            "tool": d.tool,
            "code": d.code,
            "message": printable(d.message[:300]),
            "safe fix": d.fix,
        }
        for job in checked.jobs
        for d in job.diagnostics
    ]
    return rows[:_MOST_ROWS]
