"""Which landed fixes stand: those that `stomper undo` or `git revert` took back teach the contrary."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from stomper.git import history
from stomper.git.history import Commit
from stomper.git.plumbing import git, names
from stomper.learning.examples import Examples
from stomper.learning.trials import Trial, Trials, repository_of
from stomper.state.store import Store

_LIMIT = 2000  # reverts that are looked at, and commits of one merge
_YEAR = timedelta(days=365)  # how far back at most: each run looks again
_BACK = re.compile(r"^(?:This reverts commit|Stomper-Undo:) ([0-9a-f]{7,64})\b", re.MULTILINE)


def settle(root: Path, store: Store) -> list[str]:
    """Mark the trials of the repository at *root* whose commits no longer stand there, and drop their examples.

    Returns those commits. Looks at the history of HEAD since the oldest trial that stands: a year at most, and
    2,000 reverts.
    """
    trials, examples = Trials(store), Examples(store)
    fallen = sorted(taken_back(root, trials.landed(repository_of(root))))
    for commit in fallen:
        trials.mark_reverted(commit)
        examples.drop(commit)
    return fallen


def taken_back(root: Path, landed: Sequence[Trial]) -> set[str]:
    """The commits of *landed* that the history of HEAD takes back: they themselves, or copies of them by cherry-pick,
    rebase, squash or merge. What was taken back and then brought again stands."""
    if not landed:
        return set()
    oldest = datetime.fromisoformat(min(t.at for t in landed))
    since = max(oldest, datetime.now(UTC) - _YEAR) - timedelta(days=1)  # clocks differ
    history = _History(root, landed)
    effects: dict[str, tuple[bool, set[str]]] = {}
    fallen: set[str] = set()
    for revert in _reverts(root, since):
        for named in dict.fromkeys(_BACK.findall(revert.message)):
            earlier = next((e for sha, e in effects.items() if sha.startswith(named)), None)
            back, commits = (not earlier[0], earlier[1]) if earlier else (True, history.behind(named))
            effects[revert.id] = (back, commits | effects.get(revert.id, (back, set()))[1])
            fallen = fallen | commits if back else fallen - commits
    return fallen


def _reverts(root: Path, since: datetime) -> list[Commit]:
    """The commits since then that say that they take another one back, the oldest first."""
    asked = (f"--max-count={_LIMIT}", f"--since={since.isoformat()}", "HEAD")
    return list(history.mentioning(root, ("This reverts commit", "Stomper-Undo: "), *asked))[::-1]


class _History:
    """What landed, and how to find it again in a repository that was rebased, squashed or merged since."""

    def __init__(self, root: Path, landed: Iterable[Trial]) -> None:
        self._root = root
        self._landed: set[str] = set()
        self._by_place: dict[tuple[str, str], set[str]] = {}
        for trial in landed:
            self._landed.add(trial.commit)
            self._by_place.setdefault((trial.run, trial.path), set()).add(trial.commit)
        self._runs = {run for run, _ in self._by_place}

    def behind(self, named: str) -> set[str]:
        """The landed commits that *named* (perhaps abbreviated) is, copies or merges."""
        if direct := {commit for commit in self._landed if commit.startswith(named)}:
            return direct
        found: set[str] = set()
        for commit in history.read(self._root, [named]):
            merged = self._merged(commit) if len(commit.parents) > 1 else [commit]
            for part in merged:
                found |= ({part.id} & self._landed) or self._copied(part)
        return found

    def _merged(self, merge: Commit) -> list[Commit]:
        merged = history.listed(self._root, f"--max-count={_LIMIT}", f"{merge.id}^1..{merge.id}")
        return list(history.read(self._root, merged))

    def _copied(self, commit: Commit) -> set[str]:
        """What landed of the runs that its message names, in the files that it changes."""
        runs = self._runs & set(commit.trailers("Stomper-Run"))
        if not runs:
            return set()
        asked = ("diff-tree", "--root", "--no-commit-id", "--name-only", "--no-renames", "-r", "-z", commit.id)
        places = ((run, path) for path in names(git(asked, cwd=self._root)) for run in runs)
        return {commit for place in places for commit in self._by_place.get(place, set())}
