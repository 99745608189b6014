"""The landing in the user's checkout: files, index and branch go from one commit to the next together, or not at all.

Under git's own locks all that is to be changed is looked at once more, by content; then the new files change places with
the old ones, the new index with the old one, and last the branch moves, from the commit that was proven on and no other.
Whatever fails on the way puts everything back; and when this process dies, another does so for it."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from stomper import progress
from stomper.errors import RepositoryError
from stomper.git.plumbing import WHOLE_INDEX, git, text
from stomper.git.unfinished import checkouts_of, head_of, root_of, unfinished
from stomper.landing.transaction.journal import Journal, half_done, has_moved, make_folder, place, remove, take_back
from stomper.landing.transaction.locks import Held, Reference, index_locked, reference_locked
from stomper.landing.transaction.look import Listed, absent, listed, look
from stomper.landing.transaction.settling import remove_empty_folders, written_late
from stomper.landing.transaction.staging import Move, stage
from stomper.landing.transaction.swap import put_in_place
from stomper.system import processes
from stomper.system.renaming import exchange

LOCK_WAIT_S = 60.0
_LOOK_AGAIN_S = 0.1


@dataclass(frozen=True)
class Ending:
    """How a landing ended: `moved`; or as if it had not been: `behind`, when the branch is elsewhere by now, `in the way`
    are *files*, each with why, or `refused` is all of it, and *why*."""

    state: Literal["moved", "behind", "in the way", "refused"]
    files: Mapping[str, str] = field(default_factory=dict)
    why: str = ""
    late: tuple[str, ...] = ()
    """Files that have landed, and that lie in the checkout as somebody has written to them in that moment."""


class NotPutBack(RepositoryError):
    """A landing failed, and some of the user's files lie beside the checkout."""


def carry_out(
    move: Move, lock: Path, wait_s: float = LOCK_WAIT_S, *, ready: Callable[[], object] = lambda: None
) -> Ending:
    """Land. *lock* is the lock of the repository, which the caller holds; git's own are waited for, *wait_s* at most.
    *ready* returns once the repository lacks nothing of the commit.

    Raises RepositoryError, OSError, and Cancelled once the run is stopped; nothing is changed then."""
    folder = make_folder(move.root, move.own_dir)
    try:
        with _kept(folder, lock) as lifeline:
            journal = stage(move, folder, _left_out(move))
            ready()
            progress.emit(progress.LandingStep("staged"))
            return _when_free(move, journal, lifeline, wait_s)
    finally:
        if not half_done(folder):  # else it is for the keeper to settle, once we are gone
            remove(folder)


def _left_out(move: Move) -> frozenset[str]:
    """Return which files are absent on purpose, as far as can be seen before the lock is held."""
    lacking = (c for c in move.changes if int(c.old_mode, 8) and not os.path.lexists(move.root / c.path))
    return absent(move, listed(move, move.own_dir / "index")) if any(lacking) else frozenset()


def refusal(move: Move) -> str:
    """Return why nobody may move the branch now, in words; empty when one may."""
    if why := unfinished(move.git_dir, move.branch):
        return why
    others = [root_of(place) for place in checkouts_of(move.git_dir, move.branch, but=move.own_dir)]
    if others:
        return f"{move.branch} is checked out in {others[0]} too by now: switch that one to another branch"
    head = head_of(move.own_dir)
    if head != move.reference:
        on = head.removeprefix("refs/heads/")
        there = "on no branch" if head == on else f"on {on}"
        return f"{move.root} is {there} by now: `git switch {move.branch}`"
    return ""


def _when_free(move: Move, journal: Journal, lifeline: int, wait_s: float) -> Ending:
    give_up, told = time.monotonic() + wait_s, False
    while True:
        try:
            return _under_locks(move, journal, lifeline)
        except Held as held:
            if time.monotonic() >= give_up:
                return Ending("refused", why=_held(held.file, wait_s))
            if not told:
                progress.emit(progress.StageBegan("wait", detail=f"another git holds {held.file}"))
            told = True
        processes.pause(_LOOK_AGAIN_S)


def _held(file: Path, wait_s: float) -> str:
    return (
        f"{file} was there for {wait_s:.0f} s: a git is at work (a commit whose message is being written, say), or one was "
        "killed; end it, or remove the file where none is"
    )


def _under_locks(move: Move, journal: Journal, lifeline: int) -> Ending:
    with index_locked(journal):
        progress.emit(progress.LandingStep("locked"))
        try:
            with reference_locked(move, journal, lifeline) as reference:
                if why := refusal(move):  # under the lock: nobody switches any more
                    return Ending("refused", why=why)
                return _all_or_nothing(move, journal, reference)
        except NotPutBack:
            raise
        except RepositoryError:
            if why := refusal(move):
                return Ending("refused", why=why)
            if _tip(move) != move.old:
                return Ending("behind")
            raise


