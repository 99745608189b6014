"""Halving: which of many items break what all of them together break, in as few runs as can be promised.

Plain halving runs a group of items and, where that fails, both of its halves. This search goes down the same tree, so that
its cost can be counted against it, and spends what it saves on runs of everything that is left at once.

Each group is run together with the items that are kept already. What was kept last was therefore run just as it is, and
where the left half of a failing group holds, the right half is known to fail: both are the same items.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

Places = frozenset[int]


@dataclass(frozen=True)
class Failed:
    """A run that failed: the names of what failed, where there are any."""

    names: frozenset[str] = frozenset()
    runs: int = 1
    """How many runs it took."""
    seen: int = 1
    """How often it was seen to fail."""


def halving_runs(size: int, culprits: Iterable[int]) -> int:
    """Return the number of runs in which plain halving finds these *culprits* among *size* items."""
    bad = frozenset(culprits)

    def failing(group: range) -> int:
        if len(group) < 2 or bad.isdisjoint(group):
            return 0
        return 1 + sum(map(failing, halves(group)))

    return 1 + 2 * failing(range(size))


def halves(group: range) -> tuple[range, range]:
    """Return the two halves of a group."""
    middle = (group.start + group.stop) // 2
    return range(group.start, middle), range(middle, group.stop)


def _together(groups: Iterable[range]) -> list[int]:
    return [place for group in groups for place in group]


def _half(groups: Sequence[range]) -> int:
    """The number of groups, not all of them, with about half of all places."""
    sizes = list(accumulate(map(len, groups)))
    return max(1, bisect_right(sizes[:-1], sizes[-1] / 2))


@dataclass
class Halving:
    """A search among the places *0 … size-1*, each of which ends as kept or dropped.

    A place is dropped when it fails with those that are kept by then. It never makes more than `halving_runs(size, dropped)`
    runs and one, whatever fails with what, as long as the same places always end in the same way."""

    size: int
    fails: Callable[[Sequence[int]], Failed | None]
    """Runs the items at these places, in their order; None when they hold."""
    blame: Callable[[Sequence[int]], Mapping[int, Places]] = lambda _: {}
    """A cheaper way to find culprits in a group that failed with what is kept: places to drop, each with what it was seen to
    fail with. Empty when it finds none."""
    kept: set[int] = field(default_factory=set)
    dropped: dict[int, Places] = field(default_factory=dict)
    """Each with all the places that were run when it was seen to fail, itself among them."""
    known: dict[Places, Failed] = field(default_factory=dict)
    """What fails with just these places."""
    waiting: set[int] = field(default_factory=set)
    runs: int = 0
    _seen: list[tuple[Places, frozenset[str]]] = field(default_factory=list)
    """The places of each run that failed with the names that did, once for each time."""
    _likely: set[range] = field(default_factory=set)
    """Groups that were not run, where names are expected to fail that have no culprit beside them."""
    _blamed: frozenset[str] = frozenset()
    """The names that were found a culprit for."""
    _fresh: bool = False
    """Whether the last culprit was the first one for any name."""
    _explained: bool = False
    """Whether all that was seen to fail has its culprits, so that the rest is expected to hold."""

    def settle(self, places: Iterable[int]) -> None:
        """Decide all these places."""
        self.waiting = set(places)
        while groups := self._groups():
            if likely := next((group for group in groups if group in self._likely), None):
                self._likely.remove(likely)
                self._try(likely)
            else:
                self._try(self._next(groups))

    def _next(self, groups: Sequence[range]) -> Sequence[int]:
        """What to run next: the first group, which costs no more than in plain halving, or a guess that may spare some."""
        if self._explained:
            return _together(groups) if len(groups) > 1 else groups[0]
        if self._credit() < 1:
            return groups[0]
        failing = self._failing_prefix(groups)
        if failing > 2:
            return _together(groups[: _half(groups[:failing])])
        if len(groups) > 1 and not failing and (self._fresh or not self._dense):
            return _together(groups)
        return halves(groups[0])[0] if len(groups[0]) > 1 and self._dense and failing != 1 else groups[0]

    def _failing_prefix(self, groups: Sequence[range]) -> int:
        """How many of the groups are the fewest that are known to fail with what is kept; 0 when none are."""
        prefixes = (self.kept.union(_together(groups[:end])) for end in range(1, len(groups) + 1))
        return next((end for end, places in enumerate(prefixes, 1) if frozenset(places) in self.known), 0)

    def note(self, places: Iterable[int], failed: Failed) -> None:
        """Remember that *places* were run and failed."""
        together = frozenset(places)
        self.known[together] = failed
        self._seen += [(together, failed.names)] * failed.seen

    def _try(self, group: Sequence[int]) -> None:
        failed = self._failing(group)
        self._explained = False
        if failed is None:
            self._keep(group)
        elif len(group) > 1 and (blamed := self.blame(group)):
            self._drop(blamed)
            self._explained = True
        elif isinstance(group, range):
            self._narrow(group, failed)

    def _narrow(self, group: range, failed: Failed) -> None:
        """Find a culprit in a group that fails with what is kept."""
        while len(group) > 1:
            left, right = halves(group)
            if there := self._failing(left):
                if failed.names - there.names:
                    self._likely.add(right)
                group, failed = left, there
            else:
                self._keep(left)
                group = right
        self._convict(group[0])

    def _convict(self, place: int) -> None:
        """Drop *place*, which fails with what is kept.

        One run that failed convicts nobody where most hold and another one can be afforded: it may have been an accident."""
        together = frozenset(self.kept | {place})
        unsure = self._evidence(place) < 2 and not self._dense and self._credit(place) > 0
        if unsure and self._run(together) is None:
            self._keep([place])
            return
        self._drop({place: together})
        self._fresh = not self.known[together].names <= self._blamed
        self._blamed |= self.known[together].names

    def _evidence(self, place: int) -> int:
        """The number of runs with *place* that failed, and no culprit that was found explains it."""
        runs = [(places, names) for places, names in self._seen if place in places]
        return sum(places.isdisjoint(self.dropped) or bool(names - self._blamed) for places, names in runs)

    def _failing(self, group: Iterable[int]) -> Failed | None:
        """What fails with *group* and what is kept, by a run unless it is known."""
        together = frozenset(self.kept.union(group))
        return self.known.get(together) or self._run(together)

    def _run(self, together: Places) -> Failed | None:
        failed = self.fails(sorted(together))
        self.runs += failed.runs if failed else 1
        if failed is None:
            self.known.pop(together, None)
        else:
            self.note(together, failed)
        return failed

    def _keep(self, group: Collection[int]) -> None:
        self.kept.update(group)
        self.waiting.difference_update(group)

    def _drop(self, blamed: Mapping[int, Places]) -> None:
        self.dropped.update(blamed)
        self.waiting.difference_update(blamed)
        doubtful = {place for place, together in self.dropped.items() if together & self.dropped.keys() - {place}}
        if doubtful:  # they failed with something that is not there any more
            self.dropped = {place: together for place, together in self.dropped.items() if place not in doubtful}
            self.waiting |= doubtful
            self.blame = lambda _: {}  # from now on for good: what fails with what is kept is not asked again

    def _groups(self) -> list[range]:
        """The largest groups of the tree that wait as a whole, in their order."""

        def inside(group: range) -> list[range]:
            waiting = len(self.waiting.intersection(group))
            if waiting in (0, len(group)):
                return [group] if waiting else []
            return [part for half in halves(group) for part in inside(half)]

        return inside(range(self.size))

    def _credit(self, *convicted: int) -> int:
        """How many runs may be in vain: plain halving makes one for each group that waits, which stay reserved."""
        reserved = len(self._groups()) - len(convicted)
        return halving_runs(self.size, [*self.dropped, *convicted]) + 1 - self.runs - reserved

    @property
    def _dense(self) -> bool:
        """Whether a group is more likely to fail than to hold, by what was decided so far."""
        more = any(self.dropped.keys().isdisjoint(places) for places, _ in self._seen)  # there is another culprit
        return len(self.dropped) + more > 1 and len(self.dropped) >= len(self.kept)
