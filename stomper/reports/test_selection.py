"""How the fixes were tested one by one, in words."""

from __future__ import annotations

from stomper.models import Report


def how_tested(report: Report) -> str:
    """One line about `quick`: how many files were tested by how much; empty for the other ways."""
    if report.test_validation != "quick":
        return ""
    words = [o.tests for o in report.outcomes if o.tests]
    none = sum(w == "no test reaches it" for w in words)
    everything = sum(w.startswith("all tests") for w in words)
    counts = {
        "by the tests that reach it": len(words) - none - everything,
        "by all tests": everything,
        "that no test reaches": none,
    }
    said = ", ".join(f"{count} file(s) {how}" for how, count in counts.items() if count) or "no file"
    return (
        f"{said}; then all together by the complete suite. {report.test_runs} run(s) of the suite, "
        f"{report.part_test_runs} of some of its tests"
    )
