"""Many of a repository's objects by one process of git."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from stomper.errors import RepositoryError
from stomper.git.plumbing import git, names


def modes_at(cwd: Path, commit: str) -> dict[str, str]:
    """The mode of every file, link and submodule of *commit*, by its path."""
    entries = (entry.partition("\t") for entry in names(git(("ls-tree", "-r", "-z", commit), cwd=cwd)))
    return {path: meta.partition(" ")[0] for meta, _, path in entries}


def blob_id(content: bytes, *, length: int) -> str:
    """The id of the blob that holds *content*, in hexadecimal digits: 40 of them in a repository of SHA-1, 64 of SHA-256."""
    algorithm = hashlib.sha1 if length == 40 else hashlib.sha256
    return algorithm(b"blob %d\0" % len(content) + content).hexdigest()


def read_blobs(cwd: Path, blobs: Iterable[str], *, at_hand: Iterable[bytes] = ()) -> dict[str, bytes]:
    """What is in the *blobs*: from what is *at_hand* where it is that, the others read by one process.

    Raises RepositoryError for one that is not there."""
    wanted = set(blobs)
    lengths = {len(blob) for blob in wanted}
    near = {blob_id(content, length=length): content for content in at_hand for length in lengths}
    found = {blob: near[blob] for blob in wanted & near.keys()}
    return found | _read(cwd, sorted(wanted - near.keys()))


def _read(cwd: Path, wanted: list[str]) -> dict[str, bytes]:
    if not wanted:
        return {}
    data = git(("cat-file", "--batch"), cwd=cwd, stdin="".join(f"{blob}\n" for blob in wanted).encode())
    found, at = dict[str, bytes](), 0
    for blob in wanted:
        end = data.index(b"\n", at)
        words = data[at:end].split(b" ")
        if len(words) != 3 or words[1] != b"blob":
            raise RepositoryError(f"git cat-file failed in {cwd}: {blob} is not there, or is no blob")
        size = int(words[2])
        found[blob] = data[end + 1 : end + 1 + size]
        at = end + 1 + size + 1
    return found
