"""From what is changed to the tests that it can reach. Doubt means all of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from stomper.analysis.syntax import OWN, Parser
from stomper.models import Change
from stomper.testing.impact.code_units import Changed, Unit, changed, units
from stomper.testing.impact.coverage import Contexts
from stomper.testing.impact.import_graph import ImportGraph

_MOST_FILES = 400
"""Where more files than these import a file, their sources are not looked into: imports alone count."""
Content = Callable[[str], bytes | None]


@dataclass(frozen=True)
class Selection:
    """The tests to run for a change: their keys, or None for the complete suite; and in words how they were chosen."""

    keys: frozenset[str] | None
    words: str


@dataclass
class Selector:
    """Selects among the tests of one commit. *contexts* is None where it is not known what they ran. Safe to use from
    several threads."""

    tests: Contexts
    """All tests with their files; empty contexts where nothing else is known of them."""
    traced: bool
    graph: ImportGraph | None
    source: Content
    """A file as it is at that commit."""
    always: frozenset[str] = frozenset()
    """Tests that nothing is known of."""
    parser: Parser = OWN
    _units: dict[str, list[Unit] | None] = field(default_factory=dict)
    _left_out: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        if self.graph is not None and self.traced:
            dynamic = {name: {place for place, _ in places} for name, places in self.tests.imports.items()}
            self.graph = self.graph.beside(dynamic)

    def select(self, changes: Sequence[Change], before: Content, after: Content) -> Selection:
        """The tests that *changes* can reach; *before* and *after* give both sides of each file."""
        everything = len(self.tests.tests) + len(self.always)
        reached = self.tests.unbounded
        for change in changes:
            some = self._reached(change, before(change.path), after(change.path))
            if isinstance(some, str):
                return Selection(None, f"all tests: {some}")
            reached |= some
        keys = self.always.union(self.tests.keys(reached)) - self._left_out
        if not keys:
            return Selection(frozenset(), "no test reaches it")
        how = "by what they run" if self.traced else "by imports"
        return Selection(keys, f"{len(keys)} of {everything} tests, {how}")

    def leave_out(self, keys: Iterable[str]) -> None:
        """These tests fail by themselves, whatever is changed: only the complete suite can say something of them."""
        self._left_out.update(keys)

    def _reached(self, change: Change, before: bytes | None, after: bytes | None) -> int | str:
        """The tests that one changed file can reach, or why nobody can say."""
        path = change.path
        if before is None or after is None or change.old_mode != change.new_mode:
            return f"{path} is new, deleted, or of another kind"
        if not path.endswith((".py", ".pyi")):
            # Who reads data is known only where the tests were watched.
            return self.tests.read(path) if self.traced and self.tests.knows(path) else f"who reads {path} is not known"
        if self.graph is None:
            return "ruff cannot say who imports whom"
        importers = self.graph.reaching([path])
        by_imports = self.tests.of_files({*importers, ""})
        if not self.traced:
            return by_imports or f"no test is known to import {path}"
        if not self.tests.knows(path):
            return self.tests.of_files({path})  # it was neither imported nor read in any process of the tests
        by_imports |= _union(self.tests.imported(file) for file in importers)
        what = changed(before, after, self.parser)
        if what is None or what.unclear or (what.names and len(importers) > _MOST_FILES):
            return by_imports | self.tests.came_to(path, 1, 1 << 30) | self.tests.read(path)
        return self._traced(path, what, importers) | self.tests.read(path)

    def _traced(self, path: str, what: Changed, importers: frozenset[str]) -> int:
        reached = self._came_to(path, what.lines)
        names, broken = set(what.names), {path}
        while names:
            known = len(names)
            for file in importers:
                for unit in self._mentioning(file, names, own=file == path):
                    reached |= self._came_to(file, [(unit.first, unit.last)])
                    if not unit.is_function:
                        names |= unit.binds
                        broken.add(file)
            if len(names) == known:
                break
        # A file that cannot be imported any more fails every test that imports it: one of them shows it.
        for file in sorted(broken) if what.names else ():
            users = self.tests.of_files(self.graph.reaching([file])) if self.graph else 0
            reached |= 0 if reached & users else users & -users
        return reached

    def _came_to(self, file: str, lines: Iterable[tuple[int, int]]) -> int:
        """The tests that run functions in these lines, or import what runs them when it is imported."""
        reached = 0
        for first, last in lines:
            reached |= self.tests.came_to(file, first, last)
            users = self.tests.importers_that_run(file, first, last)
            if users and self.graph is not None:
                files = self.graph.reaching(users)
                reached |= self.tests.of_files(files) | _union(self.tests.imported(name) for name in files)
        return reached

    def _mentioning(self, file: str, names: set[str], *, own: bool) -> list[Unit]:
        """The units of *file* that use one of *names* of a file that it imports, or of its *own*."""
        some = self._units_of(file) or []
        taken = {local for unit in some for name, local in unit.takes if name in names or name == "*"}
        if any(local == "*" for local in taken):
            taken |= names
        near = names if own else taken
        return [u for u in some if not near.isdisjoint(u.names) or not names.isdisjoint(u.elsewhere)
                or not names.isdisjoint(name for name, _ in u.takes)]  # fmt: skip

    def _units_of(self, file: str) -> list[Unit] | None:
        with self._lock:
            if file not in self._units:
                self._units[file] = units(self.source(file) or b"", self.parser)
            return self._units[file]


def _union(sets: Iterable[int]) -> int:
    union = 0
    for one in sets:
        union |= one
    return union
