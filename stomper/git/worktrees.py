"""Where the work is done: a private clone outside the repository that borrows its objects, and worktrees of that.

The worktrees are not worktrees of the user's own `.git`: those would share refs, stashes, hooks and configuration with
it, so that an agent could change them, and a killed run would leave entries there. Nothing here writes to the target.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stomper.git.plumbing import AS_PATCH, WHOLE_INDEX, git, names, text
from stomper.git.repository import Target, copied_config, promisors
from stomper.git.worktree import Worktree, escaped
from stomper.models import Patch
from stomper.state import paths
from stomper.system.file_snapshot import KeptFiles, put
from stomper.system.lent_files import LentFiles
from stomper.system.own_folders import OwnFolder

_KEPT = (
    "config", "HEAD", "packed-refs", "shallow", "info/attributes", "info/exclude", "objects/info/alternates",
    "config.worktree", "commondir", "info/grafts", "info/sparse-checkout", "hooks",
)  # fmt: skip
"""What decides what git makes of the clone; there is none of the last few, and none is to come."""


@dataclass
class SharedClone:
    """A bare repository whose objects are the target's (git's alternates) plus what the run makes."""

    path: Path
    target: Target
    _kept: KeptFiles = field(init=False)
    _home: OwnFolder = field(init=False)
    _adding: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._home = OwnFolder(self.path)
        self._kept = KeptFiles((self.path / name for name in _KEPT), self._home)

    def keep(self) -> None:
        """Take what git's own files of the clone say to be meant so from now on."""
        self._kept.keep()

    def mend(self) -> list[str]:
        """Put back what somebody has made of git's own files of the clone, and return their names. Raises OSError where the
        clone is not in its place any more."""
        self._home.find()
        for folder in (self.path / "refs", self.path / "objects" / "info"):
            if not folder.is_dir():
                put(folder, None)
                folder.mkdir(parents=True)
        return [str(file.relative_to(self.path)) for file in self._kept.restore()]

    def exclude(self, paths: Sequence[str]) -> None:
        """Have git ignore these *paths* of every worktree that is made from now on."""
        with (self.path / "info" / "exclude").open("a", encoding="utf-8", errors="surrogateescape") as exclude:
            exclude.writelines(f"/{escaped(path)}\n" for path in paths)
        self.keep()

    @classmethod
    def create(cls, target: Target, folder: Path) -> SharedClone:
        """Make it in *folder*; the tags come along, since builds and tests may describe themselves by them."""
        path = folder / "clone.git"
        object_format = text(("rev-parse", "--show-object-format"), cwd=target.root)
        git(("init", "--bare", "--quiet", "--template=", f"--object-format={object_format}", str(path)), cwd=folder)
        (path / "objects" / "info" / "alternates").write_text(f"{target.git_dir / 'objects'}\n")
        if target.shallow:
            shutil.copy(target.git_dir / "shallow", path / "shallow")
        for name in ("attributes", "exclude"):
            with contextlib.suppress(FileNotFoundError):
                (path / "info").mkdir(exist_ok=True)
                shutil.copy(target.git_dir / "info" / name, path / "info" / name)
        for key, value in (*copied_config(target.root), *promisors(target.root)):
            git(("config", "--replace-all" if key == "core.repositoryformatversion" else "--add", key, value), cwd=path)
        tags = git(("for-each-ref", "--format=create %(refname) %(objectname)", "refs/tags"), cwd=target.root)
        git(("update-ref", "--stdin"), cwd=path, stdin=tags)
        return cls(path, target)

    def snapshot(self, *, staged: Path | None = None, on_disk: bool = False, taken: Iterable[str] = ()) -> str:
        """A commit of the clone with the user's uncommitted work on top of HEAD: what is in the index *staged*, or in the
        checkout's own, and over it the files *taken* as they lie in the checkout; *on_disk*, all that the index knows.

        Made with an index and an object folder of our own, so that nothing is written to the target."""
        root, target = self.target.root, self.target
        index = self.path / "snapshot.index"
        place = staged or root / os.fsdecode(git(("rev-parse", "--git-path", "index"), cwd=root)).rstrip("\n")
        if place.exists():
            shutil.copy2(place, index)  # by its time git knows which files it cannot be sure of
        env = {
            "GIT_INDEX_FILE": str(index),
            "GIT_OBJECT_DIRECTORY": str(self.path / "objects"),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(target.git_dir / "objects"),
            **{f"GIT_{who}_{what}": "stomper" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        }
        edited = git(("diff-files", "--name-only", "-z", "--no-ext-diff"), cwd=root, env=env) if on_disk else b""
        if paths := [p for p in {*taken, *names(edited)} - target.submodules if not p.endswith("/")]:
            listing = b"\0".join(os.fsencode(p) for p in paths)
            add = ("add", "--all", "--pathspec-from-file=-", "--pathspec-file-nul")
            git((*WHOLE_INDEX, *add), cwd=root, stdin=listing, env=env)
        tree = git((*WHOLE_INDEX, "write-tree"), cwd=root, env=env).decode().strip()
        parent = ("-p", target.head) if target.head else ()
        commit = git(("commit-tree", tree, *parent, "-m", "uncommitted work"), cwd=root, env=env)
        index.unlink(missing_ok=True)
        return commit.decode().strip()

    def diff(self, old: str, new: str) -> bytes:
        """What leads from one commit to another, as a patch."""
        return git(("diff-tree", "-r", *AS_PATCH, old, new), cwd=self.path)

    def add_worktree(self, path: Path, commit: str, lent: LentFiles | None = None) -> Worktree:
        """A new worktree at *commit*, with what is *lent* beside.

        They are added one at a time, since git itself fails when two are at once, and then
        filled side by side."""
        self.mend()
        with self._adding:
            git(("worktree", "add", "--detach", "--quiet", "--no-checkout", str(path), commit), cwd=self.path)
        pointer = (path / ".git").read_text(encoding="utf-8", errors="surrogateescape")
        git_dir = Path(pointer.removeprefix("gitdir: ").rstrip("\n"))
        tree = Worktree(path, git_dir, self.path.parent / "own" / git_dir.name, self._kept, lent)
        tree.reset(commit)
        return tree


_SPARE_BYTES = 2 * 1024**3


def in_memory(clone: SharedClone, run_id: str, commit: str) -> Path | None:
    """A folder in memory with ample room for a checkout of *commit*; None where there is none that programs may run in.

    Measured: a checkout of 2,000 files takes 0.09 s there and 0.8 to 1.9 s on the disk of the same machine. Only for
    trees that nobody writes to: what tests and agents write is not to fill the memory."""
    try:
        room = os.statvfs(paths.in_memory(run_id).parent)
    except OSError:
        return None
    entries = git(("ls-tree", "-r", "-l", "-z", commit), cwd=clone.path).split(b"\0")
    needed = sum(int(size) for e in entries if (size := e.partition(b"\t")[0].rpartition(b" ")[2]).isdigit())
    if room.f_flag & os.ST_NOEXEC or room.f_bavail * room.f_frsize < 4 * needed + _SPARE_BYTES:
        return None
    folder = paths.in_memory(run_id)
    folder.mkdir(mode=0o700)
    return folder


def quote(path: str) -> bytes:
    """*path* in the C-style quotes that fast-import takes for any name."""
    raw = path.encode("utf-8", "surrogateescape").replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    return b'"' + raw + b'"'


def build_commits(
    clone: SharedClone, base: str, patches: Sequence[tuple[Patch, bytes]], *, author: str, committer: str
) -> list[str]:
    """One commit for each (patch, message) on top of *base*, in the private clone. Returns their ids in order."""
    ref = "refs/stomper/built"
    stream = []
    for number, (patch, message) in enumerate(patches, start=1):
        who = f"author {author}\ncommitter {committer}\n".encode("utf-8", "surrogateescape")
        head = b"commit %s\nmark :%d\n%sdata %d\n%s\n" % (ref.encode(), number, who, len(message), message)
        parent = base if number == 1 else f":{number - 1}"
        lines = [head, f"from {parent}\n".encode()]
        # Deletions first: a folder may become a file.
        lines += [b"D %s\n" % quote(c.path) for c in patch.changes if c.deleted]
        lines += [
            b"M %s %s %s\n" % (c.new_mode.encode(), c.new_blob.encode(), quote(c.path))
            for c in patch.changes
            if not c.deleted
        ]
        stream += lines
    stream += [b"get-mark :%d\n" % number for number in range(1, len(patches) + 1)]
    out = git(
        ("fast-import", "--quiet", "--force", "--date-format=raw", "--done"),
        cwd=clone.path,
        stdin=b"".join([*stream, b"done\n"]),
    )
    return out.decode().split()
