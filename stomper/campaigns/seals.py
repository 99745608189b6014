"""Seals: by its seal a commit of a campaign is known as Stomper's own, unchanged.

Whoever amends, rewords, rebases or merges it, or adds or drops commits, breaks the chain of seals. It is no signature:
it keeps Stomper from overwriting what people did, and nobody from pretending.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ConfigDict

from stomper.campaigns.cost_trailer import Spent
from stomper.errors import RepositoryError
from stomper.git import history
from stomper.git.plumbing import git
from stomper.git.worktrees import SharedClone, build_commits
from stomper.models import CleanUp, Model, Patch

_SEAL = re.compile(rb"Stomper-Seal: ([0-9a-f]{64})\n\Z")
_PLACE = re.compile(r"([a-z0-9-]+) ([0-9]{1,9}) of ([0-9]{1,9})")
_MOST = 5000  # commits of one branch


@dataclass(frozen=True)
class Part:
    """A commit of a campaign's branch: what it says of itself. *file* is empty where it is no fix of a file."""

    commit: str
    parent: str
    tree: str
    number: int
    total: int
    file: str
    agent: str
    codes: tuple[str, ...]
    cleaned_up: tuple[CleanUp, ...]
    spent: Spent


class FileFix(Model):
    """What a commit says of the file that it repairs."""

    model_config = ConfigDict(extra="ignore")

    path: str = ""
    codes: tuple[str, ...] = ()
    cleaned_up: tuple[CleanUp, ...] = ()


@dataclass(frozen=True)
class Chain:
    """A branch that is Stomper's alone, from *base* to *tip*; without parts when nothing is on it that the base lacks."""

    tip: str
    base: str
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Foreign:
    """A branch with something on it that is not Stomper's, in words."""

    tip: str
    words: str


def seal(tree: str, parent_tree: str, author: bytes, words: bytes) -> str:
    """The digest of a commit: of what it makes of which tree, who made it, and its message *words* without the seal."""
    parts = (tree.encode(), parent_tree.encode(), author, words)
    return hashlib.sha256(b"".join(b"%d:%s" % (len(part), part) for part in parts)).hexdigest()


def build(
    clone: SharedClone, base: str, patches: Sequence[tuple[Patch, bytes]], *, author: str, committer: str
) -> list[str]:
    """Like `build_commits`, with the seal as the last line of each message. What has a seal is built twice: it covers
    the tree, which the first time makes."""
    plain = build_commits(clone, base, patches, author=author, committer=committer)
    asked = "".join(f"{commit}^{{tree}}\n" for commit in (base, *plain)).encode()
    trees = git(("cat-file", "--batch-check=%(objectname)"), cwd=clone.path, stdin=asked).decode().split()
    maker = _fields(git(("cat-file", "commit", plain[0]), cwd=clone.path))["author"][0]
    sealed = [
        (patch, words + b"Stomper-Seal: %s\n" % seal(tree, before, maker, words).encode())
        for (patch, words), tree, before in zip(patches, trees[1:], trees, strict=False)
    ]
    return build_commits(clone, base, sealed, author=author, committer=committer)


def read(path: Path, tip: str, base: str, campaign: str) -> Chain | Foreign:
    """What a branch of *campaign* is whose commits are in the repository at *path*; *base* is what it is for."""
    if _is_in(path, tip, base):
        return Chain(tip, tip)
    parts: list[Part] = []
    commit = tip
    while len(parts) < _MOST:
        part = _part(path, commit, campaign)
        if part is None:
            return Foreign(tip, _words(path, commit))
        due = parts[-1].number - 1 if parts else part.total
        if part.number != due:
            return Foreign(tip, f"somebody took commits off it (it ends with {part.number} of {part.total})")
        parts.append(part)
        commit = part.parent
        if part.number == 1:
            return Chain(tip, commit, tuple(reversed(parts)))
    return Foreign(tip, f"it has more than {_MOST} commits")


def _is_in(path: Path, commit: str, base: str) -> bool:
    listing = git(("rev-list", "--max-count=1", commit, f"^{base}"), cwd=path)
    return not listing.strip()


def _part(path: Path, commit: str, campaign: str) -> Part | None:
    """The commit as a part of *campaign*; None when it is not, or is not as it was made."""
    raw = git(("cat-file", "commit", commit), cwd=path)
    fields, (_, _, message) = _fields(raw), raw.partition(b"\n\n")
    found = _SEAL.search(message)
    if found is None or len(fields.get("parent", [])) != 1:
        return None
    words, tree, parent = message[: found.start()], fields["tree"][0].decode(), fields["parent"][0].decode()
    try:
        parent_tree = git(("rev-parse", "--verify", "--quiet", f"{parent}^{{tree}}"), cwd=path).decode().strip()
    except RepositoryError:
        return None
    if seal(tree, parent_tree, fields["author"][0], words) != found[1].decode():
        return None
    said = _trailers(words)
    place = _PLACE.fullmatch(said.get("Campaign", ""))
    if place is None or place[1] != campaign:
        return None
    fixed = _fixed(said.get("File", "{}"))
    if fixed is None:
        return None
    return Part(
        commit, parent, tree, int(place[2]), int(place[3]), fixed.path, said.get("Agent", ""),
        fixed.codes, fixed.cleaned_up, Spent.read(said.get("Spent", "")),
    )  # fmt: skip


def _fixed(text: str) -> FileFix | None:
    """What a commit says of its file; None for what Stomper does not write: no seal is a proof."""
    try:
        # Not the JSON of pydantic, which takes no half of a surrogate pair: that is how a name that is not UTF-8 is spelled.
        fixed = FileFix.model_validate(json.loads(text))
    except (ValueError, RecursionError):
        return None
    return None if any("\0" in word for word in (fixed.path, *fixed.codes)) else fixed


def _fields(raw: bytes) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {}
    for line in raw.partition(b"\n\n")[0].split(b"\n"):
        name, _, value = line.partition(b" ")
        found.setdefault(name.decode("ascii", "replace"), []).append(value)
    return found


def _trailers(words: bytes) -> dict[str, str]:
    """Stomper's own lines at the end; of one that is there twice the last, since codes are strangers' words."""
    lines = words.decode("utf-8", "surrogateescape").split("\n")
    pairs = (line.partition(": ") for line in lines if line.startswith("Stomper-"))
    return {name.removeprefix("Stomper-"): value for name, _, value in pairs}


def _words(path: Path, commit: str) -> str:
    found = history.one(path, commit)
    return f"commit {commit[:10]} by {found.author.partition(' <')[0]} ({found.subject[:80]}) is on it"
