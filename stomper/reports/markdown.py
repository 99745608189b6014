"""The report as Markdown and as rows, for Prefect's UI."""

from __future__ import annotations

from stomper.check import Checked
from stomper.models import Outcome, Report
from stomper.reports.agents import AGENT_COLUMNS, agent_rows
from stomper.reports.timeline import bars, overlap

_DIFF_LIMIT = 50_000
_MOST_ROWS = 1000  # the UI keeps a table whole in memory


def summary_markdown(report: Report) -> str:
    """The whole run on one page."""
    metrics = report.metrics
    lines = [
        f"# {metrics.total_errors_fixed} error(s) fixed in {len(metrics.successful_fixes)} file(s)",
        f"`{report.repository}` at `{report.base[:8]}` · {report.seconds:.1f} s · run `{report.run_id}`",
        "",
        f"- left: {metrics.errors_remaining}; not aimed at: {report.left_out.model_dump()}",
        f"- tests at the base commit: {report.tests}",
        f"- sandbox of the agents: {report.sandbox}",
        *(f"- {c.name} {c.version} ({c.origin}): {c.error or f'{c.found} error(s)'}" for c in report.checkers),
        *(f"- warning: {w}" for w in report.warnings),
    ]
    if metrics.agents:
        lines += ["", f"| {' | '.join(AGENT_COLUMNS)} |", f"|{'---|' * len(AGENT_COLUMNS)}"]
        lines += [f"| {' | '.join(row)} |" for row in agent_rows(metrics)]
    if report.landed:
        lines += [
            "",
            "| commit | subject |",
            "|---|---|",
            *(f"| `{e.commit[:8]}` | {e.subject} |" for e in report.landed),
        ]
    rows = bars(report.outcomes)
    if rows:
        lines += ["", f"At most {overlap(report.outcomes)} file(s) at once:", "```"]
        lines += [f"{bar} {seconds:6.1f} s  {path}" for path, bar, seconds in rows] + ["```"]
    return "\n".join(lines)


def table_rows(report: Report) -> list[dict[str, str | int]]:
    """One row a file."""
    return [
        {
            "file": o.path,
            "status": str(o.status),
            "fixed": len(o.fixed),
            "left": len(o.remaining),
            "by": o.agent,
            "commit": o.commit[:8],
            "reason": o.reason[:300],
        }
        for o in report.outcomes
    ]


def diff_markdown(outcome: Outcome) -> str:
    """One file's diff, cut where it is long."""
    diff = outcome.patch.diff.decode("utf-8", errors="replace")[:_DIFF_LIMIT] if outcome.patch else ""
    fence = "`" * max(3, max((len(run) for run in diff.split("\n") if set(run.strip()) == {"`"}), default=0) + 1)
    return f"## {outcome.path}\n{outcome.status}: {outcome.reason or 'proven'}\n\n{fence}diff\n{diff}\n{fence}\n"


def check_markdown(checked: Checked) -> str:
    """What would be repaired, on one page."""
    lines = [
        f"# {checked.headline}",
        "",
        *(f"- {c.name} {c.version} ({c.origin}): {c.error or f'{c.found} error(s)'}" for c in checked.collected.runs),
        f"- not aimed at: {checked.left_out.model_dump()}",
    ]
    if checked.jobs:
        lines += ["", "| code | errors |", "|---|---|"]
        lines += [f"| {code} | {number} |" for code, number in checked.by_code.most_common()]
    return "\n".join(lines)


def check_rows(checked: Checked) -> list[dict[str, str | int]]:
    """One row an error, up to the first thousand."""
    rows: list[dict[str, str | int]] = [
        {"file": d.path, "line": d.line, "tool": d.tool, "code": d.code, "message": d.message[:300], "safe fix": d.fix}
        for job in checked.jobs
        for d in job.diagnostics
    ]
    return rows[:_MOST_ROWS]
