"""Which patches break what all of them together break."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from stomper.landing.commits.halving import Failed, Halving, Places

T = TypeVar("T")
S = TypeVar("S")
Prove = Callable[[Sequence[T]], str]


def drop_culprits(items: Sequence[T], prove: Prove[T]) -> tuple[list[T], list[tuple[T, str]]]:
    """The items that hold together, and those dropped with what *prove* said of them.

    *prove* returns what is wrong with a sequence, empty when nothing is. The shortest failing prefix ends in a culprit,
    found by binary search; it is dropped and the rest proven again, so pairs that only fail together lose one of the two.
    Costs 1 + c · (1 + log2 n) proofs for c culprits among n items.
    """
    kept = list(items)
    dropped: list[tuple[T, str]] = []
    while kept and (wrong := prove(kept)):
        place, said = _end_of_failing_prefix(kept, prove, wrong)
        dropped.append((kept.pop(place), said))
    return kept, dropped


def _end_of_failing_prefix(items: Sequence[T], prove: Prove[T], wrong: str) -> tuple[int, str]:
    good, bad = 0, len(items)  # the prefix of length `good` holds, the one of length `bad` fails
    while bad - good > 1:
        middle = (good + bad) // 2
        if said := prove(items[:middle]):
            bad, wrong = middle, said
        else:
            good = middle
    return bad - 1, wrong


@dataclass(frozen=True)
class Wrong(Generic[S]):
    """What is wrong with items together: the tests that got worse, by name, where each can be run by itself."""

    names: frozenset[str]
    alone: frozenset[str]
    """Those of them that were seen to fail by themselves."""
    say: Callable[[Collection[str]], S]
    """What there is to say of some of the names, or of all that is wrong when none is given."""
    runs: int = 1
    """How many complete runs it took to see that."""


Whole = Callable[[Sequence[T]], Wrong[S] | None]
Part = Callable[[Sequence[T], frozenset[str]], frozenset[str] | None]


def drop_by_name(
    items: Sequence[T], whole: Whole[T, S], part: Part[T], sure: Part[T] | None = None
) -> tuple[list[T], list[tuple[T, S]]]:
    """Return the items that hold together, and those dropped with what is wrong with them, in their order.

    *whole* proves all there is, *part* only some names, which costs little: it returns those of them that fail, or None when
    it cannot say. *sure* is a *part* that a name which fails by chance does not pass: it is asked before an item is dropped
    for its names. What is kept was proven by *whole* just as it is. Dropped are the culprits alone, and of items that only
    fail together no more than it takes. For c culprits among n items that costs

    - never more runs of *whole* than plain halving takes, and one: with names or without, whatever fails with what;
    - 2 + log2 n of them for one culprit without a name;
    - 2 of them, and 3 + c · log2 n of *part*, where each culprit makes a name of its own fail.
    """
    search = _Search(items, whole, part, sure)
    kept, dropped = search.halving.kept, search.halving.dropped
    return [items[place] for place in sorted(kept)], [(items[place], search.why(place)) for place in sorted(dropped)]


class _Search(Generic[T, S]):
    """Complete runs, and runs of single names within what they found wrong."""

    def __init__(self, items: Sequence[T], whole: Whole[T, S], part: Part[T], sure: Part[T] | None) -> None:
        self._items = items
        self._whole = whole
        self._part = part
        self._sure = sure
        self._wrong: dict[Places, Wrong[S]] = {}
        self._said: dict[Places, S] = {}
        self._mute: frozenset[str] = frozenset()
        """Names that say nothing when they are run by themselves."""
        self.halving = Halving(len(items), self._fails, self._blame)
        self.halving.settle(range(len(items)))

    def why(self, place: int) -> S:
        """Return what is wrong with a dropped place."""
        together = self.halving.dropped[place]
        return self._said[together] if together in self._said else self._wrong[together].say(())

    def _fails(self, places: Sequence[int]) -> Failed | None:
        wrong = self._whole(self._at(places))
        if wrong is None:
            return None
        self._wrong[frozenset(places)] = wrong
        return Failed(runs=wrong.runs, seen=wrong.runs + bool(wrong.alone))

    def _blame(self, group: Sequence[int]) -> Mapping[int, Places]:
        """The places in *group* to drop so that none of the names fails that fail by themselves with what is kept."""
        kept = self.halving.kept
        wrong = self._wrong[frozenset(kept.union(group))]
        certain: dict[int, Places] = {}
        for _ in range(2):  # once more where a name failed by chance: by now that is known of it
            names = self._speaking(sorted(kept.union(group)), wrong)
            if not names:
                return {}
            found = Halving(len(self._items), partial(self._alone, names=names), kept=set(kept))
            found.note([*kept, *group], Failed(names))
            with contextlib.suppress(_Unsaid):
                found.settle(group)
            certain = {
                place: together
                for place, together in found.dropped.items()
                if self._certain(together, found.known[together].names, wrong)
            }
            if certain.keys() == found.dropped.keys():
                break
        return certain

    def _certain(self, together: Places, names: frozenset[str], wrong: Wrong[S]) -> bool:
        """Return whether some of *names* fail with these places by no chance. What is wrong with them is said then."""
        if self._sure is not None and (len(together) > 1 or together not in self._wrong):
            failing = self._sure(self._at(sorted(together)), names)
            names = names if failing is None else failing
        self._said[together] = wrong.say(names)
        return bool(names)

    def _speaking(self, places: Sequence[int], wrong: Wrong[S]) -> frozenset[str]:
        """The names that fail by themselves with *places*, and hold with only those of them that are kept."""
        names = wrong.alone - self._mute
        if others := wrong.names - wrong.alone - self._mute:
            names |= self._part(self._at(places), others) or frozenset()
        asked = self._sure or self._part
        broken_anyway = asked(self._at(sorted(self.halving.kept)), names) if names else None
        names = names - broken_anyway if broken_anyway is not None else frozenset()
        self._mute |= wrong.names - names
        return names

    def _alone(self, places: Sequence[int], names: frozenset[str]) -> Failed | None:
        failing = self._part(self._at(places), names)
        if failing is None:
            raise _Unsaid
        return Failed(failing) if failing else None

    def _at(self, places: Iterable[int]) -> list[T]:
        return [self._items[place] for place in places]


class _Unsaid(Exception):
    """A run of some names came to no end."""
