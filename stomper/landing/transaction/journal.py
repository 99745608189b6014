"""What a landing is about to do, on disk before it begins: enough for any process to take it back, or to finish it.

The new files are made beside the checkout, and change places with the old ones; so as long as the journal lies there, both
are at hand, and which of the two is in the checkout can be seen by its inode."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from stomper.git.command_line import command, environment
from stomper.system import processes
from stomper.system.renaming import Place, enter, exchange, move

_FOLDER = "stomper-landing"
FILES = "files"
"""In the folder of a landing, where its files are."""
_JOURNAL, _INDEX, _STAMP, _MADE, _LOCKS = "journal.json", "index", "index.stamp", "made", "locks.json"
_SEEN = "seen.json"
_GIT_S = 60.0
Way = Literal["replace", "add", "delete"]


@dataclass(frozen=True)
class Entry:
    """One file of the checkout: its *path* as git spells it, and what is to become of it.

    *staged* is where the new file lies until it is in place, and the old one from then on. *stamp* tells the new one."""

    path: str
    way: Way
    staged: str
    stamp: str = ""

    @property
    def parts(self) -> tuple[str, ...]:
        """The folders on the way to it."""
        return tuple(self.path.split("/")[:-1])

    @property
    def name(self) -> str:
        """Its name in the last of them."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True)
