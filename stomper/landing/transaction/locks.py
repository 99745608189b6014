"""git's own locks, for as long as a landing takes: on the index by its file, on the branch by a git that has prepared to
move it. Both are given back before somebody waits long for them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from stomper.errors import RepositoryError
from stomper.git.command_line import command, environment
from stomper.landing.transaction.journal import Journal, place
from stomper.landing.transaction.staging import Move, lock_file
from stomper.system import processes, renaming

_ANSWER_S = 60.0


class Held(Exception):
    """Somebody else holds a lock of git's: the *file* says so."""

    def __init__(self, file: Path) -> None:
        super().__init__(str(file))
        self.file = file


@contextlib.contextmanager
def index_locked(journal: Journal) -> Iterator[None]:
    """Hold git's lock of the index in the block. Raises Held when somebody else does, and OSError."""
    ours, theirs = lock_file(journal), journal.index_lock
    try:
        os.link(ours, theirs)
    except FileExistsError:
        raise Held(theirs) from None
    except OSError:  # a file system without links
        try:
            with place(ours) as source, place(theirs) as target:
                renaming.move(source, target)
        except FileExistsError:
            raise Held(theirs) from None
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            if theirs.lstat().st_ino == journal.lock:
                if ours.exists():
                    theirs.unlink()
                else:
                    theirs.rename(ours)


@dataclass
class Reference:
    """The branch, held by a git that will move it through HEAD when it is told to, or not at all."""

    move: Move
    talk: processes.Conversation
    told: bool = False
    """Whether git was told to move it: until then it surely has not."""

    def commit(self) -> None:
        """Move the branch. Raises RepositoryError when git could not; then it has not moved."""
        logs = [self.move.own_dir / "logs" / "HEAD", self.move.git_dir / "logs" / self.move.reference]
        sizes = {log: log.stat().st_size for log in logs if log.is_file()}
        self.told = True
        try:
            self._say("commit")
        except RepositoryError:
            self._forget(sizes)
            raise
        self.talk.end(_ANSWER_S)

    def abort(self) -> None:
        """Give the locks back. Nothing has moved, unless it was committed."""
        self.talk.end(_ANSWER_S)

    def prepare(self) -> None:
        """Take the locks. Raises Held and RepositoryError."""
        try:
            self._say("start", f"update HEAD {self.move.new} {self.move.old}", "prepare")
        except RepositoryError:
            self.abort()
            if held := next((file for file in lock_files(self.move) if file.exists()), None):
                raise Held(held) from None
            raise

    def _forget(self, sizes: Mapping[Path, int]) -> None:
        """Take out of the reflogs what git wrote there before it failed: *sizes* is how long they were."""
        ours = f"{self.move.old} {self.move.new} ".encode()
        for log, size in sizes.items():
            with contextlib.suppress(OSError), log.open("r+b") as file:
                file.seek(size)
                if file.read().startswith(ours):
                    file.truncate(size)

    def _say(self, *lines: str) -> None:
        """Say *lines*, and wait until the last one is done."""
        with contextlib.suppress(BrokenPipeError):
            self.talk.tell("".join(f"{line}\n" for line in lines).encode())
        wanted = f"{lines[-1].split()[0]}: ok".encode()
        while (said := self.talk.answer()) and said.strip() != wanted:
            pass
        if not said:
            words = self.talk.complaint()
            raise RepositoryError(f"git could not move {self.move.branch} in {self.move.root}: {words[-2000:]}")


def lock_files(move: Move) -> tuple[Path, ...]:
    """Return the files by which git locks HEAD and the branch of *move*, where it keeps them in files."""
    return move.own_dir / "HEAD.lock", move.git_dir / f"{move.reference}.lock", move.git_dir / "packed-refs.lock"


@contextlib.contextmanager
def reference_locked(move: Move, journal: Journal, lifeline: int) -> Iterator[Reference]:
    """Hold git's locks of HEAD and of the branch in the block. Whoever waits at the other end of *lifeline* waits for that
    git too. Raises Held when somebody else has one, and RepositoryError when the branch is elsewhere."""
    argv = command(("update-ref", "-m", move.message, "--stdin"))
    talk = processes.converse(argv, cwd=move.root, env=environment(), pass_on=(lifeline,))
    reference = Reference(move, talk)
    try:
        reference.prepare()
        journal.note_locks(lock_files(move)[:2])  # the lock of packed references is not taken: it is somebody else's
        yield reference
    finally:
        reference.abort()
