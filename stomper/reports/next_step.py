"""What one would type next."""

from __future__ import annotations

import shlex
from pathlib import Path

from stomper.models import Report, Status


def next_command(report: Report) -> str:
    """What to type after the run."""
    if report.land == "patch":
        return _apply_command(report) or waiting_command(report) or "stomper check"
    if url := next((r.url for r in report.pull_requests if r.url), ""):
        return f"review {url}"
    if not report.landed:
        asked = any(outcome.attempts for outcome in report.outcomes)
        return waiting_command(report) or ("stomper check" if asked or not report.outcomes else "stomper agents")
    return f"git log -p {report.base[:8]}..{report.branch if report.land == 'branch' else ''}"


def _apply_command(report: Report) -> str:
    """How the kept patches are applied; to the index alone where the files have edits beside what is staged."""
    kept = {o.path: o.patch_file for o in report.outcomes if o.proven and o.patch_file}
    if not kept:
        return ""
    every = f"{shlex.quote(str(Path(next(iter(kept.values()))).parent))}/*.patch"
    half = [file for path, file in kept.items() if path in report.half_staged]
    if len(half) in (0, len(kept)):
        return f"git apply {'--cached ' if half else ''}{every}"
    rest = [file for file in kept.values() if file not in half]
    return f"git apply --cached {shlex.join(half)} && git apply --index {shlex.join(rest)}"


def waiting_command(report: Report) -> str:
    """The command that takes the patches that wait for somebody; empty when none does."""
    kept = next((o.patch_file for o in report.outcomes if o.status is Status.WAITING and o.patch_file), "")
    return f"git apply {shlex.quote(str(Path(kept).parent))}/*.patch" if kept else ""
