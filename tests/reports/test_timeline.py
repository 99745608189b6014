"""The picture of who ran when."""

from __future__ import annotations

import pytest

from stomper.models import Outcome, Span, Status
from stomper.reports.timeline import bars, overlap


def outcome(path: str, *times: tuple[float, float]) -> Outcome:
    """A file with these stages."""
    spans = tuple(Span(stage="s", start_s=start, end_s=end) for start, end in times)
    return Outcome(path=path, status=Status.FAILED, spans=spans)


def test_a_file_that_waits_for_its_second_round_is_not_in_work() -> None:
    """Neither in its bar, nor in its seconds, nor in how many ran at once."""
    twice, beside = outcome("a", (0, 1), (1, 2), (8, 10)), outcome("b", (2, 8))
    assert bars([twice, beside], width=10) == [("a", "██······██", 4), ("b", "··██████··", 6)]
    assert overlap([twice, beside]) == 1


def test_files_side_by_side() -> None:
    """Each at least one cell, and counted together."""
    both = [outcome("a", (0, 10)), outcome("b", (5, 5.1))]
    assert [(path, bar) for path, bar, _ in bars(both, width=10)] == [("a", "██████████"), ("b", "·····█····")]
    assert [seconds for *_, seconds in bars(both)] == pytest.approx([10, 0.1])
    assert overlap(both) == 2
    assert bars([]) == []
