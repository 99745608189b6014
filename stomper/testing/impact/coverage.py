"""What each test ran and read in one run of the suite: kept with the baseline, and asked for files and lines."""

from __future__ import annotations

import base64
import json
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from stomper.testing.plugins.observer import IMPORTED, PROCESS, READ

FORMAT = "2"
"""Of what `dump` makes: what was kept in another one is not read."""
Place: TypeAlias = tuple[str, int]
"""A file and the first line of a function in it, or one of the words of the observer."""


@dataclass(frozen=True)
class Traced:
    """What one process of the tests wrote down; numbers are places in `places`."""

    tests: dict[str, list[int]]
    files: dict[str, str]
    imports: dict[str, list[int]]
    leftovers: dict[str, list[int]]
    outside: list[int]
    places: list[Place]


@dataclass(frozen=True)
class Contexts:
    """The tests by their keys, and which of them came to which places. Sets of tests are bits of an integer."""

    tests: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    """The file of each test; empty where it is not in the tree."""
    ran: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    """By file and line: the tests that came there."""
    imports: Mapping[str, frozenset[Place]] = field(default_factory=dict)
    """By file: what runs while it is imported, the files that it imports first included."""
    outside: frozenset[Place] = frozenset()
    """What runs apart from tests and imports, say in hooks of pytest: it counts for every test."""

    def keys(self, tests: int) -> tuple[str, ...]:
        """The keys of a set of tests, in their order."""
        return tuple(key for number, key in enumerate(self.tests) if tests >> number & 1)

    @property
    def everyone(self) -> int:
        return (1 << len(self.tests)) - 1

    @property
    def unbounded(self) -> int:
        """The tests that may reach anything: they start processes, which are not looked into."""
        return self.ran.get("", {}).get(PROCESS, 0)

    def of_files(self, files: Collection[str]) -> int:
        """The tests that are written in these files."""
        return sum(1 << number for number, file in enumerate(self.files) if file in files)

    def came_to(self, file: str, first: int, last: int) -> int:
        """The tests that ran a function of *file* which begins in these lines."""
        if any(place == file and first <= line <= last for place, line in self.outside):
            return self.everyone
        return _union(tests for line, tests in self.ran.get(file, {}).items() if first <= line <= last)

    def imported(self, file: str) -> int:
        """The tests in which *file* was imported for the first time."""
        return self.ran.get(file, {}).get(IMPORTED, 0)

    def read(self, file: str) -> int:
        """The tests that opened *file*; all of them when it was opened for all."""
        return self.everyone if (file, READ) in self.outside else self.ran.get(file, {}).get(READ, 0)

    def knows(self, file: str) -> bool:
        """Whether anything came to *file* at all."""
        return file in self.ran or file in self.imports or any(place == file for place, _ in self.outside)

    def importers_that_run(self, file: str, first: int, last: int) -> set[str]:
        """The files whose import runs a function of *file* that begins in these lines."""
        return {name for line, name in self._at_import.get(file, ()) if first <= line <= last}

    @cached_property
    def _at_import(self) -> Mapping[str, list[tuple[int, str]]]:
        """By file: the lines of its functions that run while a file is imported, with that file."""
        found: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for name, places in self.imports.items():
            for file, line in places:
                if line > 0:
                    found[file].append((line, name))
        return found

    def dump(self) -> str:
        """As text to keep."""
        ran = {file: {line: f"{tests:x}" for line, tests in lines.items()} for file, lines in self.ran.items()}
        imports = {file: sorted(places) for file, places in self.imports.items()}
        told = [self.tests, self.files, ran, imports, sorted(self.outside)]
        return base64.b85encode(zlib.compress(json.dumps(told).encode())).decode()

    @classmethod
    def load(cls, text: str) -> Contexts:
        """What `dump` made of them."""
        # Not by pydantic: a name that is not UTF-8 is no text to it.
        tests, files, ran, imports, outside = json.loads(zlib.decompress(base64.b85decode(text)))
        return cls(
            tests=tuple(tests),
            files=tuple(files),
            ran={file: {int(line): int(bits, 16) for line, bits in lines.items()} for file, lines in ran.items()},
            imports={file: frozenset((name, line) for name, line in places) for file, places in imports.items()},
            outside=frozenset((name, line) for name, line in outside),
        )


def read_contexts(folder: Path) -> Contexts | None:
    """What the processes of a traced run left in *folder*; None when they left nothing of any test, or no sense."""
    try:
        return merged([Traced(**json.loads(file.read_bytes())) for file in sorted(folder.glob("traced-*.json"))])
    except (ValueError, LookupError, TypeError, AttributeError):
        return None  # the tests of the target can write there too


def merged(traced: Sequence[Traced]) -> Contexts | None:
    """The contexts of all processes; None when no test ran in any."""
    files: dict[str, str] = {}
    for process in traced:
        files |= process.files
    if not files:
        return None
    numbers = {key: number for number, key in enumerate(files)}
    ran: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    imports: dict[str, set[Place]] = defaultdict(set)
    leftovers: dict[str, set[Place]] = defaultdict(set)  # of a file whose tests ran in several processes
    outside: set[Place] = set()
    for process in traced:
        places = [(str(file), int(line)) for file, line in process.places]
        outside |= {places[n] for n in process.outside}
        for file, met in process.imports.items():
            imports[file] |= {places[n] for n in met}
        for file, met in process.leftovers.items():
            leftovers[file] |= {places[n] for n in met}
        for key, met in process.tests.items():
            for file, line in {places[n] for n in met}:
                ran[file][line] |= 1 << numbers[key]
    for key, number in numbers.items():
        for file, line in leftovers.get(files[key], ()):
            ran[file][line] |= 1 << number
    return Contexts(
        tests=tuple(files),
        files=tuple(files.values()),
        ran={file: dict(lines) for file, lines in ran.items()},
        imports={file: frozenset(places) for file, places in imports.items()},
        outside=frozenset(outside),
    )


def _union(sets: Iterator[int]) -> int:
    union = 0
    for one in sets:
        union |= one
    return union
