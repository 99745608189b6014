"""What happens to the user's checkout while agents run: looked at before and after each call of one that could reach it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from stomper import locks, progress
from stomper.git import Target, git, names
from stomper.models import Model

_LANDING_S = 60.0


class Violation(Model):
    """What changed in the user's repository while agents were running."""

    what: str
    before: str
    after: str
    agents: tuple[str, ...]

    @property
    def words(self) -> str:
        """One line for people."""
        if self.what.startswith("file "):  # what is kept of a file is that it is not as committed
            return f"{self.what} {'was edited or made' if self.after else 'is as committed again'}"
        return f"{self.what} {'is new' if not self.before else 'changed' if self.after else 'is gone'}"


@dataclass
class Watch:
    """The state of the user's repository as it was last seen, and what changed while agents were running.

    A change that comes while none of them runs is the user's own, and one that *landed* says was a landing is another run's;
    *landing* is the lock that one holds while the repository is between two states."""

    target: Target
    landed: Callable[[str, str, str], bool] = lambda _branch, _before, _after: False
    landing: Path | None = None
    violations: list[Violation] = field(default_factory=list)
    _known: dict[str, str] = field(default_factory=dict)
    _running: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextlib.contextmanager
    def during(self, agent: str, path: str) -> Iterator[None]:
        """Watch while *agent* works on *path*."""
        call = f"{agent} on {path}"
        with self._lock:
            if not self._running:
                self._known = self._look()
            self._running.append(call)
        try:
            yield
        finally:
            with self._lock:
                self._compare()
                self._running.remove(call)

    def _look(self) -> dict[str, str]:
        if self.landing is None:
            return look(self.target)
        with locks.Lock(self.landing) as lock:
            lock.acquire(shared=True, timeout_s=_LANDING_S)  # an agent that holds it for longer is seen all the same
            return look(self.target)

    def _compare(self) -> None:
        now = self._look()
        for what in sorted(self._known.keys() | now.keys()):
            before, after = self._known.get(what, ""), now.get(what, "")
            if before != after and not self._another_runs(what, before, after):
                agents = tuple(sorted(self._running))
                shown = os.fsencode(what).decode(errors="replace")  # names need not be UTF-8, reports are
                self.violations.append(Violation(what=shown, before=before, after=after, agents=agents))
                progress.emit(progress.Violated(self.violations[-1].words, agents))
        self._known = now

    def _another_runs(self, what: str, before: str, after: str) -> bool:
        branch = what.removeprefix("ref refs/heads/")
        return branch != what and bool(after) and self.landed(branch, before, after)


def look(target: Target) -> dict[str, str]:
    """HEAD, refs, index, configuration, hooks and the files that are not as committed, each with what tells it apart."""
    root = target.root
    status = ("status", "--porcelain=v1", "-z", "--untracked-files=all", "--ignored=matching", "--no-renames")
    found = {}
    for entry in names(git(status, cwd=root)):
        found[f"file {entry[3:]}"] = f"{entry[:2].strip()} {_stamp(root / entry[3:])}"
    # Not what a remote has: editors fetch in the background.
    kinds = ("refs/heads", "refs/tags", "refs/stash", "refs/notes", "refs/replace", "refs/bisect")
    refs = git(("for-each-ref", "--format=%(refname) %(objectname)", *kinds), cwd=root).decode(errors="surrogateescape")
    for line in refs.splitlines():
        name, _, commit = line.rpartition(" ")
        found[f"ref {name}"] = commit
    own = Path(os.fsdecode(git(("rev-parse", "--absolute-git-dir"), cwd=root)).rstrip("\n"))
    hooks = sorted((target.git_dir / "hooks").glob("*"))
    places = (own / "HEAD", own / "config.worktree", target.git_dir / "config", *hooks)
    for file in places:
        with contextlib.suppress(OSError):
            found[f"git's {file.name}"] = hashlib.sha256(file.read_bytes()).hexdigest()[:12]
    # Not the index's bytes: git itself refreshes what it knows of unchanged files. What a landing brings in is in HEAD too.
    staged = git(("diff-index", "--cached", "--raw", "-z", "--no-renames", "--ita-visible-in-index", "HEAD"), cwd=root)
    found["the index"] = hashlib.sha256(staged).hexdigest()[:12]
    return found


def _stamp(path: Path) -> str:
    try:
        about = path.lstat()
    except OSError:
        return "gone"
    if path.is_dir():
        return "folder"  # of ignored files: caches come and go in there
    return f"{about.st_mode:o} {about.st_size} {about.st_mtime_ns}"
