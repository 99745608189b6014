"""The worktrees of a run: made when they are wanted, or ahead of that, and lent to one user at a time."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from stomper.worktrees import SharedClone, Worktree


class Pool:
    """At most *size* worktrees, made when first wanted, lent to one user at a time and reset before each use."""

    def __init__(self, clone: SharedClone, folder: Path, *, size: int) -> None:
        self._clone = clone
        self._folder = folder
        self._borrowed: tuple[tuple[Path, str], ...] = ()
        self._size = size
        self._made: list[Worktree] = []
        self._unmade = list(reversed(range(size)))
        self._changed = threading.Condition()
        self._preparing = threading.Lock()

    @property
    def home(self) -> Path:
        """The repository that the worktrees are of."""
        return self._clone.path

    @property
    def lent(self) -> int:
        """How many worktrees are in use."""
        return self._size - len(self._made) - len(self._unmade)

    def borrow(self, root: Path, paths: Sequence[str]) -> None:
        """Copy these files of the checkout at *root*, which git ignores, into every worktree made from now on, read-only."""
        self._borrowed = tuple((root / path, path) for path in paths)
        with (self._clone.path / "info" / "exclude").open("a", encoding="utf-8", errors="surrogateescape") as exclude:
            exclude.writelines(f"/{path}\n" for path in paths)

    @contextlib.contextmanager
    def lease(self, commit: str) -> Iterator[Worktree]:
        """A clean worktree of *commit*, waiting for one to be free."""
        with self._changed:
            self._changed.wait_for(lambda: self._made or self._unmade)
            slot = self._made.pop() if self._made else self._unmade.pop()
        try:
            if isinstance(slot, int):
                slot = self._make(slot, commit)
            else:
                slot.reset(commit)
            yield slot
        finally:
            self._put_back(slot)

    def prepare(self, commit: str, wanted: int) -> None:
        """Have so many worktrees before anybody asks for them, but for those that were asked for meanwhile.

        Raises RepositoryError, and Cancelled once the run is stopped."""
        with self._preparing:
            while True:
                with self._changed:
                    if not self._unmade or self._size - len(self._unmade) >= wanted:
                        return
                    number = self._unmade.pop()
                slot: Worktree | int = number
                try:
                    slot = self._make(number, commit)
                finally:
                    self._put_back(slot)

    def close(self) -> None:
        """Make no more of them ahead: when this returns, none is under way."""
        with self._changed:
            self._unmade.clear()
        with self._preparing:
            pass

    def _make(self, number: int, commit: str) -> Worktree:
        # The folder keeps the repository's name: some tools and tests look at it.
        place = self._folder / str(number) / self._clone.target.root.name
        place.parent.mkdir(parents=True, exist_ok=True)
        made = replace(self._clone.add_worktree(place, commit), borrowed=self._borrowed)
        made.lend()
        return made

    def _put_back(self, slot: Worktree | int) -> None:
        with self._changed:
            if isinstance(slot, int):
                self._unmade.append(slot)
            else:
                self._made.append(slot)
            self._changed.notify()
