"""One worktree: read, reset and patched by what Stomper knows of it, never by what an agent left there.

Two folders of git's belong to it. One is named by the `.git` file in it: agents, tests and hooks find HEAD and an index
there, and may do with them as they like. The other is Stomper's own, with a HEAD and an index that nobody else is told of:
all that Stomper asks git is asked of that one. So what is hidden by flags of an index, or kept by a lock, is so for whoever
did it alone. git tells by the times of a file's inode whether it was touched since, which nobody can set back."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from stomper.errors import Cancelled, RepositoryError, StomperError
from stomper.git.foreign_attributes import Attributes
from stomper.git.plumbing import AS_PATCH, git
from stomper.git.repository import parse_changes
from stomper.models import Patch
from stomper.system.file_snapshot import KeptFiles, Stamp, put, remove, stamp_of
from stomper.system.lent_files import LentFiles

# Every file is compared by all that is known of it, and each entry stands for one, whatever the user's git is set to.
_PLAIN_INDEX = (
    "-c", "core.trustctime=true", "-c", "core.checkStat=default", "-c", "core.ignoreStat=false",
    "-c", "core.splitIndex=false", "-c", "core.untrackedCache=false", "-c", "index.sparse=false",
    "-c", "core.sparseCheckout=false",
)  # fmt: skip


@dataclass(eq=False)
class Worktree:
    """One checkout of the private clone at *path*, whose `.git` names *git_dir*; *own* is Stomper's folder for it.

    git is told where the repository is, and does not look for it: what lies in the worktree may be an agent's work. Nor does
    it read a configuration that an agent has written. For one thread at a time."""

    path: Path
    git_dir: Path
    own: Path
    kept: KeptFiles
    """git's own files of the clone."""
    lent: LentFiles | None = None
    """What lies here beside what git tracks."""
    had_by: list[str] = field(default_factory=list)
    """Who worked here since the last reset by code that is not ours: then nothing here is believed but what files hold."""
    _left: Stamp | None = None
    """What tells the own index from any other, as the last git left it."""
    _attributes: Attributes = field(default_factory=Attributes)

    def __post_init__(self) -> None:
        self._real = os.path.realpath(self.path)

    def git(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """git in this worktree. Raises RepositoryError, also where somebody else was at Stomper's own index."""
        self.kept.restore()
        if stamp_of(self._index) != self._left:
            raise RepositoryError(f"somebody has changed {self._index}")
        places = {"DIR": self.own, "COMMON_DIR": self.git_dir.parent.parent, "WORK_TREE": self.path}
        env = {f"GIT_{name}": str(place) for name, place in places.items()} | {"GIT_INDEX_FILE": str(self._index)}
        try:
            return git((*_PLAIN_INDEX, *arguments), cwd=self.path, stdin=stdin, env=env)
        finally:
            self._left = stamp_of(self._index)

    def reset(self, commit: str) -> None:
        """Make it exactly *commit*, whatever was done to it. Touches only what differs. Raises RepositoryError."""
        self._regain()
        put_if_other(self.own / "HEAD", commit.encode() + b"\n")
        try:
            self._reset(commit)
        except Cancelled:
            raise
        except StomperError:
            _make_accessible(self.path)
            self._reset(commit)
        self.had_by.clear()
        self.show(commit)
        if self.lent:
            self.lent.lend(self.path)

    def _reset(self, commit: str) -> None:
        self.git("reset", "--hard", "--quiet", commit)
        shared = self.lent.shared if self.lent else ()  # put right below, and not made anew each time
        self.git("clean", "-ffdxq", *(word for folder in shared for word in ("-e", f"/{escaped(folder)}/")))

    def show(self, commit: str) -> None:
        """Make anew what others see of git here: HEAD at *commit*, on no branch, and an index that is as Stomper's own."""
        if self.git_dir.is_symlink() or not self.git_dir.is_dir():
            remove(self.git_dir)
            self.git_dir.mkdir(parents=True)
        plain = {"HEAD": f"{commit}\n", "commondir": "../..\n", "gitdir": f"{self.path}/.git\n"}
        for entry in os.scandir(self.git_dir):
            if entry.name not in plain:
                remove(Path(entry.path))
        for name, content in plain.items():
            put_if_other(self.git_dir / name, os.fsencode(content))
        put_if_other(self.path / ".git", self._pointer)
        self._show_index()

    @property
    def _pointer(self) -> bytes:
        return b"gitdir: " + os.fsencode(self.git_dir) + b"\n"

    def _show_index(self) -> None:
        shown = self.git_dir / "index"
        remove(shown)
        shutil.copy2(self._index, shown)  # by its time git knows which files it cannot be sure of

    @property
    def _index(self) -> Path:
        return self.own / "index"

    @property
    def redirected(self) -> bool:
        """Return whether the `.git` file, by which whoever works here finds the repository, was made to be another one."""
        return not _is(self.path / ".git", self._pointer)

    def _regain(self) -> None:
        """Take hold of it again after somebody else's work. Raises RepositoryError where it is not in its place."""
        self._check_place()
        self.own.mkdir(parents=True, exist_ok=True)
        self._unlock()
        if stamp_of(self._index) != self._left:
            remove(self._index)  # then every file is written anew
            self._left = None

    def _check_place(self) -> None:
        """Raise RepositoryError where a link leads to it by now: what would be reset then is somewhere else."""
        if os.path.realpath(self.path) != self._real or not self.path.is_dir():
            raise RepositoryError(f"{self.path} is not the folder any more that it was")

    def _unlock(self) -> None:
        """Nobody else works here now: a lock is of a git of ours that was killed."""
        (self.own / "index.lock").unlink(missing_ok=True)

    def apply(self, diff: bytes, *, three_way: bool = False) -> None:
        """Apply a patch to the files and the index. Raises RepositoryError when it does not fit."""
        way = ("--3way",) if three_way else ()
        self.git("apply", "--index", "--binary", "--whitespace=nowarn", *way, "-", stdin=diff)
        self._show_index()

    def hold(self, patch: Patch) -> None:
        """Bring a worktree that is at the patch's base to what *patch* makes of it: to the very blobs that would land.

        Raises RepositoryError when git does not take it, or makes anything else of it."""
        self.apply(patch.diff)
        if (made := self._differing(patch.base)) is None or made.changes != patch.changes:
            raise RepositoryError("applied to the base, it comes to something else")

    def patch(self, base: str) -> Patch | None:
        """All that differs from *base* now, new files too, whether committed meanwhile or not. None when nothing does.

        Where somebody worked here, the attributes of the base decide how files become blobs. Raises RepositoryError."""
        self._unlock()
        self._check_place()
        if self.had_by:
            self._attributes.put_aside(self.path, base, self.git)
        self.git("add", "--all")
        if self.had_by:
            self._attributes.take_in(self.git)
        return self._differing(base)

    def _differing(self, base: str) -> Patch | None:
        # An empty field parts the list of what differs from the patch of it.
        shown = self.git("diff-index", "--cached", "--raw", "-z", "--no-abbrev", *AS_PATCH, base)
        listing, _, diff = shown.partition(b"\0\0")
        return Patch(base=base, changes=parse_changes(listing), diff=diff) if shown else None


def escaped(path: str) -> str:
    """Return *path* as a pattern of git's that matches it alone."""
    return re.sub(r"([\\*?\[ ])", r"\\\1", path)


def put_if_other(file: Path, content: bytes) -> None:
    """Make *file* hold *content*, unless it does."""
    if not _is(file, content):
        put(file, content)


def _is(file: Path, content: bytes) -> bool:
    """Return whether *file* is a plain one that holds *content*."""
    try:
        return not file.is_symlink() and file.is_file() and file.read_bytes() == content
    except OSError:
        return False


def _make_accessible(tree: Path) -> None:
    """Give us back the right to enter and change every folder of *tree*."""
    tree.chmod(0o700)
    for folder, inside, _ in os.walk(tree):
        for name in inside:
            place = Path(folder, name)
            if not place.is_symlink() and not os.access(place, os.R_OK | os.W_OK | os.X_OK):
                place.chmod(0o700)
