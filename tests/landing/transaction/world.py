"""A small repository, a landing in it, and what a user does to it meanwhile: each act with what must be true ever after."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from stomper.git.repository import read_changes
from stomper.landing.transaction.staging import Move
from tests.support.repositories import git, write

BEFORE: dict[str, str | bytes] = {
    "pkg/a.py": "import os\na = 1\n",
    "pkg/b.py": "import os\nb = 1\n",
    "pkg/deep/c.py": "import os\nc = 1\n",
    "gone/d.py": "import os\nd = 1\n",
    "windows.txt": b"import os\r\ne = 1\r\n",
    "run.sh": "echo 1\n",
    "other.txt": "1\n",
    "pkg/other.py": "o = 1\n",
    ".gitattributes": "windows.txt text eol=crlf\n",
}
AFTER: dict[str, str | bytes] = {
    "pkg/a.py": "a = 1\n",
    "pkg/b.py": "b = 1\n",
    "pkg/deep/c.py": "c = 1\n",
    "windows.txt": b"e = 1\r\n",
    "run.sh": "echo 2\n",
    "new/folder/f.py": "f = 1\n",
}
LANDED = (*AFTER, "gone/d.py")
PLACES = (*LANDED, "other.txt", "pkg/other.py", "mine.txt")
"""What users do something to: the files that are landed, others, and a new one."""


def make_template(root: Path) -> Move:
    """Make the repository at *root*, `main` at the commit before the landing. Returns the landing, for that place."""
    root.mkdir(parents=True)
    git(root, "init", "--quiet", "-b", "main")
    git(root, "config", "user.name", "Tester")
    git(root, "config", "user.email", "tester@example.invalid")
    write(root, BEFORE)
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "-m", "older")
    write(root, {"other.txt": "2\n"})
    git(root, "commit", "--quiet", "-am", "before")
    old = git(root, "rev-parse", "HEAD")
    git(root, "switch", "--quiet", "--detach")
    write(root, AFTER)
    (root / "run.sh").chmod(0o755)
    git(root, "rm", "--quiet", "gone/d.py")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "-m", "landed")
    new = git(root, "rev-parse", "HEAD")
    git(root, "update-ref", "refs/stomper/new", new)
    git(root, "switch", "--quiet", "main")
    git(root, "branch", "feature", "HEAD~1")
    return move_in(root, old, new)


def move_in(root: Path, old: str, new: str) -> Move:
    """The landing from *old* to *new* in the repository at *root*."""
    return Move(root, root / ".git", root / ".git", "main", old, new, read_changes(root, old, new))


@dataclass
class World:
    """The repository of one history, and all that its user has done: what lies where, as it was left."""

    root: Path
    move: Move
    files: dict[str, bytes | None] = field(default_factory=dict)
    """What the user left at a path, not committed: a content, a link's target, or nothing."""
    index: dict[str, str] = field(default_factory=dict)
    """What the user left in the index at a path."""
    kept: set[str] = field(default_factory=set)
    """Commits of the user, which some ref, reflog or stash must hold."""
    locks: set[Path] = field(default_factory=set)
    moved_on: bool = False
    """Whether the user has moved HEAD or `main`, or has git rewrite files: they differ then from both commits."""
    number: int = 0
    said: list[str] = field(default_factory=list)

    def git(self, *arguments: str) -> bool:
        """git by the user, who is told where it is locked. Whether it worked."""
        done = subprocess.run(("git", *arguments), cwd=self.root, capture_output=True, text=True, check=False)
        return done.returncode == 0

    def token(self) -> bytes:
        """A content that nobody else has."""
        self.number += 1
        return b"mine = %d\n" % self.number

    def note(self, path: str) -> None:
        """Take down what lies at *path* now."""
        place = self.root / path
        if place.is_symlink():
            self.files[path] = os.fsencode(place.readlink())
        elif place.is_dir():
            self.files[path] = b"a folder"
        else:
            self.files[path] = place.read_bytes() if place.exists() else None


Act = Callable[[World, str], None]


def edit(world: World, path: str) -> None:
    """Write to a file, as simple editors do."""
    if (world.root / path).is_dir():
        return
    (world.root / path).unlink(missing_ok=True) if (world.root / path).is_symlink() else None
    write(world.root, {path: world.token()})
    world.note(path)


def save(world: World, path: str) -> None:
    """Write to a file, as careful editors do: a new one in place of it."""
    place = world.root / path
    if place.is_dir() or not place.parent.is_dir():
        return
    part = place.with_name(f"{place.name}~")
    part.write_bytes(world.token())
    part.replace(place)
    world.note(path)


def delete(world: World, path: str) -> None:
    """Remove a file. Where there is none just now, `rm` says so, and nothing was done."""
    place = world.root / path
    if os.path.lexists(place) and (place.is_symlink() or not place.is_dir()):
        place.unlink()
        world.note(path)


