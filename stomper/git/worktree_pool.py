"""The worktrees of a run: made when they are wanted, or ahead of that, and lent to one user at a time."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from stomper.errors import Cancelled, RepositoryError, StomperError
from stomper.git.worktree import Worktree
from stomper.git.worktrees import SharedClone
from stomper.system.lent_files import LentFiles
from stomper.system.own_folders import Moved, OwnFolder


class Pool:
    """At most *size* worktrees, made when first wanted, lent to one user at a time and reset before each use."""

    def __init__(
        self, clone: SharedClone, folder: Path, *, size: int, lost: Callable[[Worktree, str], None] = lambda *_: None
    ) -> None:
        """*lost* is told of each worktree that could not be reset, and of why, before another one is made in its place."""
        self._clone = clone
        self._folder = folder
        self.files: LentFiles | None = None
        """What every worktree that is made from now on has beside what git tracks."""
        self._size = size
        self._lost = lost
        self.exposed = False
        """Whether somebody may be at worktrees that are not lent to them: then each is reset once more as it is lent."""
        self._unmade = size
        self._lent = 0
        self.beside: Mapping[str, Path] = {}
        """What lies in the folder above each worktree, by its path there."""
        self._home: OwnFolder | None = None
        self._homes: dict[Path, OwnFolder] = {}
        """The folder in which each worktree is, by the worktree's place."""
        self._used: list[Worktree] = []
        self._ready: list[tuple[str, Worktree]] = []
        """Reset already, each to a commit."""
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._preparing = threading.Lock()
        self._tidier = ThreadPoolExecutor(1, "worktrees")

    @property
    def home(self) -> Path:
        """The repository that the worktrees are of."""
        return self._clone.path

    @property
    def lent(self) -> int:
        """How many worktrees are in use."""
        return self._lent

    @contextlib.contextmanager
    def lease(self, commit: str, *, one_of_many: bool = False) -> Iterator[Worktree]:
        """A clean worktree of *commit*, waiting for one to be free.

        Where it is *one_of_many* that are wanted of the same commit, it is reset after its use, by nobody who waits for
        it, and lent as it is then. Raises RepositoryError, and Cancelled once the run is stopped."""
        tree: Worktree | None = None
        try:
            tree = self._taken(commit, as_it_is=one_of_many and not self.exposed)
            with self._changed:
                self._lent += 1
            yield tree
        finally:
            with self._changed:
                self._lent -= tree is not None
            self._put_back(tree)
            if tree and one_of_many:
                with contextlib.suppress(RuntimeError):  # closed meanwhile: nobody wants it any more
                    self._tidier.submit(self._tidy, commit)

    def prepare(self, commit: str, wanted: int) -> None:
        """Have so many worktrees before anybody asks for them, but for those that were asked for meanwhile.

        Raises RepositoryError, and Cancelled once the run is stopped."""
        with self._preparing:
            while True:
                with self._changed:
                    if not self._unmade or self._size - self._unmade >= wanted:
                        return
                    self._unmade -= 1
                tree: Worktree | None = None
                try:
                    tree = self._make(commit)
                finally:
                    self._put_back(tree, ready_at=commit)

    def close(self) -> None:
        """Make no more of them ahead: when this returns, none is under way."""
        with self._changed:
            self._unmade = 0
        self._tidier.shutdown(cancel_futures=True)
        with self._preparing:
            for home in filter(None, (self._home, *self._homes.values())):
                home.close()
            self._home, self._homes = None, {}

    def _taken(self, commit: str, *, as_it_is: bool) -> Worktree:
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._used or self._unmade)
            fit = next((entry for entry in self._ready if entry[0] == commit), None)
            if as_it_is and fit:
                self._ready.remove(fit)
                return fit[1]
            tree = self._used.pop() if self._used else self._ready.pop()[1] if self._ready else None
            self._unmade -= tree is None
        return self._reset(tree, commit) if tree else self._make(commit)

    def _reset(self, tree: Worktree, commit: str) -> Worktree:
        """The worktree reset, or another in its place where somebody has broken it."""
        try:
            self._homes[tree.path].clear(but=tree.path.name)
            self._put_beside(tree.path.parent)
            tree.reset(commit)
        except Cancelled:
            raise
        except (StomperError, OSError) as error:
            self._lost(tree, str(error))
            return self._make(commit)
        return tree

    def _tidy(self, commit: str) -> None:
        with self._changed:
            if not self._used:
                return  # somebody has taken it as it is
            used = self._used.pop()
        tree: Worktree | None = None
        try:
            with contextlib.suppress(StomperError):  # whoever wants one is told
                tree = self._reset(used, commit)
        finally:
            self._put_back(tree, ready_at=commit)

    def _make(self, commit: str) -> Worktree:
        # The folder keeps the repository's name: some tools and tests look at it.
        place = self._folder / str(next(self._numbers)) / self._clone.target.root.name
        try:
            with self._changed:
                self._home = self._home or OwnFolder(self._folder)
            self._home.check()
            if os.path.lexists(place.parent):  # somebody has made it beforehand
                raise Moved(f"{place.parent} is not Stomper's")
            self._homes[place] = OwnFolder(place.parent)
            self._put_beside(place.parent)
        except OSError as error:
            raise RepositoryError(f"no worktree can be made any more: {error}") from error
        return self._clone.add_worktree(place, commit, self.files)

    def _put_beside(self, folder: Path) -> None:
        """Have in *folder*, above a worktree, the configuration that tools find above the checkout, and no other."""
        for name, source in self.beside.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, folder / name)

    def _put_back(self, tree: Worktree | None, *, ready_at: str = "") -> None:
        """Let others have it; without it, one can be made in its place."""
        with self._changed:
            if tree is None:
                self._unmade += 1
            elif ready_at:
                self._ready.append((ready_at, tree))
            else:
                self._used.append(tree)
            self._changed.notify()
