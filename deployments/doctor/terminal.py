"""The findings of an examination on a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from deployments.doctor.findings import Finding

_COLOURS = {"ok": "green", "warning": "yellow", "problem": "red"}


def show_findings(findings: Sequence[Finding], console: Console) -> None:
    """One line each, how to mend it below, and the count at the end."""
    width = max((len(finding.subject) for finding in findings), default=0)
    for finding in findings:
        colour = _COLOURS[finding.verdict]
        head = f"[{colour}]{finding.verdict:8}[/] {escape(finding.subject):{width}}"
        console.print(f"{head}  {escape(finding.said)}", soft_wrap=True, highlight=False)
        if finding.mend:
            console.print(f"{' ' * (width + 11)}[dim]mend:[/] {escape(finding.mend)}", soft_wrap=True, highlight=False)
    counts = Counter(finding.verdict for finding in findings)
    console.print(
        f"\n{counts['ok']} ok, {counts['warning']} warning(s), {counts['problem']} problem(s)", highlight=False
    )
