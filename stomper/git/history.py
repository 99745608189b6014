"""Commits as objects: read by plumbing, which no setting of a user's changes, and taken apart here."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from stomper.git.plumbing import git

_ENCODING = re.compile(rb"^encoding (\S+)$", re.MULTILINE)
_TRAILER = re.compile(r"^[ \t]*([A-Za-z][A-Za-z0-9-]*): (.*?)[ \t\r]*$", re.MULTILINE)


@dataclass(frozen=True)
class Commit:
    """A commit as its object has it, whatever grafts, replacements or the edge of a shallow clone say of its parents."""

    id: str
    parents: tuple[str, ...]
    author: str
    """Name, address and date, as git spells them."""
    message: str

    @cached_property
    def subject(self) -> str:
        """The first paragraph in one line."""
        return " ".join(self.message.lstrip("\n").partition("\n\n")[0].split("\n")).strip()

    def trailers(self, key: str) -> tuple[str, ...]:
        """Return the values of the lines `key: value`, wherever they stand: a squash quotes the messages of many commits,
        and indents them."""
        return tuple(value for name, value in _TRAILER.findall(self.message) if name == key)


def read(root: Path, named: Iterable[str]) -> Iterator[Commit]:
    """Yield the commits of these names; what is not there, is ambiguous or is no commit is left out."""
    stdin = "".join(f"{name}\n" for name in named).encode()
    # In a partial clone git would ask the remote for what is not there, and fail when it is not there either.
    data = git(("cat-file", "--batch"), cwd=root, stdin=stdin, env={"GIT_NO_LAZY_FETCH": "1"}, ok=(0, 128))
    place = 0
    while place < len(data):
        end = data.index(b"\n", place)
        words = data[place:end].split()
        place = end + 1
        if len(words) != 3 or not words[2].isdigit():
            continue
        body = data[place : place + int(words[2])]
        place += len(body) + 1
        if words[1] == b"commit":
            yield parsed(words[0].decode(), body)


def parsed(commit: str, body: bytes) -> Commit:
    """Return the commit whose object holds *body*. What its encoding does not explain stays as it is, byte for byte."""
    head, _, message = body.partition(b"\n\n")
    lines = [os.fsdecode(line) for line in head.split(b"\n")]
    parents = tuple(line.removeprefix("parent ") for line in lines if line.startswith("parent "))
    author = next((line.removeprefix("author ") for line in lines if line.startswith("author ")), "")
    return Commit(commit, parents, author, _decoded(message, _ENCODING.search(head)))


def _decoded(message: bytes, encoding: re.Match[bytes] | None) -> str:
    if encoding:
        try:
            return message.decode(encoding[1].decode("ascii", "replace"))
        except (LookupError, UnicodeError, ValueError):
            pass  # it says what it is not: by mistake, mostly
    return message.decode("utf-8", "surrogateescape")


def listed(root: Path, *asked: str) -> list[str]:
    """Return the ids that `git rev-list` gives for *asked*, the newest first."""
    return git(("rev-list", *asked), cwd=root).decode().split()


def one(root: Path, commit: str) -> Commit:
    """Return a commit that is known to be there."""
    return parsed(commit, git(("cat-file", "commit", commit), cwd=root))


def mentioning(root: Path, words: Sequence[str], *asked: str) -> Iterator[Commit]:
    """Yield the commits of `git rev-list` for *asked* whose message holds any of *words*, the newest first."""
    grep = ("--fixed-strings", *(f"--grep={word}" for word in words))
    return read(root, listed(root, *grep, *asked))