def _all_or_nothing(move: Move, journal: Journal, reference: Reference) -> Ending:
    before = _copy_index(move, journal)
    index = listed(move, journal.index)
    left_out = absent(move, index)
    staged = {entry.path for entry in journal.entries}
    if appeared := {c.path for c in move.changes if c.path not in left_out} - staged:
        return Ending("in the way", dict.fromkeys(appeared, "it came into the checkout in the moment of landing"))
    seen = look(move, index, left_out, Path(journal.folder, "look"))
    if seen.in_the_way:
        return Ending("in the way", seen.in_the_way)
    journal.note_seen(seen.files)
    progress.emit(progress.LandingStep("looked"))
    try:
        if wrong := put_in_place(journal, seen.files):
            _put_all_back(journal)
            return Ending("in the way", wrong)
        progress.emit(progress.LandingStep("files"))
        _update_index(move, journal, index)
        _exchange_index(move, journal, before)
        progress.emit(progress.LandingStep("index"))
        reference.commit()
    except BaseException:
        if not (reference.told and has_moved(journal)):
            _put_all_back(journal)
            raise
    progress.emit(progress.LandingStep("moved"))
    late = written_late(journal, seen.files)
    remove_empty_folders(journal)
    journal.end()
    return Ending("moved", late=tuple(late))


def _put_all_back(journal: Journal) -> None:
    """Put everything back. Raises NotPutBack where something cannot be; it stays at hand for the next to try."""
    if left := take_back(journal):
        raise NotPutBack(
            f"{', '.join(left)} could not be put back as they were: what was there is in {journal.folder}, and the next run "
            "tries again"
        )
    journal.end()


def _copy_index(move: Move, journal: Journal) -> os.stat_result:
    """Copy the checkout's index for us to change. Returns what tells the original. Raises RepositoryError."""
    index = move.own_dir / "index"
    try:
        about = index.stat()
        shutil.copy2(index, journal.index)
    except FileNotFoundError:
        raise RepositoryError(f"{move.root} has no index: `git status` tells what that means") from None
    return about


def _update_index(move: Move, journal: Journal, before: Mapping[str, Listed]) -> None:
    """Have our copy of the index know the new files, flagged as they were. Raises RepositoryError."""

    def update(*words: str, entries: bytes = b"") -> None:
        env = {"GIT_INDEX_FILE": str(journal.index)}
        git((*WHOLE_INDEX, "update-index", *words), cwd=move.root, env=env, stdin=entries, ok=(0, 1))

    info = [f"{c.new_mode} {c.new_blob}\t".encode() + os.fsencode(c.path) + b"\0" for c in move.changes]
    update("-z", "--index-info", entries=b"".join(info))
    update("-q", "--refresh")  # exit code 1: some files differ
    kept = [(c.path, before[c.path]) for c in move.changes if c.path in before and not c.deleted]
    skipped = [path for path, file in kept if file.skipped]
    overlooked = [path for path, file in kept if file.overlooked]
    for flag, paths in (("--skip-worktree", skipped), ("--assume-unchanged", overlooked)):
        if paths:
            update(flag, "-z", "--stdin", entries=b"".join(os.fsencode(path) + b"\0" for path in paths))
    journal.stamp_index()


def _exchange_index(move: Move, journal: Journal, before: os.stat_result) -> None:
    """Put our index in place. Raises RepositoryError when the one that came out is not the one that was copied."""
    with place(journal.index) as ours, place(move.own_dir / "index") as theirs:
        exchange(ours, theirs)
        out = ours.look()
    known = (before.st_ino, before.st_mtime_ns, before.st_size)
    if out is None or (out.st_ino, out.st_mtime_ns, out.st_size) != known:
        raise RepositoryError(f"{move.own_dir / 'index'} was changed by somebody who heeds no lock")


def _tip(move: Move) -> str:
    return text(("rev-parse", "--verify", "--quiet", move.reference), cwd=move.root, ok=(0, 1))


@contextlib.contextmanager
def _kept(folder: Path, lock: Path) -> Iterator[int]:
    """Have a process wait for our end in the block. Yields what it waits at: who holds that is waited for too."""
    waits, lifeline = os.pipe()
    try:
        argv = (sys.executable, "-P", "-m", "stomper.landing.transaction.keeper", str(waits), str(folder), str(lock))
        log = folder / "keeper.log"
        kept = {name: value for name, value in os.environ.items() if name != processes.COOKIE}
        keeper = processes.start_background(argv, cwd=folder, env=kept, log=log, pass_on=(waits,))
        os.close(waits)
        threading.Thread(target=keeper.wait, daemon=True).start()
        yield lifeline
    finally:
        os.close(lifeline)
