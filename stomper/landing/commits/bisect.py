"""Which patches break what all of them together break."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")
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
class Wrong:
    """What is wrong with items together: the tests that got worse, by name, where each can be run by itself."""

    names: frozenset[str]
    alone: frozenset[str]
    """Those of them that were seen to fail by themselves."""
    say: Callable[[Collection[str]], str]
    """What there is to say of some of the names, or of all that is wrong when none is given."""


Whole = Callable[[Sequence[T]], Wrong | None]
Part = Callable[[Sequence[T], frozenset[str]], frozenset[str] | None]


def drop_by_name(items: Sequence[T], whole: Whole[T], part: Part[T]) -> tuple[list[T], list[tuple[T, str]]]:
    """As `drop_culprits`, where proving some names costs little: *whole* proves all there is, *part* only these names.

    *part* returns those of the names that fail, or None when it cannot say. What is kept was proven by *whole* last. For
    c culprits that each make a name of their own fail that takes 2 runs of *whole*, and 2 + c · log2 n of *part* at most.
    What fails only in the whole, or has no name, is found by runs of *whole* as by `drop_culprits`.
    """
    kept = list(items)
    dropped: list[tuple[T, str]] = []
    while kept and (wrong := whole(kept)):
        blamed = blame(kept, wrong, part) if len(kept) > 1 else {}
        if blamed:
            found = {place: wrong.say(names) for place, names in blamed.items()}
        else:
            place, said = _end_of_failing_prefix(kept, lambda some: _said(whole(some)), wrong.say(()))
            found = {place: said}
        dropped += [(kept[place], said) for place, said in sorted(found.items())]
        kept = [item for place, item in enumerate(kept) if place not in found]
    return kept, dropped


def _said(wrong: Wrong | None) -> str:
    return wrong.say(()) if wrong else ""


def blame(items: Sequence[T], wrong: Wrong, part: Part[T]) -> Mapping[int, frozenset[str]]:
    """The places of items to drop, each with the names that fail because of it; without them none of the names fails.

    Names that hold by themselves with all items, or fail without any, are left out: they say nothing here.
    """
    names = wrong.alone | (
        (part(items, others) or frozenset()) if (others := wrong.names - wrong.alone) else frozenset()
    )
    broken_anyway = part((), names) if names else None
    if broken_anyway is None:
        return {}
    names -= broken_anyway
    blamed: dict[int, frozenset[str]] = {}
    rest = list(range(len(items)))
    while names:
        for name, place in _edges([items[i] for i in rest], names, part).items():
            blamed[rest[place]] = blamed.get(rest[place], frozenset()) | {name}
        left = [i for i in rest if i not in blamed]
        if len(left) == len(rest):
            break  # no run could say
        rest = left
        names = (part([items[i] for i in rest], names) or frozenset()) if rest else frozenset()
    return blamed


def _edges(items: Sequence[T], names: frozenset[str], part: Part[T]) -> Mapping[str, int]:
    """For each name the place of the item that ends the shortest prefix that it fails with; each run serves all names
    whose search wants the same prefix."""
    bounds = dict.fromkeys(names, (0, len(items)))  # the prefix of the first length holds, that of the second fails
    while waiting := {name: (good + bad) // 2 for name, (good, bad) in bounds.items() if bad - good > 1}:
        middle, _ = min(Counter(waiting.values()).items(), key=lambda entry: (-entry[1], entry[0]))
        asked = frozenset(name for name, (good, bad) in bounds.items() if good < middle < bad)
        failing = part(items[:middle], asked)
        if failing is None:
            return {}
        for name in asked:
            good, bad = bounds[name]
            bounds[name] = (good, middle) if name in failing else (middle, bad)
    return {name: bad - 1 for name, (_, bad) in bounds.items()}