class Journal:
    """A landing: from commit *old* to *new* on the branch *reference*, which is checked out at *root*.

    *folder* is where all lies that is made for it. *lock* is the inode of our `index.lock`."""

    folder: str
    root: str
    own_dir: str
    reference: str
    old: str
    new: str
    lock: int
    entries: tuple[Entry, ...]

    def write(self) -> None:
        """Put it on disk, for good before this returns."""
        place = Path(self.folder, _JOURNAL)
        part = place.with_suffix(".part")
        with part.open("w", encoding="utf-8") as file:
            json.dump({**vars(self), "entries": [vars(entry) for entry in self.entries]}, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(place)

    @property
    def index(self) -> Path:
        """The new index until it is in place, the old one from then on."""
        return Path(self.folder, _INDEX)

    @property
    def index_lock(self) -> Path:
        """Where git looks whether somebody works on the index."""
        return Path(self.own_dir, "index.lock")

    def stamp_index(self) -> None:
        """Write down what tells the new index, before it is put in place."""
        Path(self.folder, _STAMP).write_text(stamp(self.index.lstat()), encoding="utf-8")

    def note_locks(self, files: Iterable[Path]) -> None:
        """Write down which locks the git that moves the branch has taken: left over, they are ours to remove."""
        stamps = {}
        for file in files:
            with contextlib.suppress(OSError):
                stamps[str(file)] = stamp(file.lstat())
        Path(self.folder, _LOCKS).write_text(json.dumps(stamps), encoding="utf-8")

    def locks(self) -> dict[str, str]:
        """Return what `note_locks` wrote down: the files, each with its stamp. An inode is soon given to another."""
        return self._noted(_LOCKS)

    def note_seen(self, seen: Mapping[str, str]) -> None:
        """Write down what tells each file that is taken out of the checkout, before it is: by it a late write is known."""
        Path(self.folder, _SEEN).write_text(json.dumps(dict(seen)), encoding="utf-8")

    def seen(self) -> dict[str, str]:
        """Return what `note_seen` wrote down."""
        return self._noted(_SEEN)

    def end(self) -> None:
        """Write down that all is in place or taken back. Until then, from `note_seen` on, it is `half_done`."""
        Path(self.folder, _SEEN).unlink(missing_ok=True)

    def _noted(self, name: str) -> dict[str, str]:
        try:
            return {str(k): str(v) for k, v in json.loads(Path(self.folder, name).read_text(encoding="utf-8")).items()}
        except (OSError, ValueError):
            return {}

    def note_made(self, folder: str) -> None:
        """Write down that a *folder* of the checkout is ours, before it is made."""
        with Path(self.folder, _MADE).open("a", encoding="utf-8", errors="surrogateescape") as made:
            made.write(f"{folder}\0")

    def made(self) -> Sequence[str]:
        """Return the folders of the checkout that are ours, the deepest first."""
        try:
            listing = Path(self.folder, _MADE).read_text(encoding="utf-8", errors="surrogateescape")
        except FileNotFoundError:
            return ()
        return sorted({name for name in listing.split("\0") if name}, key=len, reverse=True)


def half_done(folder: Path) -> bool:
    """Return whether a landing has begun to change the checkout by what is in *folder*, and has not come to its end."""
    return (folder / _SEEN).exists()


def stamp(about: os.stat_result) -> str:
    """Return what tells a file, written to or not, from any other. The time of a rename is none of it."""
    return f"{about.st_dev} {about.st_ino} {about.st_mode} {about.st_size} {about.st_mtime_ns}"


@contextlib.contextmanager
def place_of(root: str, entry: Entry) -> Iterator[Place]:
    """The place of *entry* in the checkout. Raises OSError where a folder on the way is gone, or none any more."""
    folder = enter(root, entry.parts)
    try:
        yield Place(folder, entry.name)
    finally:
        os.close(folder)


@contextlib.contextmanager
def place(path: Path | str) -> Iterator[Place]:
    """The place *path*, in a folder of ours."""
    above, name = os.path.split(path)
    folder = os.open(above, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield Place(folder, name)
    finally:
        os.close(folder)


def home_of(own_dir: Path) -> Path:
    """Return the folder for the landings of the checkout that git keeps *own_dir* for."""
    return own_dir / _FOLDER


def make_folder(root: Path, own_dir: Path) -> Path:
    """Make a folder for all that a landing needs on disk, its files in `files` there: where git's own folder is on another
    file system than the checkout, that is a link to a folder in the checkout, which git does not show. Raises OSError."""
    folder = home_of(own_dir) / uuid.uuid4().hex[:12]
    folder.mkdir(parents=True, mode=0o700)
    if own_dir.stat().st_dev == root.stat().st_dev:
        (folder / FILES).mkdir()
        return folder
    near = root / f".{_FOLDER}" / folder.name
    try:
        (folder / FILES).symlink_to(near)
        near.mkdir(parents=True)
        (near.parent / ".gitignore").write_text("*\n", encoding="utf-8")
    except BaseException:
        remove(folder)
        raise
    return folder


def found(own_dir: Path) -> list[Journal]:
    """Return the journals that landings left in the checkout of *own_dir*. What was not begun is removed."""
    journals = []
    for folder in sorted(home_of(own_dir).glob("*")):
        try:
            journals.append(read(folder))
        except (OSError, ValueError, KeyError, TypeError):
            remove(folder)  # the journal is written whole before anything is done
    return journals


def read(folder: Path) -> Journal:
    """Return the journal in *folder*. Raises OSError and ValueError where there is none."""
    data = json.loads((folder / _JOURNAL).read_text(encoding="utf-8"))
    entries = tuple(Entry(**entry) for entry in data.pop("entries"))
    return Journal(**data, entries=entries)


def take_back(journal: Journal, *, index: bool = True) -> tuple[str, ...]:
    """Put everything back that is as the landing left it, the *index* too; what somebody has written to since stays as it
    is. Returns what could not be put back, and lies in the journal's folder; to be tried again."""
    left = []
    try:
        if index:
            _put_index_back(journal)
    except OSError:
        left.append(str(Path(journal.own_dir, "index")))
    for entry in reversed(journal.entries):
        try:
            _put_back(journal, entry)
        except OSError:
            left.append(entry.path)
    for folder in journal.made():
        with contextlib.suppress(OSError):
            Path(journal.root, folder).rmdir()
    return tuple(left)


def _put_index_back(journal: Journal) -> None:
    try:
        ours = Path(journal.folder, _STAMP).read_text(encoding="utf-8")
    except FileNotFoundError:  # it was not in place yet
        return
    with place(journal.index) as staged, place(Path(journal.own_dir, "index")) as there:
        about = there.look()
        if about and stamp(about) == ours:
            exchange(staged, there)


def _put_back(journal: Journal, entry: Entry) -> None:
    """Put the old file back in place of the new one. Raises OSError where that cannot be; where somebody has removed the
    folder meanwhile, or made another file, that is not tried."""
    gone_on = contextlib.suppress(FileNotFoundError, NotADirectoryError, FileExistsError)
    with gone_on, place_of(journal.root, entry) as there, place(entry.staged) as staged:
        if entry.way == "delete":
            if staged.look():
                move(staged, there)
            return
        about = there.look()
        if about is None or stamp(about) != entry.stamp:
            return
        if entry.way == "add":
            move(there, staged)
        else:
            exchange(staged, there)


def remove(folder: Path) -> None:
    """Remove all that was made for a landing, once it is settled."""
    if (folder / FILES).is_symlink():
        near = (folder / FILES).readlink()
        shutil.rmtree(near, ignore_errors=True)
        with contextlib.suppress(OSError):
            if [place.name for place in near.parent.iterdir()] == [".gitignore"]:
                shutil.rmtree(near.parent)
    shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):
        folder.parent.rmdir()


def has_moved(journal: Journal) -> bool:
    """Return whether the branch holds the commits."""
    argv = command(("merge-base", "--is-ancestor", journal.new, journal.reference))
    done = processes.run(argv, cwd=Path(journal.root), timeout_s=_GIT_S, env=environment())
    return done.returncode == 0
