"""CODEOWNERS, as GitHub and GitLab read it: in each section the last pattern that matches decides."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pathspec

from stomper.git.plumbing import git

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
_SECTION = re.compile(r"^\^?\[([^\]]+)\](?:\[\d+\])?(?:\s+(.*))?$")
_WORD = re.compile(r"(?:\\.|[^\s\\])+")


@dataclass(frozen=True)
class _Rule:
    section: str
    pattern: str
    spec: pathspec.GitIgnoreSpec
    owners: tuple[str, ...]

    def matches(self, path: str) -> bool:
        if not self.spec.match_file(path):
            return False
        # Here `docs/*` is what lies in docs itself; for git it is all below as well.
        shallow = self.pattern.endswith("/*") and "**" not in self.pattern
        return not shallow or path.count("/") == self.pattern.removeprefix("/").count("/")


@dataclass(frozen=True)
class Owners:
    """Who owns which file."""

    rules: tuple[_Rule, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Owners:
        """The rules of a file; lines that are none are left out."""
        rules, section, default = [], "", tuple[str, ...]()
        for line in text.splitlines():
            if not line.strip() or line.lstrip().startswith(("#", "!")):
                continue
            if found := _SECTION.match(line.strip()):
                section, default = found[1].casefold(), _owners(_WORD.findall(found[2] or ""))
                continue
            pattern, *words = _WORD.findall(line)
            try:
                spec = pathspec.GitIgnoreSpec.from_lines([pattern])
            except ValueError:
                continue
            rules.append(_Rule(section, pattern, spec, _owners(words) or default))
        return cls(tuple(rules))

    @classmethod
    def at(cls, path: Path, commit: str) -> Owners:
        """Those of a commit in the repository at *path*; nobody owns anything where it has no such file."""
        for place in PLACES:
            listing = git(("ls-tree", "-z", commit, "--", place), cwd=path)
            if listing.startswith(b"100"):
                blob = listing.split(b"\t")[0].split()[2].decode()
                return cls.parse(git(("cat-file", "blob", blob), cwd=path).decode("utf-8", "replace"))
        return cls()

    def of(self, path: str) -> tuple[str, ...]:
        """The owners of a file, sorted."""
        last: dict[str, tuple[str, ...]] = {}
        for rule in self.rules:
            if rule.matches(path):
                last[rule.section] = rule.owners
        return tuple(sorted({owner for owners in last.values() for owner in owners}))


def _owners(words: Sequence[str]) -> tuple[str, ...]:
    found = []
    for word in words:
        if word.startswith("#"):
            break
        found.append(word)
    return tuple(found)
