"""What Stomper remembers between runs, in one SQLite file: runs, and patches that were paid for and proven."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import threading
from pathlib import Path

from stomper.errors import StomperError
from stomper.models import FileJob, Patch, Report

_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (id TEXT PRIMARY KEY, repository TEXT, began TEXT DEFAULT CURRENT_TIMESTAMP, report TEXT);
CREATE TABLE IF NOT EXISTS journal (run TEXT, at TEXT DEFAULT CURRENT_TIMESTAMP, step TEXT, detail TEXT);
CREATE TABLE IF NOT EXISTS baselines (key TEXT PRIMARY KEY, at TEXT DEFAULT CURRENT_TIMESTAMP, run TEXT);
CREATE TABLE IF NOT EXISTS proven (key TEXT PRIMARY KEY, run TEXT, at TEXT DEFAULT CURRENT_TIMESTAMP, patch BLOB);
"""


def home() -> Path:
    """Stomper's state folder: $STOMPER_HOME, else under $XDG_STATE_HOME, else ~/.local/state."""
    if given := os.environ.get("STOMPER_HOME"):
        return Path(given).resolve()
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return (Path(base) / "stomper").resolve()


def digest(*parts: str) -> str:
    """A short name for what *parts* say, the same in every run."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:20]


def attempt_key(repository: str, job: FileJob, blob: str, agent: str, configuration: str) -> str:
    """What makes a call the same call: the repository, the file's content, the errors aimed at, the agent as configured."""
    errors = sorted(d.fingerprint for d in job.diagnostics)
    return digest(repository, job.path, blob, agent, configuration, *errors)


class Store:
    """The SQLite file. Safe to use from several threads and processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = threading.Lock()
            self._db = sqlite3.connect(folder / "stomper.db", timeout=30, check_same_thread=False, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise StomperError(f"cannot use the state folder {folder}: {error}; set STOMPER_HOME to another") from error

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def _do(self, statement: str, values: tuple[object, ...]) -> list[tuple[str | bytes, ...]]:
        try:
            with self._lock:
                return self._db.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise StomperError(
                f"cannot use {self._folder / 'stomper.db'}: {error}; is there room on that disk?"
            ) from error

    def begin(self, run_id: str, repository: str, parameters: str) -> None:
        """Remember that a run began, and with which parameters."""
        self._do("DELETE FROM proven WHERE at < datetime('now', '-90 days')", ())
        self._do("INSERT INTO runs (id, repository) VALUES (?, ?)", (run_id, repository))
        self.journal(run_id, "began", parameters)

    def unfinished(self, repository: str) -> list[tuple[str, str]]:
        """(id, when it began) of the runs over *repository* that did not come to an end, the newest first."""
        asked = "SELECT id, began FROM runs WHERE repository = ? AND report IS NULL ORDER BY rowid DESC"
        return [(str(run), str(began)) for run, began in self._do(asked, (repository,))]

    def runs(self, repository: str) -> list[tuple[str, str, str]]:
        """(id, when it began, its report or an empty text) of the last runs over *repository*, the newest first."""
        asked = "SELECT id, began, coalesce(report, '') FROM runs WHERE repository = ? ORDER BY rowid DESC LIMIT 20"
        return [(str(run), str(began), str(report)) for run, began, report in self._do(asked, (repository,))]

    def patches_of(self, run_id: str) -> int:
        """How many proven patches of a run are kept for another one."""
        return int(str(self._do("SELECT count(*) FROM proven WHERE run = ?", (run_id,))[0][0]))

    def journal(self, run_id: str, step: str, detail: str) -> None:
        """Write down a step of a run."""
        self._do("INSERT INTO journal (run, step, detail) VALUES (?, ?, ?)", (run_id, step, detail))

    def steps(self, run_id: str) -> list[tuple[str, str]]:
        """The steps of a run with their details, in their order."""
        rows = self._do("SELECT step, detail FROM journal WHERE run = ? ORDER BY rowid", (run_id,))
        return [(str(step), str(detail)) for step, detail in rows]

    def finish(self, report: Report) -> None:
        """Keep the report of a run that ended. What earlier runs over the repository left undone is settled by it."""
        text = report.model_dump_json(exclude={"outcomes"})
        self._do("UPDATE runs SET report = ? WHERE id = ?", (text, report.run_id))
        older = "rowid < (SELECT rowid FROM runs WHERE id = ?) AND report IS NULL AND repository = ?"
        self._do(f"UPDATE runs SET report = '' WHERE {older}", (report.run_id, report.repository))  # noqa: S608 - no input

    def keep(self, key: str, run_id: str, patch: Patch) -> None:
        """Keep a proven patch until it has landed, so that a killed run does not pay for it twice."""
        self._do("INSERT OR REPLACE INTO proven (key, run, patch) VALUES (?, ?, ?)", (key, run_id, patch.diff))

    def kept(self, key: str) -> bytes | None:
        """The diff of a proven patch for the same call, from a run that did not come to land it."""
        rows = self._do("SELECT patch FROM proven WHERE key = ?", (key,))
        return bytes(rows[0][0]) if rows and isinstance(rows[0][0], bytes) else None

    def keep_baseline(self, key: str, run: str) -> None:
        """Keep what the tests came to."""
        self._do("INSERT OR REPLACE INTO baselines (key, run) VALUES (?, ?)", (key, run))
        self._do("DELETE FROM baselines WHERE at < datetime('now', '-30 days')", ())

    def baseline(self, key: str) -> tuple[str, str] | None:
        """(when, what) the tests came to, if that is known."""
        rows = self._do("SELECT at, run FROM baselines WHERE key = ?", (key,))
        return (str(rows[0][0]), str(rows[0][1])) if rows else None

    def forget(self, run_id: str) -> None:
        """The run came to its end: what landed has landed, what was turned down is not to be taken again."""
        self._do("DELETE FROM proven WHERE run = ?", (run_id,))
