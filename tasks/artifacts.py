"""What one sees of a run in Prefect's UI."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)

from stomper.check import Checked
from stomper.fleet import FleetReport, Summary, rows
from stomper.models import Outcome, Report
from stomper.reports.markdown import check_markdown, check_rows, diff_markdown, summary_markdown, table_rows

__all__ = [
    "SUMMARY_KEY",
    "begin_progress",
    "publish",
    "publish_check",
    "publish_fleet",
    "publish_proposed",
    "update_progress_artifact",
]

SUMMARY_KEY = "stomper-metrics"


def begin_progress(files: int) -> UUID:
    """The run's progress bar; its id."""
    bar = create_progress_artifact(progress=0.0, description=f"files processed, of {files}")
    assert isinstance(bar, UUID)  # noqa: S101 - a coroutine only where it is called from one
    return bar


def publish(report: Report, outcomes: list[Outcome]) -> None:
    """The summary, the table by file, and the diff of each file that landed or was turned down."""
    create_markdown_artifact(key="stomper-summary", markdown=summary_markdown(report), description="What the run did")
    if report.outcomes:
        create_table_artifact(key="stomper-files", table=table_rows(report), description="Every file and how it ended")
    told = f"```json\n{Summary.of(report).model_dump_json()}\n```"
    create_markdown_artifact(key=SUMMARY_KEY, markdown=told, description="The run's metrics, for programs")
    for outcome in outcomes:
        if outcome.patch is not None:
            create_markdown_artifact(markdown=diff_markdown(outcome), description=f"{outcome.status}: {outcome.path}")


def publish_proposed(outcomes: Iterable[Outcome]) -> None:
    """The diff of each file that waits for approval."""
    for outcome in outcomes:
        create_markdown_artifact(markdown=diff_markdown(outcome), description=f"waits for approval: {outcome.path}")


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
