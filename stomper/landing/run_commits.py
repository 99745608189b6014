"""The commits of a run that the current branch has, and which of them stand: told by what they change, not by their ids,
which a rebase, an amendment or a cherry-pick gives anew."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from stomper.errors import RepositoryError, StomperError
from stomper.git import effects, history
from stomper.git.change_sums import added_up, as_words, change_sum
from stomper.git.effects import Effect, FileChange
from stomper.git.repository import Target
from stomper.models import Change

_CLAIMS = ("Stomper-", "This reverts commit", 'Revert "', "Reapply ")
"""What messages say whose commits land a fix, take one back, or bring one back."""
_QUOTED = re.compile(r"^(?:commit [0-9a-f]{40,64}|\* \S.*)$", re.MULTILINE)  # by `git merge --squash`, by GitHub


@dataclass(frozen=True)
class RunCommit:
    """A commit that says that it is a run's."""

    commit: history.Commit
    raw: tuple[Change, ...]
    """What it changes of its parent, as far as that is there."""
    root: Path

    @property
    def id(self) -> str:
        return self.commit.id

    @property
    def parent(self) -> str:
        """Return what it is a change of."""
        return self.commit.parents[0]

    @property
    def subject(self) -> str:
        return self.commit.subject

    @property
    def shown(self) -> str:
        """The commit for people."""
        return f"{self.id[:8]} ({self.subject})"

    @property
    def runs(self) -> tuple[str, ...]:
        """One for each fix that is in it: a squash has many."""
        return self.commit.trailers("Stomper-Run")

    @property
    def lands(self) -> bool:
        """Return whether it brings more fixes than it takes back."""
        return len(self.runs) > len(self.commit.trailers("Stomper-Undo"))

    @property
    def agents(self) -> frozenset[str]:
        return frozenset(a for words in self.commit.trailers("Stomper-Agent") for a in words.split(" + "))

    @property
    def codes(self) -> tuple[str, ...]:
        """Without the tools that found them."""
        listed = ",".join(self.commit.trailers("Stomper-Codes")).split(",")
        return tuple(code.strip().partition(":")[2] for code in listed)

    @property
    def is_other_than_landed(self) -> bool:
        """Return whether it changes more, or something else, than the fixes did that its message is of.

        Those of old releases do not say what they changed: of a squash of such the commits that it names are counted."""
        said = self.commit.trailers("Stomper-Change")
        if len(said) < len(self.runs):
            return len(_QUOTED.findall(self.commit.message)) > len(self.runs)
        with contextlib.suppress(ValueError):
            return added_up(said) != as_words(change_sum(effects.diff_of(self.root, self.parent, self.id)))
        return True

    @cached_property
    def changes(self) -> Mapping[str, FileChange]:
        """The files that it changes, by path."""
        return effects.filled(self.root, self.raw)

    @property
    def paths(self) -> frozenset[str]:
        return frozenset(change.path for change in self.raw)

    @cached_property
    def effect(self) -> Mapping[str, Effect]:
        return {path: change.effect for path, change in self.changes.items()}


@dataclass(frozen=True)
class Standing:
    """The commits of a run that are not taken back, the newest first, and a line for each that is none to take back."""

    commits: tuple[RunCommit, ...]
    passed_over: tuple[str, ...] = ()


def standing(target: Target, run_id: str) -> Standing:
    """Return the commits of the run that stand on the current branch.

    Raises StomperError when there is none, or one of which what it changes cannot be told."""
    claims = _claims(target.root)
    named = [c for c in claims if c.lands and run_id in c.runs]
    _refuse_cut_off(target, named)
    ids = {c.id for c in named}
    chosen = [c for n, c in enumerate(claims) if c.id in ids and c.raw and _Fate(c).after(claims[:n])]
    passed_over = tuple(_passed_over(named))
    if not chosen:
        raise StomperError("\n".join([_nothing(target, run_id, claims), *passed_over]))
    return Standing(tuple(chosen), passed_over)


def _claims(root: Path) -> list[RunCommit]:
    """The commits of the branch whose messages say what becomes of fixes, the newest first."""
    commits = list(history.mentioning(root, _CLAIMS, "--topo-order", "HEAD"))
    changed = effects.changed_by(root, [c.id for c in commits])
    return [RunCommit(c, changed[c.id], root) for c in commits]


def _passed_over(named: Sequence[RunCommit]) -> Iterator[str]:
    for commit in named:
        if len(commit.commit.parents) > 1:
            yield f"{commit.shown} is a merge, and left as it is: what it brings is in the commits that it merges"
        elif not commit.raw:
            yield f"{commit.shown} is empty: there is nothing to take back"


def _nothing(target: Target, run_id: str, claims: Sequence[RunCommit]) -> str:
    others = dict.fromkeys(run for c in claims if c.lands for run in c.runs if run != run_id)
    there = f"; runs with commits there: {', '.join(list(others)[:10])}" if others else ""
    cut = "; this is a shallow clone: `git fetch --unshallow` brings older commits" if target.shallow else ""
    return f"no commit of run {run_id!r} on this branch that is not taken back already{there}{cut}"


def _refuse_cut_off(target: Target, named: Sequence[RunCommit]) -> None:
    """Raise RepositoryError where a commit has no parent here: without that nobody can tell what it changes."""
    ours = [c for c in named if len(c.commit.parents) < 2]
    there = {c.id for c in history.read(target.root, {p for c in ours for p in c.commit.parents})}
    for commit in ours:
        if not commit.commit.parents:
            raise RepositoryError(f"{commit.shown} is the first commit: there is nothing before it to go back to")
        if commit.parent not in there:
            way = "`git fetch --unshallow`, then run it again" if target.shallow else "fetch it first"
            raise RepositoryError(
                f"what was before {commit.shown} is not in this {'shallow clone' if target.shallow else 'repository'}: "
                f"{way}; nothing was changed"
            )


def refuse_mixed(commit: RunCommit, run_id: str) -> None:
    """Raise StomperError for a commit that holds more than this run's fixes: it would take the rest with it."""
    if others := sorted({run for run in commit.runs if run != run_id}):
        more = f"holds fixes of {', '.join(others)} beside those of run {run_id}"
    elif commit.is_other_than_landed:
        more = "changes something else than the fixes that it names, or more"
    else:
        return
    raise StomperError(f"{commit.shown} {more}: `git revert {commit.id[:8]}` takes back all of it; nothing was changed")


class _Fate:
    """What became of a commit by those after it that make the same change, or the contrary."""

    def __init__(self, fix: RunCommit) -> None:
        self._fix = fix
        self._inverse = {path: effect.inverse for path, effect in fix.effect.items()}

    def after(self, later: Sequence[RunCommit]) -> bool:
        """Return whether the fix is there, and this commit's, after all of *later*, the newest of which is first."""
        stands = True
        for commit in reversed(later):
            if commit.paths >= self._fix.paths:
                stands = self._met(commit, stands=stands)
        return stands

    def _met(self, commit: RunCommit, *, stands: bool) -> bool:
        seen = {path: commit.effect[path] for path in self._fix.paths}
        if seen == self._inverse:
            return False
        if seen == self._fix.effect:  # a commit of a run has the change from then on, be it a copy of this one
            return not commit.lands
        return stands
