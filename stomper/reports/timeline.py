"""The files of a run as bars: who ran beside whom."""

from __future__ import annotations

from collections.abc import Sequence

from stomper.models import Outcome


def overlap(outcomes: Sequence[Outcome]) -> int:
    """The largest number of files in work at one moment."""
    moments = []
    for outcome in outcomes:
        for start, end in _rounds(outcome):
            moments += [(start, 1), (end, -1)]
    running = most = 0
    for _, step in sorted(moments):
        running += step
        most = max(most, running)
    return most


def bars(outcomes: Sequence[Outcome], *, width: int = 40, most: int = 20) -> list[tuple[str, str, float]]:
    """(path, bar of *width* characters, seconds) of the *most* files that took longest, in the order of their start."""
    timed = [(o.path, rounds) for o in outcomes if (rounds := _rounds(o))]
    longest = sorted(timed, key=lambda entry: -_seconds(entry[1]))[:most]
    if not longest:
        return []
    first = min(rounds[0][0] for _, rounds in timed)
    whole = max(rounds[-1][1] for _, rounds in timed) - first or 1.0
    rows = []
    for path, rounds in sorted(longest, key=lambda entry: entry[1][0]):
        bar = ["·"] * width
        for start, end in rounds:
            left = min(int((start - first) / whole * width), width - 1)
            size = max(1, min(round((end - start) / whole * width), width - left))
            bar[left : left + size] = "█" * size
        rows.append((path, "".join(bar), _seconds(rounds)))
    return rows


def _rounds(outcome: Outcome) -> list[tuple[float, float]]:
    """When the file was in work: a stage begins where the one before it ends, unless the file waited for a second round."""
    rounds: list[tuple[float, float]] = []
    for span in outcome.spans:
        if rounds and span.start_s <= rounds[-1][1]:
            rounds[-1] = (rounds[-1][0], span.end_s)
        else:
            rounds.append((span.start_s, span.end_s))
    return rounds


def _seconds(rounds: Sequence[tuple[float, float]]) -> float:
    return sum(end - start for start, end in rounds)
