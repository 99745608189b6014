"""The attributes by which a repository says which of its files are generated or somebody else's."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from stomper.git.objects import modes_at
from stomper.git.plumbing import git, names

Linguist = Literal["vendored", "generated"]
_ON, _OFF = ("set", "true"), ("unset", "false")


def linguist(cwd: Path, commit: str) -> dict[str, dict[Linguist, bool]]:
    """Return what `linguist-vendored` and `linguist-generated` are said to be of each file of *commit* that has either.

    The commit's own `.gitattributes` count, never those of a checkout or a worktree."""
    paths = list(modes_at(cwd, commit))
    said = [path for path in paths if path.rpartition("/")[2] == ".gitattributes"]
    if not said or not git(("grep", "-l", "-F", "linguist-", commit, "--", *said), cwd=cwd, ok=(0, 1)):
        return {}
    with tempfile.TemporaryDirectory() as folder:  # git 2.39 reads attributes of an index, not of a commit
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        git(("read-tree", commit), cwd=cwd, env=index)
        asked = ("check-attr", "--cached", "-z", "--stdin", "linguist-vendored", "linguist-generated")
        listing = git(
            asked, cwd=cwd, env=index, stdin=b"".join(path.encode("utf-8", "surrogateescape") + b"\0" for path in paths)
        )
    return _read(names(listing))


def _read(words: list[str]) -> dict[str, dict[Linguist, bool]]:
    found: dict[str, dict[Linguist, bool]] = {}
    for path, attribute, value in _threes(words):
        if value in (*_ON, *_OFF):
            kind: Linguist = "vendored" if attribute.endswith("vendored") else "generated"
            found.setdefault(path, {})[kind] = value in _ON
    return found


def _threes(words: list[str]) -> Iterable[tuple[str, str, str]]:
    return zip(words[::3], words[1::3], words[2::3], strict=True)
