"""Reports to files: `--report FORMAT=PATH`, checked before the run and written after it, whatever it came to."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from stomper.errors import SettingsError, StomperError
from stomper.reports.gitlab_codequality import codequality
from stomper.reports.junit import junit
from stomper.reports.result import RunResult
from stomper.reports.sarif import encodable, sarif

FORMATS: dict[str, Callable[[RunResult], str]] = {
    "json": lambda result: json.dumps(result.data, indent=2) + "\n",
    "sarif": sarif,
    "junit": junit,
    "markdown": lambda result: encodable(result.markdown).rstrip("\n") + "\n",
    "codequality": codequality,
}
STDOUT = "-"


@dataclass(frozen=True)
class Wanted:
    """One report that was asked for; *place* is a path, or `-` for stdout."""

    format: str
    place: str


def wanted(given: Sequence[str], *, stdout_taken_by: str = "") -> tuple[Wanted, ...]:
    """The reports that *given* ask for. Raises SettingsError for one that cannot be written, before anything is paid for."""
    asked = []
    for one in given:
        name, found, place = one.partition("=")
        if not found or not place or name not in FORMATS:
            raise SettingsError(f"--report {one}: write it as FORMAT=PATH, where FORMAT is one of {', '.join(FORMATS)}")
        asked.append(Wanted(name, place))
        if place != STDOUT:
            _refuse_unwritable(one, Path(place))
    users = [
        *([stdout_taken_by] if stdout_taken_by else []),
        *(f"--report {w.format}=-" for w in asked if w.place == "-"),
    ]
    if len(users) > 1:
        raise SettingsError(f"{' and '.join(users)} all print to stdout: give the reports files")
    twice = {str(Path(w.place).absolute()) for w in asked if w.place != STDOUT}
    if len(twice) < len(asked) - len(users) + bool(stdout_taken_by):
        raise SettingsError("two reports would be written to the same file: give each its own")
    return tuple(asked)


def _refuse_unwritable(given: str, path: Path) -> None:
    try:
        if path.is_dir():
            raise SettingsError(f"--report {given}: {path} is a folder: name a file")
        path.parent.mkdir(parents=True, exist_ok=True)
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            raise SettingsError(f"--report {given}: {path} cannot be written")
    except (OSError, ValueError) as error:
        raise SettingsError(f"--report {given}: cannot be written: {getattr(error, 'strerror', '') or error}") from None


def write_reports(result: RunResult, reports: Sequence[Wanted]) -> None:
    """Write them all. Raises StomperError for those that could not be; the others are written in any case."""
    failed = []
    for report in reports:
        text = FORMATS[report.format](result)
        try:
            _write(report.place, text.encode("utf-8"))
        except BrokenPipeError:
            raise
        except OSError as error:
            failed.append(f"{report.place}: the report cannot be written: {error.strerror or error}")
    if failed:
        kept = "" if result.failure or result.verb == "check" else "\nwhat was landed or kept as a patch stays so"
        raise StomperError("\n".join(failed) + kept)


def _write(place: str, content: bytes) -> None:
    if place == STDOUT:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    path = Path(os.path.realpath(place))
    if path.exists() and not path.is_file():
        path.write_bytes(content)  # a pipe or a device
        return
    # Whole or not at all: half a report would be read as one.
    path.parent.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(dir=path.parent, prefix=".stomper-report-")
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
        mode = path.stat().st_mode if path.exists() else 0o666 & ~_umask()
        Path(name).chmod(mode & 0o777)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    """What this process takes from the mode of new files; it can only be read by setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
