"""What a run or a check came to, in the shape that the reports to files share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from stomper.checkers.checked import Checked
from stomper.models import CheckerRun, Diagnostic, Outcome, Report, Status
from stomper.reports.markdown import check_markdown
from stomper.reports.summary import summary_markdown

State = Literal["left", "unknown", "proven"]


@dataclass(frozen=True)
class Finding:
    """An error that is in the code now: left there, or one of which no checker could say whether it is, or one that
    has a proven fix, which did not land, since patches were asked for."""

    diagnostic: Diagnostic
    state: State = "left"
    why: str = ""
    """Why it is left, where that is known."""


@dataclass(frozen=True)
class FileResult:
    """One file that was aimed at. A check gives no status."""

    path: str
    findings: tuple[Finding, ...]
    status: Status | None = None
    reason: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class RunResult:
    """A run or a check as all reports to files tell it."""

    verb: Literal["fix", "check"]
    exit_code: int
    failure: str
    """Why it could not do its job; empty when it could."""
    files: tuple[FileResult, ...]
    checkers: tuple[CheckerRun, ...]
    warnings: tuple[str, ...]
    over_limit: int
    markdown: str
    data: dict[str, Any]
    """What `--json` prints."""

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """All that is in the code now, file by file."""
        return tuple(finding for file in self.files for finding in file.findings)

    @classmethod
    def of_report(cls, report: Report) -> RunResult:
        """What a run of `fix` came to."""
        return cls(
            verb="fix",
            exit_code=report.exit_code,
            failure=report.failure,
            files=tuple(_file(outcome) for outcome in report.outcomes),
            checkers=report.checkers,
            warnings=report.warnings,
            over_limit=report.left_out.by_limit,
            markdown=summary_markdown(report),
            data=report_data(report),
        )

    @classmethod
    def of_check(cls, checked: Checked) -> RunResult:
        """What a check found."""
        return cls(
            verb="check",
            exit_code=0 if checked.clean else 1,
            failure="",
            files=tuple(FileResult(job.path, tuple(Finding(d) for d in job.diagnostics)) for job in checked.jobs),
            checkers=checked.collected.runs,
            warnings=(),
            over_limit=checked.left_out.by_limit,
            markdown=check_markdown(checked),
            data=checked.dump(),
        )

    @classmethod
    def of_failure(cls, verb: Literal["fix", "check"], failure: str) -> RunResult:
        """One that ended before there was anything to tell but why."""
        told = f"# Stomper could not do its job\n\n{failure}\n"
        return cls(verb, 2, failure, (), (), (), 0, told, {"failure": failure})


def report_data(report: Report) -> dict[str, Any]:
    """The report as JSON can say it. Patches are left out: they are in git or in their files."""
    data: dict[str, Any] = report.model_dump(mode="json", exclude={"outcomes": {"__all__": {"patch"}}})
    return data


def _file(outcome: Outcome) -> FileResult:
    seconds = sum(span.end_s - span.start_s for span in outcome.spans)
    return FileResult(outcome.path, tuple(_findings(outcome)), outcome.status, outcome.reason, seconds)


def _findings(outcome: Outcome) -> Iterator[Finding]:
    # The last line is the verdict; what is before it is a traceback.
    why = outcome.reason.strip().splitlines()[-1] if outcome.reason and not outcome.proven else ""
    yield from (Finding(d, "left", why) for d in outcome.remaining)
    yield from (Finding(d, "unknown", why) for d in outcome.unknown)
    if outcome.proven and not outcome.commit:
        kept = f"a proven fix is kept in {outcome.patch_file}" if outcome.patch_file else "a fix is proven"
        yield from (Finding(d, "proven", kept) for d in outcome.fixed)
