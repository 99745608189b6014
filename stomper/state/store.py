"""What Stomper remembers between runs, in one SQLite file: runs, proven patches, and for trials.py what was tried."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from stomper.errors import StomperError
from stomper.models import CleanUp, Report

_Values = tuple[object, ...]
# What each format of the file adds to the one before. The first was not numbered: its tables may be there already.
_FORMATS = (
    """
    CREATE TABLE IF NOT EXISTS
        runs (id TEXT PRIMARY KEY, repository TEXT, began TEXT DEFAULT CURRENT_TIMESTAMP, report TEXT);
    CREATE TABLE IF NOT EXISTS journal (run TEXT, at TEXT DEFAULT CURRENT_TIMESTAMP, step TEXT, detail TEXT);
    CREATE TABLE IF NOT EXISTS baselines (key TEXT PRIMARY KEY, at TEXT DEFAULT CURRENT_TIMESTAMP, run TEXT);
    CREATE TABLE IF NOT EXISTS
        proven (key TEXT PRIMARY KEY, run TEXT, at TEXT DEFAULT CURRENT_TIMESTAMP, patch BLOB);
    """,
    """
    CREATE TABLE trials (
        id TEXT PRIMARY KEY, at TEXT NOT NULL, run TEXT NOT NULL, repository TEXT NOT NULL, path TEXT NOT NULL,
        agent TEXT NOT NULL, model TEXT NOT NULL, strategy TEXT NOT NULL, tried TEXT NOT NULL, fixed TEXT NOT NULL,
        cost_usd REAL, tokens INTEGER, seconds REAL NOT NULL, reason TEXT NOT NULL,
        commit_id TEXT NOT NULL, standing INTEGER NOT NULL);
    CREATE INDEX trials_at ON trials (at);
    CREATE INDEX trials_repository ON trials (repository, at);
    CREATE INDEX trials_run ON trials (run, path);
    CREATE INDEX trials_commit ON trials (commit_id);
    CREATE TABLE failures (key TEXT PRIMARY KEY, at TEXT DEFAULT CURRENT_TIMESTAMP, reason TEXT NOT NULL);
    CREATE TABLE examples (
        id TEXT PRIMARY KEY, at TEXT NOT NULL, repository TEXT NOT NULL, rule TEXT NOT NULL,
        commit_id TEXT NOT NULL, hunk TEXT NOT NULL);
    CREATE INDEX examples_rule ON examples (repository, rule, at);
    """,
    """
    ALTER TABLE proven ADD COLUMN cleaned_up TEXT NOT NULL DEFAULT '[]';
    """,
)


_CLEAN_UPS = TypeAdapter(tuple[CleanUp, ...])


@dataclass(frozen=True)
class Kept:
    """A proven patch that has not landed, and what it cleans up beside the errors aimed at."""

    diff: bytes
    cleaned_up: tuple[CleanUp, ...] = ()


class Store:
    """The SQLite file. Safe to use from several threads and processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = threading.Lock()
            self._db = sqlite3.connect(folder / "stomper.db", timeout=30, check_same_thread=False, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._upgrade()
        except (OSError, sqlite3.Error) as error:
            raise StomperError(f"cannot use the state folder {folder}: {error}; set STOMPER_HOME to another") from error

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def _upgrade(self) -> None:
        """Bring the file of an older Stomper to the newest format. Raises StomperError for one of a newer Stomper."""
        if self._format() < len(_FORMATS):
            with self._transaction():
                for adds in _FORMATS[self._format() :]:  # another process may have done it meanwhile
                    for statement in adds.split(";"):
                        self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {max(self._format(), len(_FORMATS))}")
        if (found := self._format()) > len(_FORMATS):
            self.close()
            raise StomperError(
                f"{self._folder / 'stomper.db'} was written by a newer Stomper (format {found}; this one knows "
                f"{len(_FORMATS)}): use that one, or set STOMPER_HOME to another folder"
            )

    def _format(self) -> int:
        return int(self._db.execute("PRAGMA user_version").fetchone()[0])

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def do(self, statement: str, values: _Values = ()) -> list[_Values]:
        """Run one statement and return its rows. Raises StomperError when the file cannot be used."""
        with self._usable():
            return self._db.execute(statement, values).fetchall()

    def do_all(self, statements: Iterable[tuple[str, _Values]]) -> None:
        """Run these statements, all of them or none."""
        with self._usable(), self._transaction():
            for statement, values in statements:
                self._db.execute(statement, values)

    @contextlib.contextmanager
    def _usable(self) -> Iterator[None]:
        try:
            with self._lock:
                yield
        except sqlite3.Error as error:
            raise StomperError(
                f"cannot use {self._folder / 'stomper.db'}: {error}; is there room on that disk?"
            ) from error

    def begin(self, run_id: str, repository: str, parameters: str) -> None:
        """Remember that a run began, and with which parameters."""
        self.do("DELETE FROM proven WHERE at < datetime('now', '-90 days')", ())
        self.do("INSERT INTO runs (id, repository) VALUES (?, ?)", (run_id, repository))
        self.journal(run_id, "began", parameters)

    def withdraw(self, run_id: str) -> None:
        """Forget that a run began: it came to nothing before it did anything."""
        self.do_all((("DELETE FROM runs WHERE id = ?", (run_id,)), ("DELETE FROM journal WHERE run = ?", (run_id,))))

    def unfinished(self, repository: str) -> list[tuple[str, str]]:
        """(id, when it began) of the runs over *repository* that did not come to an end, the newest first."""
        asked = "SELECT id, began FROM runs WHERE repository = ? AND report IS NULL ORDER BY rowid DESC"
        return [(str(run), str(began)) for run, began in self.do(asked, (repository,))]

    def runs(self, repository: str) -> list[tuple[str, str, str]]:
        """(id, when it began, its report or an empty text) of the last runs over *repository*, the newest first."""
        asked = "SELECT id, began, coalesce(report, '') FROM runs WHERE repository = ? ORDER BY rowid DESC LIMIT 20"
        return [(str(run), str(began), str(report)) for run, began, report in self.do(asked, (repository,))]

    def reports(self, repository: str, most: int) -> list[tuple[str, str]]:
        """(when it began, its report) of the last *most* runs that did their job over *repository*, as reports name it,
        the newest first."""
        asked = (
            "SELECT began, report FROM runs WHERE json_extract(nullif(report, ''), '$.repository') = ? "
            "AND json_extract(nullif(report, ''), '$.failure') = '' ORDER BY rowid DESC LIMIT ?"
        )
        return [(str(began), str(report)) for began, report in self.do(asked, (repository, most))]

    def patches_of(self, run_id: str) -> int:
        """How many proven patches of a run are kept for another one."""
        return int(str(self.do("SELECT count(*) FROM proven WHERE run = ?", (run_id,))[0][0]))

    def journal(self, run_id: str, step: str, detail: str) -> None:
        """Write down a step of a run."""
        self.do("INSERT INTO journal (run, step, detail) VALUES (?, ?, ?)", (run_id, step, detail))

    def steps(self, run_id: str) -> list[tuple[str, str]]:
        """The steps of a run with their details, in their order."""
        rows = self.do("SELECT step, detail FROM journal WHERE run = ? ORDER BY rowid", (run_id,))
        return [(str(step), str(detail)) for step, detail in rows]

    def landed(self, branch: str, before: str, after: str) -> bool:
        """Whether runs moved *branch* from *before*, or from nothing when that is empty, to *after*, in one step or more."""
        asked = "SELECT detail FROM journal WHERE step = 'moving' AND substr(detail, 1, ?) = ?"
        rows = self.do(asked, (len(branch) + 1, f"{branch} "))
        steps = {(start, end) for start, end in (str(row[0])[len(branch) + 1 :].split(" ", 1) for row in rows)}
        if not before:
            return any(end == after for _, end in steps)
        reached = {before}
        while more := {end for start, end in steps if start in reached} - reached:
            reached |= more
        return after in reached

    def finish(self, report: Report) -> None:
        """Keep the report of a run that ended. What earlier runs over the repository left undone is settled by it."""
        text = report.model_dump_json(exclude={"outcomes"})
        self.do("UPDATE runs SET report = ? WHERE id = ?", (text, report.run_id))
        older = "rowid < (SELECT rowid FROM runs WHERE id = ?) AND report IS NULL AND repository = ?"
        self.do(f"UPDATE runs SET report = '' WHERE {older}", (report.run_id, report.repository))  # noqa: S608 - no input

    def keep(self, key: str, run_id: str, patch: Kept) -> None:
        """Keep a proven patch until it has landed, so that a killed run does not pay for it twice."""
        said = _CLEAN_UPS.dump_json(patch.cleaned_up).decode()
        adds = "INSERT OR REPLACE INTO proven (key, run, patch, cleaned_up) VALUES (?, ?, ?, ?)"
        self.do(adds, (key, run_id, patch.diff, said))

    def kept(self, key: str) -> Kept | None:
        """The proven patch for the same call, from a run that did not come to land it."""
        rows = self.do("SELECT patch, cleaned_up FROM proven WHERE key = ?", (key,))
        if not rows or not isinstance(rows[0][0], bytes):
            return None
        return Kept(rows[0][0], _CLEAN_UPS.validate_json(str(rows[0][1])))

    def drop(self, key: str) -> None:
        """The patch of that call did not hold after all."""
        self.do("DELETE FROM proven WHERE key = ?", (key,))

    def keep_baseline(self, key: str, run: str) -> None:
        """Keep what the tests came to."""
        self.do("INSERT OR REPLACE INTO baselines (key, run) VALUES (?, ?)", (key, run))
        self.do("DELETE FROM baselines WHERE at < datetime('now', '-30 days')", ())

    def baseline(self, key: str) -> tuple[str, str] | None:
        """(when, what) the tests came to, if that is known."""
        rows = self.do("SELECT at, run FROM baselines WHERE key = ?", (key,))
        return (str(rows[0][0]), str(rows[0][1])) if rows else None

    def forget(self, run_id: str, but: Iterable[str] = ()) -> None:
        """The run came to its end: what landed has landed, what was turned down is not to be taken again.

        The patches of the calls *but* wait for somebody: a later run takes them without paying again."""
        kept = list(but)
        marks = ", ".join("?" * len(kept))
        self.do(f"DELETE FROM proven WHERE run = ? AND key NOT IN ({marks})", (run_id, *kept))  # noqa: S608 - marks only