def link(world: World, path: str) -> None:
    """Put a link in place of a file."""
    place = world.root / path
    if place.is_dir() or not place.parent.is_dir():
        return
    place.unlink(missing_ok=True)
    place.symlink_to(f"nowhere-{world.number}")
    world.note(path)


def folder(world: World, path: str) -> None:
    """Put a folder in place of a file."""
    delete(world, path)
    (world.root / path).mkdir(parents=True, exist_ok=True)
    world.note(path)


def chmod(world: World, path: str) -> None:
    """Make a file executable."""
    place = world.root / path
    if place.is_file() and not place.is_symlink():
        place.chmod(0o777)
        world.note(path)


def stage(world: World, path: str) -> None:
    """Write to a file and stage that."""
    edit(world, path)
    if world.git("add", "--", path):
        world.index[path] = git(world.root, "ls-files", "--stage", "--", path)


def commit(world: World, path: str) -> None:
    """Write to a file and commit it."""
    edit(world, path)
    if world.git("add", "--", path) and world.git("commit", "--quiet", "-m", "mine", "--", path):
        world.kept.add(git(world.root, "rev-parse", "HEAD"))
        world.files.pop(path, None)
        world.index.pop(path, None)
        world.moved_on = True
    elif path in git(world.root, "diff", "--cached", "--name-only").splitlines():
        world.index[path] = git(world.root, "ls-files", "--stage", "--", path)


def amend(world: World, _: str) -> None:
    """Say the last commit in other words."""
    if world.git("commit", "--quiet", "--amend", "--allow-empty", "--only", "-m", f"amended {world.number}"):
        world.kept.add(git(world.root, "rev-parse", "HEAD"))
        world.moved_on = True


def reset(world: World, _: str) -> None:
    """Go back by one commit, and keep the files."""
    if world.git("reset", "--quiet", "--soft", "HEAD~1"):
        world.moved_on = True


def switch(world: World, _: str) -> None:
    """Go to another branch."""
    if world.git("switch", "--quiet", "feature"):
        world.moved_on = True


def branch_off(world: World, _: str) -> None:
    """Begin a branch here."""
    if world.git("switch", "--quiet", "-c", f"new-{world.number}"):
        world.number += 1
        world.moved_on = True


def rebase(world: World, _: str) -> None:
    """Begin a rebase, and stop in it."""
    command = ("git", "-c", "sequence.editor=sed -i 1s/pick/edit/", "rebase", "--quiet", "-i", "HEAD~1")
    if subprocess.run(command, cwd=world.root, capture_output=True, check=False).returncode == 0:
        world.moved_on = True


def worktree(world: World, _: str) -> None:
    """Check another branch out beside this one."""
    world.number += 1
    world.git(
        "worktree", "add", "--quiet", "-b", f"side-{world.number}", str(world.root.parent / f"side-{world.number}")
    )


def stash(world: World, path: str) -> None:
    """Write to a file, and put that aside."""
    edit(world, path)
    if world.git("stash", "push", "--quiet", "--include-untracked", "-m", "mine"):
        world.kept.add(git(world.root, "rev-parse", "stash@{0}"))
        world.files.clear()
        world.index.clear()
        world.moved_on = True  # git itself has written the files anew


def lock(world: World, _: str) -> None:
    """Have a git at work for ever, or until `unlock`."""
    place = world.root / ".git" / "index.lock"
    if not place.exists():
        place.touch()
        world.locks.add(place)


def unlock(world: World, _: str) -> None:
    """Have that git end."""
    for place in world.locks:
        place.unlink()
    world.locks.clear()


def collect_garbage(world: World, _: str) -> None:
    """Have git tidy up."""
    world.git("-c", "gc.auto=1", "gc", "--quiet", "--auto")
    world.git("pack-refs", "--all")


def rename_folder(world: World, _: str) -> None:
    """Give a folder another name, and the old name to a link to it."""
    if (world.root / "pkg").is_dir() and not (world.root / "pkg").is_symlink() and not (world.root / "moved").exists():
        (world.root / "pkg").rename(world.root / "moved")
        (world.root / "pkg").symlink_to("moved")
        for path in BEFORE:
            if path.startswith("pkg/"):
                world.note(path)


def remove_folder(world: World, _: str) -> None:
    """Remove a folder with all that is in it."""
    if (world.root / "pkg").is_symlink():
        return
    shutil.rmtree(world.root / "pkg", ignore_errors=True)
    for path in (*LANDED, "pkg/other.py"):
        if path.startswith("pkg/"):
            world.note(path)


ACTS: tuple[Act, ...] = (
    edit, save, delete, link, folder, chmod, stage, commit, amend, reset, switch, branch_off, rebase, worktree, stash, lock,
    unlock, collect_garbage, rename_folder, remove_folder,
)  # fmt: skip
