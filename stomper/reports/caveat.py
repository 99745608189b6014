"""What is said before anything else of a run."""

from __future__ import annotations

from stomper.models import Report, enough


def caveat(report: Report) -> str:
    """Return what is missing of the proof of what landed, to be said first; empty when nothing is."""
    proven = [o for o in report.outcomes if o.proven]
    short = sum(not enough(o.evidence, o.required) for o in proven)
    if short:
        return f"{short} file(s) have less evidence than they need"
    if proven and all(o.evidence == "none" for o in proven):
        chosen = report.test_validation == "none"
        return f"no tests{' were run' if chosen else ''}: only the checkers were proven"
    return ""


def first_words(report: Report) -> str:
    """Return the caveat as a headline begins with it; empty when there is none."""
    said = caveat(report)
    return f"{said}: " if said else ""


def left(report: Report) -> str:
    """Return how many errors are left of those that were aimed at, and how many a limit left out."""
    over = report.left_out.by_limit
    return f"{report.metrics.errors_remaining} left{f', {over} over a limit' if over else ''}"
