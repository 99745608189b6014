"""The repositories that faults are tried on: what users have, each with files to repair and work that is not to be lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.support.repositories import git, write

UNUSED = "import os\n\n\ndef one():\n    return 1\n"
TWO = "import os\nimport json\n\n\ndef two():\n    return 2\n"


@dataclass(frozen=True)
class Shape:
    """How a repository is made, and the settings of a run over it."""

    name: str
    make: Callable[[Path], Path]
    settings: tuple[tuple[str, object], ...] = ()


def plain(folder: Path) -> Path:
    """Three files with errors on one branch."""
    root = folder / "repo"
    root.mkdir()
    git(root, "init", "--quiet", "-b", "main")
    git(root, "config", "user.name", "Tester")
    git(root, "config", "user.email", "tester@example.invalid")
    write(root, {"a.py": UNUSED, "b c.py": TWO, "pkg/c.py": UNUSED, "notes.txt": "1\n", ".gitignore": "*.log\n"})
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "-m", "start")
    return root


def dirty(folder: Path) -> Path:
    """The same with edited, staged, deleted, untracked and ignored files, and a stash."""
    root = plain(folder)
    write(root, {"notes.txt": "stashed\n"})
    git(root, "stash", "--quiet")
    write(root, {"notes.txt": "edited\r\n", "staged.txt": "staged\n", "untracked.py": UNUSED, "x.log": "ignored\n"})
    git(root, "add", "staged.txt")
    write(root, {"staged.txt": "edited after\n", "pkg/c.py": UNUSED + "\n# being edited\n"})
    return root


def crlf(folder: Path) -> Path:
    """Files with CRLF line endings and a byte order mark."""
    root = plain(folder)
    write(root, {"a.py": b"\xef\xbb\xbf" + UNUSED.replace("\n", "\r\n").encode(), "b c.py": TWO.replace("\n", "\r\n")})
    git(root, "commit", "--quiet", "-am", "windows")
    return root


def odd_names(folder: Path) -> Path:
    """Names with quotes, newlines, leading dashes, brackets and letters beyond ASCII."""
    root = plain(folder)
    write(root, {"-dash.py": UNUSED, "q\"uo'te.py": UNUSED, "new\nline.py": UNUSED, "größe [1].py": UNUSED})
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "-m", "odd")
    return root


def linked(folder: Path) -> Path:
    """A linked worktree of another checkout."""
    root = plain(folder)
    git(root, "worktree", "add", "--quiet", "-b", "work", "../linked")
    return folder / "linked"


def shallow(folder: Path) -> Path:
    """A shallow clone."""
    root = plain(folder)
    write(root, {"a.py": UNUSED + "\n\nX = 1\n"})
    git(root, "commit", "--quiet", "-am", "second")
    git(folder, "clone", "--quiet", "--depth", "1", f"file://{root}", "shallow")
    clone = folder / "shallow"
    git(clone, "config", "user.name", "Tester")
    git(clone, "config", "user.email", "tester@example.invalid")
    return clone


def hooked(folder: Path) -> Path:
    """Hooks that refuse everything, and a configuration that likes to get in the way."""
    root = plain(folder)
    for name in ("pre-commit", "commit-msg", "post-merge", "post-checkout", "reference-transaction"):
        hook = root / ".git" / "hooks" / name
        hook.write_text("#!/bin/sh\nexit 1\n")
        hook.chmod(0o755)
    for key, value in (("merge.ff", "no"), ("pull.rebase", "true"), ("merge.autoStash", "true"), ("gc.auto", "1")):
        git(root, "config", key, value)
    return root


def tested(folder: Path) -> Path:
    """A repository with tests, which are run on what is to land."""
    root = plain(folder)
    test = "import sys\nsys.path.insert(0, '.')\nfrom a import one\n\n\ndef test_one():\n    assert one() == 1\n"
    write(root, {"test_a.py": test})
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "-m", "tests")
    return root


SHAPES = (
    Shape("plain", plain),
    Shape("dirty checkout", dirty),
    Shape("CRLF and BOM", crlf),
    Shape("odd names", odd_names),
    Shape("linked worktree", linked),
    Shape("shallow clone", shallow),
    Shape("hooks that refuse", hooked),
    Shape("land = branch", dirty, (("land", "branch"),)),
    Shape("land = patch", dirty, (("land", "patch"),)),
    Shape("with tests", tested, (("test_validation", "final"),)),
)
