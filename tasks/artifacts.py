"""What one sees of a run in Prefect's UI."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from prefect.artifacts import (
    create_markdown_artifact,
    create_table_artifact,
)

from stomper.checkers.checked import Checked
from stomper.models import Outcome, Report
from stomper.reports import titles
from stomper.reports.escaping import inline
from stomper.reports.markdown import check_markdown, check_rows, diff_markdown, table_rows
from stomper.reports.summary import summary_markdown
from stomper.reports.trend import Point, trend_line, trend_markdown
from stomper.run.fleet import FleetReport, Summary, rows

SUMMARY_KEY = "stomper-metrics"
MOST_DIFFS = 100
"""Each is a request to the server, after the last file and before the run's end."""


def publish(report: Report, outcomes: list[Outcome], runs: Sequence[Point] = ()) -> None:
    """The summary, the table by file, the trend over *runs*, and the diffs of the first files with one."""
    create_markdown_artifact(key="stomper-summary", markdown=summary_markdown(report), description="What the run did")
    if report.outcomes:
        create_table_artifact(key="stomper-files", table=table_rows(report), description="Every file and how it ended")
    told = f"```json\n{Summary.of(report).model_dump_json()}\n```"
    create_markdown_artifact(key=SUMMARY_KEY, markdown=told, description="The run's metrics, for programs")
    if runs:
        key = f"stomper-trend-{titles.unique_slug(report.repository)}"
        create_markdown_artifact(
            key=key, markdown=trend_markdown(report.repository, runs), description=trend_line(runs)
        )
    for outcome in [o for o in outcomes if o.patch is not None][:MOST_DIFFS]:
        said = f"{outcome.status}: {inline(outcome.path)}"
        create_markdown_artifact(markdown=diff_markdown(outcome), description=said)


def publish_proposed(outcomes: Iterable[Outcome]) -> None:
    """The diff of each file that waits for approval."""
    for outcome in outcomes:
        create_markdown_artifact(
            markdown=diff_markdown(outcome), description=f"waits for approval: {inline(outcome.path)}"
        )


def publish_check(checked: Checked) -> None:
    """What would be repaired: on one page, and as a table of every error."""
    create_markdown_artifact(
        key="stomper-check", markdown=check_markdown(checked), description="What `stomper fix` would aim at"
    )
    if checked.jobs:
        create_table_artifact(key="stomper-errors", table=check_rows(checked), description="Every error, by file")


def publish_fleet(report: FleetReport) -> None:
    """The table by repository."""
    create_table_artifact(key="stomper-fleet", table=rows(report), description=report.headline)
