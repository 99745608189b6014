"""What a run tells automations about: events with typed payloads. How they are sent is not told here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from stomper.models import Model, Outcome, Report, Status
from stomper.reports.escaping import printable

MOST_FILES = 500
"""Events about files in one run; how many there were in all is in the report."""


class RunEvent(Model):
    """What all of them say."""

    name: ClassVar[str]

    run_id: str = Field(description="the run, as `stomper runs` and the commits' trailers name it")
    repository: str = Field(description="its path, or its address without credentials")


class FileFixed(RunEvent):
    """A file's fix is proven to the end of the run: it landed, or is kept as a patch where the run lands none."""

    name: ClassVar[str] = "stomper.file.fixed"

    path: str = Field(description="the file, relative to the root")
    codes: tuple[str, ...] = Field(description="the codes that were fixed, each with its tool before it")
    fixed: int = Field(description="errors fixed")
    left: int = Field(description="errors left of those that were aimed at")
    agent: str = Field(description="who fixed it")
    risk: str = Field(description="cosmetic, typing or logic")
    commit: str = Field(description="the commit; empty where none was made")


class FileRejected(RunEvent):
    """A file failed: no agent could repair it, or its patch was turned down."""

    name: ClassVar[str] = "stomper.file.rejected"

    path: str = Field(description="the file, relative to the root")
    codes: tuple[str, ...] = Field(description="the codes that are left, each with its tool before it")
    left: int = Field(description="errors left of those that were aimed at")
    reason: str = Field(description="why, at most 500 characters")
    judge: str = Field(description="who turned a patch down that was proven alone; often empty")
    patch_file: str = Field(description="where the patch is kept on the worker; empty where there is none")


class RunLanded(RunEvent):
    """Commits of the run are on their branch."""

    name: ClassVar[str] = "stomper.run.landed"

    branch: str = Field(description="the branch")
    base: str = Field(description="the commit that the run began from")
    tip: str = Field(description="the last commit that it landed")
    commits: int = Field(description="how many commits, one a file")
    fixed: int = Field(description="errors fixed")
    left: int = Field(description="errors left of those that were aimed at")
    waiting: int = Field(description="files whose proven patch waits for somebody")
    cost_usd: float = Field(description="what the agents cost, where that is known")


class RunViolation(RunEvent):
    """The user's repository changed while agents ran that no sandbox kept from it: nothing more lands."""

    name: ClassVar[str] = "stomper.run.violation"

    what: str = Field(description="what changed, with its state before and after")
    agents: tuple[str, ...] = Field(description="the calls that were under way, each as `AGENT on FILE`")


class RunBudget(RunEvent):
    """The run's budget is reached: no agent is called any more. Told once, when the first file is left."""

    name: ClassVar[str] = "stomper.run.budget"

    limit: str = Field(description="the limit in words, for example `max_cost_usd = 5 is reached`")
    spent_usd: float = Field(description="spent by then")
    spent_tokens: int = Field(description="tokens by then")
    calls: int = Field(description="calls by then")


KINDS: tuple[type[RunEvent], ...] = (FileFixed, FileRejected, RunLanded, RunViolation, RunBudget)


def of_report(report: Report) -> Iterator[RunEvent]:
    """The events of a run that came to its end: what became of its files, and of all of them together."""
    about = {"run_id": report.run_id, "repository": report.repository}
    told = [o for o in report.outcomes if o.proven or o.status is Status.FAILED]
    yield from (_of_file(o, about) for o in told[:MOST_FILES])
    if report.landed:
        metrics = report.metrics
        yield RunLanded(
            **about,
            branch=report.branch,
            base=report.base,
            tip=report.landed[-1].commit,
            commits=len(report.landed),
            fixed=metrics.total_errors_fixed,
            left=metrics.errors_remaining + metrics.errors_unknown,
            waiting=sum(o.status is Status.WAITING for o in report.outcomes),
            cost_usd=metrics.cost_microusd / 1_000_000,
        )


def _of_file(outcome: Outcome, about: dict[str, str]) -> RunEvent:
    left = (*outcome.remaining, *outcome.unknown)
    if outcome.proven:
        return FileFixed(
            **about,
            path=printable(outcome.path),
            codes=tuple(sorted({f"{d.tool} {d.code}" for d in outcome.fixed})),
            fixed=len(outcome.fixed),
            left=len(left),
            agent=outcome.agent,
            risk=outcome.risk,
            commit=outcome.commit,
        )
    return FileRejected(
        **about,
        path=printable(outcome.path),
        codes=tuple(sorted({f"{d.tool} {d.code}" for d in left})),
        left=len(left),
        reason=printable(" ".join(outcome.reason.split()))[:500],
        judge=outcome.judge,
        patch_file=printable(outcome.patch_file),
    )
