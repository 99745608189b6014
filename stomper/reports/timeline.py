"""The files of a run as bars: who ran beside whom."""

from __future__ import annotations

from collections.abc import Sequence

from stomper.models import Outcome


def overlap(outcomes: Sequence[Outcome]) -> int:
    """The largest number of files in work at one moment."""
    moments = []
    for outcome in outcomes:
        if outcome.spans:
            moments += [(outcome.spans[0].start_s, 1), (outcome.spans[-1].end_s, -1)]
    running = most = 0
    for _, step in sorted(moments):
        running += step
        most = max(most, running)
    return most


def bars(outcomes: Sequence[Outcome], *, width: int = 40, most: int = 20) -> list[tuple[str, str, float]]:
    """(path, bar of *width* characters, seconds) of the *most* files that took longest, in the order of their start."""
    timed = [o for o in outcomes if o.spans]
    longest = sorted(timed, key=lambda o: o.spans[0].start_s - o.spans[-1].end_s)[:most]
    if not longest:
        return []
    first = min(o.spans[0].start_s for o in timed)
    whole = max(o.spans[-1].end_s for o in timed) - first or 1.0
    rows = []
    for outcome in sorted(longest, key=lambda o: o.spans[0].start_s):
        start, end = outcome.spans[0].start_s - first, outcome.spans[-1].end_s - first
        left = min(int(start / whole * width), width - 1)
        size = max(1, min(round((end - start) / whole * width), width - left))
        rows.append((outcome.path, "·" * left + "█" * size + "·" * (width - left - size), end - start))
    return rows
