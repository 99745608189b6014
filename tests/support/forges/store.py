"""The pull requests that a stub holds; their commits and files are in a real bare repository."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Held:
    """One pull request. `ref` is where its branch is in the bare repository, which for a fork is another name."""

    number: int
    title: str
    body: str
    branch: str
    base: str
    ref: str
    author: str
    fork: str = ""
    draft: bool = False
    state: str = "open"
    merged: bool = False
    head: str = ""
    labels: list[str] = field(default_factory=list)
    reviewers: list[str] = field(default_factory=list)
    teams: list[str] = field(default_factory=list)
    reviewed: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    auto_merge: bool = False


class Store:
    """All of one repository, *bare*."""

    def __init__(self, bare: Path, author: str) -> None:
        self.bare = bare
        self.author = author
        self.held: dict[int, Held] = {}

    def open(
        self, branch: str, base: str, title: str, body: str, *, draft: bool = False, fork: str = "", ref: str = ""
    ) -> Held:
        """A new one, for requests as well as for tests."""
        number = len(self.held) + 1
        place = ref or f"refs/heads/{branch}"
        held = Held(number, title, body, branch, base, place, self.author, fork=fork, draft=draft)
        self.held[number] = held
        return held

    def end(self, number: int, *, merged: bool = False) -> None:
        """Close it, or merge it: then its base has its head, and its branch may go."""
        held = self.held[number]
        held.head = self.head_of(held)
        if merged:
            self._git("update-ref", f"refs/heads/{held.base}", held.head)
        held.state, held.merged = "closed", merged

    def of_branch(self, branch: str, *, fork: str = "") -> list[Held]:
        """The open ones from a branch."""
        return [h for h in self.held.values() if (h.branch, h.fork, h.state) == (branch, fork, "open")]

    def branch(self, name: str, start: str) -> None:
        """Make a branch where another one is."""
        self._git("update-ref", f"refs/heads/{name}", f"refs/heads/{start}")

    def tip(self, ref: str) -> str:
        """The commit that a ref is at; empty when there is none."""
        return self._git("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}", check=False).strip()

    def head_of(self, held: Held) -> str:
        """Its newest commit."""
        return held.head or self.tip(held.ref)

    def ahead(self, ref: str, base: str) -> int:
        """How many commits *ref* has that the branch *base* lacks."""
        return int(self._git("rev-list", "--count", f"refs/heads/{base}..{ref}"))

    def files_of(self, held: Held) -> list[tuple[str, str, str]]:
        """What it changes: git's letter, the path, the old path of a renamed one."""
        words = self._git("diff", "--name-status", "-M", "-z", f"refs/heads/{held.base}...{self.head_of(held)}").split(
            "\0"
        )
        found = []
        while len(words) > 1:
            letter = words.pop(0)[0]
            old = words.pop(0)
            found.append((letter, words.pop(0), old) if letter == "R" else (letter, old, ""))
        return found

    def _git(self, *argv: str, check: bool = True) -> str:
        done = subprocess.run(("git", "-C", str(self.bare), *argv), check=check, capture_output=True, text=True)
        return done.stdout
