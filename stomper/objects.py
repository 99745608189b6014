"""Many of a repository's objects by one process of git."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from stomper.errors import RepositoryError
from stomper.git import git, names


def modes_at(cwd: Path, commit: str) -> dict[str, str]:
    """The mode of every file, link and submodule of *commit*, by its path."""
    entries = (entry.partition("\t") for entry in names(git(("ls-tree", "-r", "-z", commit), cwd=cwd)))
    return {path: meta.partition(" ")[0] for meta, _, path in entries}


def read_blobs(cwd: Path, blobs: Iterable[str]) -> dict[str, bytes]:
    """What is in the *blobs*, read by one process. Raises RepositoryError for one that is not there."""
    wanted = sorted(set(blobs))
    if not wanted:
        return {}
    data = git(("cat-file", "--batch"), cwd=cwd, stdin="".join(f"{blob}\n" for blob in wanted).encode())
    found, at = {}, 0
    for blob in wanted:
        end = data.index(b"\n", at)
        words = data[at:end].split(b" ")
        if len(words) != 3 or words[1] != b"blob":
            raise RepositoryError(f"git cat-file failed in {cwd}: {blob} is not there, or is no blob")
        size = int(words[2])
        found[blob] = data[end + 1 : end + 1 + size]
        at = end + 1 + size + 1
    return found
