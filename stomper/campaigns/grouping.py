"""Which file goes into which pull request, and how the branches are called."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from stomper.campaigns.codeowners import Owners
from stomper.config.pull_requests import PullRequestSettings
from stomper.hashing import digest
from stomper.models import Diagnostic

_LONGEST = 40


@dataclass(frozen=True)
class Group:
    """What one pull request is about; all files of the campaign when *name* is empty."""

    branch: str
    name: str = ""


@dataclass(frozen=True)
class Grouping:
    """How the files of a campaign are parted: each is in one group, by its path and the errors it has at the base."""

    options: PullRequestSettings
    owners: Owners = field(default_factory=Owners)

    @property
    def prefix(self) -> str:
        """The branch of the campaign, which the groups' branches begin with."""
        return f"stomper/{self.options.campaign}"

    def owns(self, branch: str) -> bool:
        """Whether a branch of this name is the campaign's. No campaign's name has a dot."""
        return branch == self.prefix or branch.startswith(f"{self.prefix}.")

    def group(self, path: str, errors: Iterable[Diagnostic]) -> Group:
        """The group of a file."""
        if self.options.group_by == "all":
            return Group(self.prefix)
        if self.options.group_by == "code":
            name = _most(errors)
        elif self.options.group_by == "folder":
            name = "/".join(path.split("/")[:-1][: self.options.folder_depth]) or "the root"
            return Group(f"{self.prefix}.{slug(name if '/' in path else '')}", name)
        else:
            name = " ".join(self.owners.of(path))
            return Group(f"{self.prefix}.{slug(name)}", name or "nobody's")
        return Group(f"{self.prefix}.{slug(name)}", name)


def _most(errors: Iterable[Diagnostic]) -> str:
    """The code that most of them have; of equals the first by the alphabet."""
    counts = Counter(d.code or d.tool for d in errors)
    return min(counts, key=lambda code: (-counts[code], code), default="")


def slug(name: str) -> str:
    """A name for a branch: other names have others. What cannot be in one is folded, and a digest tells it apart."""
    folded = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:_LONGEST]
    return folded if folded == name and name else f"{folded or 'none'}.{digest(name)[:8]}"
