"""What can be seen of the user's repository, by one process of git where nothing has been staged since the last look."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stomper.git.plumbing import WHOLE_INDEX, git, names
from stomper.git.refs import Refs
from stomper.git.repository import Target
from stomper.git.user_settings import UserSettings

_STATUS = ("status", "--porcelain=v2", "-z", "--untracked-files=all", "--ignored=matching", "--no-renames")
_LONGEST = 4096
_REPLACED_S = 0.3
_RUN_BY_STATUS = ("setting filter.", "setting core.attributesfile", "setting core.fsmonitor", "git's attributes")
_FIELDS = {"1": 8, "u": 10, "?": 1, "!": 1}  # before the path of an entry: one changed, unmerged, untracked, ignored


@dataclass
class Sight:
    """Looks at the repository again and again. *folder* is for its own copy of the index. One look at a time."""

    target: Target
    folder: Path
    _refs: Refs = field(init=False)
    _settings: UserSettings = field(init=False)
    _index: Index = field(init=False)
    _programs: dict[str, str] | None = None
    """What names programs that git runs as it looks at files, as it was at the first look."""
    _last: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._refs = Refs(self.target)
        self._settings = UserSettings(self.target)
        self._index = Index(self.target, self.folder / "seen.index")

    def look(self) -> dict[str, str]:
        """Look as `_look` does; once more where a file has just gone: git takes one away for a moment as it replaces it.

        Raises RepositoryError when git cannot say."""
        before = self._last
        found = self._look()
        if any(
            value.endswith(" gone") and not before.get(what, " gone").endswith(" gone") for what, value in found.items()
        ):
            time.sleep(_REPLACED_S)
            found = self._look()
        return found

    def _look(self) -> dict[str, str]:
        """HEAD, refs, index, configuration, hooks and the files that are not as committed, each with what tells it apart.

        Raises RepositoryError when git cannot say."""
        root, found = self.target.root, dict[str, str]()
        settings, own = self._settings.read(), dict(self._own_files())
        told = {f"setting {key}": value for key, value in settings.items()} | own
        programs = {key: value for key, value in told.items() if key.startswith(_RUN_BY_STATUS)}
        if self._programs not in (None, programs):
            return {**self._last, **told}  # it would run what somebody has put there; that is enough to be seen
        self._programs = programs
        env = self._index.read()
        # Not the index's bytes: git itself refreshes what it knows of unchanged files. What a landing brings in is in HEAD
        # too.
        staged = hashlib.sha256()
        for entry in names(git(_STATUS, cwd=root, env=env)):
            *about, path = entry.split(" ", _FIELDS[entry[0]])
            found[f"file {path}"] = f"{' '.join(about[:3])} {_stamp(root / path)}"
            if about[0] in "1u" and about[1][0] != ".":
                staged.update(os.fsencode(f"{_staged(about)}\0{path}\0"))
        found["the index"] = staged.hexdigest()[:12]
        found["the index's flags"] = hashlib.sha256(self._index.flags).hexdigest()[:12]
        found["the index's entries"] = str(self._index.entries)
        for path in self._index.hidden:
            found[f"file {path}"] = f"hidden {_stamp(root / path)}"
        found |= {f"ref {name}": commit for name, commit in self._refs.read().items()}
        found |= {f"log {name}": told for name, told in _logs(self.target)}
        self._last = found
        return {**found, **told}

    def _own_files(self) -> Iterator[tuple[str, str]]:
        own, common = self.target.own_dir, self.target.git_dir
        rules = ("info/attributes", "info/exclude", "info/grafts", "objects/info/alternates")
        for file in (own / "HEAD", self.target.root / ".git", *(common / name for name in rules)):
            with contextlib.suppress(OSError):
                yield f"git's {file.name}", hashlib.sha256(file.read_bytes()).hexdigest()[:12]
        with contextlib.suppress(OSError):
            for name, told in self._settings.hooks():
                yield f"git's {name}", told


class Index:
    """A copy of the user's index that git has brought up to date with the files, as it may not do with the original.

    Without it, git reads all files again at each look that were written shortly before the index, or copied since: measured
    in a checkout of 400 files, 15 ms of CPU time instead of 5."""

    def __init__(self, target: Target, copy: Path) -> None:
        self._target = target
        self._copy = copy
        self._env = {"GIT_INDEX_FILE": str(copy)}
        self._made_of: tuple[bytes, object] | None = None
        """What the original held, and what tells the copy as it was made from any other file."""
        self.flags = b""
        """The entries that git is told not to look for in the checkout."""
        self.hidden: tuple[str, ...] = ()
        """Of these, the files whose changes git is told to overlook."""
        self.entries = 0
        """How many there are."""

    def read(self) -> Mapping[str, str]:
        """The environment in which git reads the copy, made anew when the original has changed."""
        try:
            with (self._target.own_dir / "index").open("rb") as file:
                data, about = file.read(), os.fstat(file.fileno())
        except FileNotFoundError:
            data, about = b"", None
        if self._made_of != (data, self._identity()):
            self._made_of, self.flags, self.hidden = None, b"", ()
            self.entries = int.from_bytes(data[8:12], "big")  # version, then their number, after four letters
            self._copy.unlink(missing_ok=True)
            if about:
                self._copy.write_bytes(data)
                # By its time git knows which files it cannot be sure of.
                os.utime(self._copy, ns=(about.st_atime_ns, about.st_mtime_ns))
                self._refresh()
            self._made_of = data, self._identity()
        return self._env

    def _refresh(self) -> None:
        refresh = ("update-index", "-q", "--refresh", "--force-write-index")  # exit code 1: some files differ
        git((*WHOLE_INDEX, *refresh), cwd=self._target.root, env=self._env, ok=(0, 1))
        listing = git(("ls-files", "-v", "-z"), cwd=self._target.root, env=self._env).split(b"\0")
        flagged = [line for line in listing if line[:1] not in (b"", b"H")]
        self.flags = b"\0".join(flagged)
        self.hidden = tuple(os.fsdecode(line[2:]) for line in flagged if line[:1].islower())

    def _identity(self) -> object:
        try:
            about = self._copy.stat()
        except FileNotFoundError:
            return None
        return about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns


def _logs(target: Target) -> Iterator[tuple[str, str]]:
    """The logs of HEAD, the branches and the stash: the size of each, and what tells its first line, the first to go."""
    common = target.git_dir / "logs"
    places = [target.own_dir / "logs" / "HEAD", common / "refs" / "stash"]
    places += (Path(folder, name) for folder, _, files in os.walk(common / "refs" / "heads") for name in files)
    for place in places:
        with contextlib.suppress(OSError), place.open("rb") as log:
            first = hashlib.sha256(log.readline(_LONGEST)).hexdigest()[:12]
            base = target.own_dir if place.name == "HEAD" else target.git_dir
            yield place.relative_to(base / "logs").as_posix(), f"{os.fstat(log.fileno()).st_size} {first}"


def _staged(about: Sequence[str]) -> Sequence[str]:
    """Of what status says of a file: its modes and blobs at HEAD and in the index, without those of the checkout."""
    kind, state, _, *rest = about
    return (kind, state[0], *rest[:-3], *rest[-2:]) if kind == "1" else (kind, state, *rest[:3], *rest[4:])


def _stamp(path: Path) -> str:
    try:
        about = path.lstat()
    except OSError:
        return "gone"
    if path.is_dir():
        return "folder"  # of ignored files: caches come and go in there
    return f"{about.st_mode:o} {about.st_size} {about.st_mtime_ns}"
