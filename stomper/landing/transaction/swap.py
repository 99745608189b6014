"""The moment itself: the new files and the old ones change places, one by one, and what came out is compared."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from stomper import progress
from stomper.landing.transaction.journal import Entry, Journal, place, place_of
from stomper.system.renaming import Place, enter, exchange, move

_EDITED = "it was edited in the moment of landing: commit or stash the edits, then run again"
_GONE = "it was deleted, or its folder moved, in the moment of landing"
_THERE = "a file of that name appeared in the moment of landing"


def put_in_place(journal: Journal, seen: Mapping[str, str]) -> Mapping[str, str]:
    """Put the new files in place of those that were *seen*. Returns the file that cannot be, with why, and stops there."""
    for entry in journal.entries:
        progress.emit(progress.LandingStep("file", entry.path))
        try:
            why = _WAYS[entry.way](journal, entry, seen[entry.path])
        except FileNotFoundError:
            why = _GONE
        except FileExistsError:
            why = _THERE
        except OSError as error:
            why = f"it cannot be written: {error.strerror}"
        if why:
            return {entry.path: why}
    return {}


def _replace(journal: Journal, entry: Entry, seen: str) -> str:
    with place_of(journal.root, entry) as there, place(entry.staged) as staged:
        exchange(staged, there)
        if staged.tell() == seen and _still_there(journal, entry, there):
            return ""
        exchange(staged, there)
        return _EDITED


def _add(journal: Journal, entry: Entry, _: str) -> str:
    for depth in range(1, len(entry.parts) + 1):
        folder = Path(journal.root, *entry.parts[:depth])
        if not folder.is_dir():
            journal.note_made("/".join(entry.parts[:depth]))
            folder.mkdir()
    with place_of(journal.root, entry) as there, place(entry.staged) as staged:
        move(staged, there)
    return ""


def _delete(journal: Journal, entry: Entry, seen: str) -> str:
    with place_of(journal.root, entry) as there, place(entry.staged) as staged:
        move(there, staged)
        if staged.tell() == seen and _still_there(journal, entry, there):
            return ""
        move(staged, there)
        return _EDITED


_WAYS = {"replace": _replace, "add": _add, "delete": _delete}


def _still_there(journal: Journal, entry: Entry, there: Place) -> bool:
    """Return whether the folder that was opened is still the one of that name."""
    try:
        folder = enter(journal.root, entry.parts)
    except OSError:
        return False
    try:
        return os.path.samestat(os.fstat(folder), os.fstat(there.folder))
    finally:
        os.close(folder)
