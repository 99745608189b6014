"""What was tried and what truly came of it: each call of an agent with its verified result, for learning from."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from stomper.git.plumbing import text
from stomper.hashing import digest
from stomper.models import Diagnostic, Model
from stomper.state.store import Store

NEWEST = 20_000
_EXPIRES = "-90 days"
Reason = Literal["proven", "nothing changed", "guard", "checker", "tests", "agent", "landing"]
LONGEST = 200
Rule = Annotated[str, StringConstraints(pattern=r"^[^\s:]+:\S.*$", max_length=LONGEST)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Name = Annotated[str, StringConstraints(max_length=LONGEST)]


class Trial(Model):
    """One call of an agent and what is proven of it. A rule is `tool:code`, as in the commits' trailers."""

    id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")] = Field(default_factory=lambda: uuid.uuid4().hex)
    at: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")] = Field(
        default_factory=lambda: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), description="when, in UTC"
    )
    run: Name
    repository: Name = Field(description="of `repository_of`: which repository, but not where it lies")
    path: str = ""
    agent: Name
    model: Name = ""
    strategy: Name = Field(default="", description="empty for agents that read no prompt")
    tried: dict[Rule, Count] = Field(min_length=1)
    fixed: dict[Rule, Count] = Field(default_factory=dict, description="of those tried, proven by checkers and tests")
    cost_usd: float | None = Field(default=None, ge=0, allow_inf_nan=False, description="None when unknown")
    tokens: int | None = Field(default=None, ge=0)
    seconds: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    reason: Reason
    commit: Name = Field(default="", description="what landed it; empty when nothing did")
    standing: bool = Field(default=True, description="False once it was turned down after all, or taken back")

    @field_validator("at")
    @classmethod
    def _is_a_time(cls, at: str) -> str:
        datetime.fromisoformat(at)
        return at

    @model_validator(mode="after")
    def _fixes_what_was_tried(self) -> Self:
        if any(count > self.tried.get(rule, 0) for rule, count in self.fixed.items()):
            raise ValueError("it fixed more than was tried")
        if self.reason == "proven" and not self.fixed:
            raise ValueError("it is proven, and fixed nothing")
        return self

    @property
    def worth(self) -> dict[Rule, int]:
        """The fixes that count: proven, and still standing."""
        return self.fixed if self.standing and self.reason == "proven" else {}


def rule_of(diagnostic: Diagnostic) -> str:
    """The rule of an error, `tool:code`: of tools and codes with names of any kind, which are told on one line."""
    tool, code = re.sub(r"[\s:]+", "-", diagnostic.tool), " ".join(diagnostic.code.split())
    return f"{tool}:{code or 'error'}"[:LONGEST]


class Trials:
    """All trials in the store. Safe to use from several threads and processes, as the store is."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, *trials: Trial) -> None:
        """Keep *trials*, all of them or none; of one that is there already, what became of it since."""
        self._store.do_all((_ADD, _row(trial)) for trial in trials)

    def count(self) -> int:
        """How many there are, of all repositories."""
        return int(str(self._store.do("SELECT count(*) FROM trials")[0][0]))

    def mark_landed(self, run: str, commits: Mapping[str, str]) -> None:
        """What is proven of that run for each path of *commits* is that commit now."""
        asked = "UPDATE trials SET commit_id = ? WHERE run = ? AND path = ? AND reason = 'proven'"
        self._store.do_all((asked, (commit, run, path)) for path, commit in commits.items())

    def reject(self, run: str, path: str, reason: Reason) -> None:
        """The patch of that file was turned down after all, by the proof of all together: its fixes do not count.

        Not for what says nothing about the fix: a conflict, a file edited meanwhile, a patch that waits for the user.
        """
        asked = "UPDATE trials SET standing = 0, reason = ? WHERE run = ? AND path = ? AND reason = 'proven'"
        self._store.do(asked, (reason, run, path))

    def mark_reverted(self, commit: str) -> None:
        """*commit* was taken back: its fixes count against those who made them."""
        self._store.do("UPDATE trials SET standing = 0 WHERE commit_id = ?", (commit,))

    def newest(self, repository: str = "", limit: int = NEWEST) -> list[Trial]:
        """The last *limit* trials of *repository*, or of all, the newest first."""
        return self._select("1", repository, limit)

    def landed(self, repository: str) -> list[Trial]:
        """The last trials of *repository* whose commit still stands, as far as is known, the newest first."""
        return self._select("commit_id != '' AND standing", repository, NEWEST)

    def _select(self, where: str, repository: str, limit: int) -> list[Trial]:
        only, values = ("AND repository = ?", (repository, limit)) if repository else ("", (limit,))
        asked = f"SELECT {', '.join(_COLUMNS)} FROM trials WHERE {where} {only} ORDER BY at DESC, rowid DESC LIMIT ?"  # noqa: S608 - no input
        return [_trial(row) for row in self._store.do(asked, values)]

    def remember_failure(self, key: str, reason: Reason) -> None:
        """The call failed. Forgotten after 90 days; an agent's own trouble is not the call's and not kept."""
        self._store.do("DELETE FROM failures WHERE at < datetime('now', ?)", (_EXPIRES,))
        if reason not in ("agent", "proven"):
            self._store.do("INSERT OR REPLACE INTO failures (key, reason) VALUES (?, ?)", (key, reason))

    def failed_before(self, key: str) -> str | None:
        """Why the same call failed in the last 90 days; None when it did not."""
        asked = "SELECT reason FROM failures WHERE key = ? AND at >= datetime('now', ?)"
        rows = self._store.do(asked, (key, _EXPIRES))
        return str(rows[0][0]) if rows else None


def repository_of(root: Path) -> str:
    """A short name for the repository at *root*, the same for all clones of one origin; it does not tell where it lies."""
    url = text(("config", "--get", "remote.origin.url"), cwd=root, ok=(0, 1))
    # https://user:token@host/a/b.git, ssh://git@host/a/b and git@host:a/b are one and the same
    plain = re.sub(r"^[a-z+]+://", "", url)
    plain = re.sub(r"^[^/@]*@", "", plain).replace(":", "/", 1).removesuffix("/").removesuffix(".git")
    return digest(plain or str(root))


_COLUMNS = tuple("commit_id" if name == "commit" else name for name in Trial.model_fields)
# What was said once is not unsaid: a trial that landed has landed, one that was taken back is back.
_ADD = (
    f"INSERT INTO trials ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))}) "  # noqa: S608 - no input
    "ON CONFLICT (id) DO UPDATE SET standing = min(standing, excluded.standing), "
    "commit_id = CASE commit_id WHEN '' THEN excluded.commit_id ELSE commit_id END"
)


def _row(trial: Trial) -> tuple[object, ...]:
    return tuple(json.dumps(v, sort_keys=True) if isinstance(v, dict) else v for v in trial.model_dump().values())


def _trial(row: Sequence[object]) -> Trial:
    values = dict(zip(Trial.model_fields, row, strict=True))
    for name in ("tried", "fixed"):
        values[name] = json.loads(str(values[name]))
    return Trial.model_validate({**values, "standing": bool(values["standing"])})
