"""The word that was probably meant by one that is not known."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_ALIKE = 0.7  # of 1: below it, the nearest word is seldom the one that was meant


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """Return the end of a sentence that refuses *word*: a question for the nearest *known* one, empty if none is near."""
    near = get_close_matches(str(word).lower(), [choice for choice in known if choice], n=1, cutoff=_ALIKE)
    return f"; did you mean {near[0]}?" if near else ""
