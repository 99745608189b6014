"""What a step of GitHub Actions shows: a summary on the run's page, and annotations beside the lines they are about."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from stomper.reports.escaping import printable
from stomper.reports.result import Finding, RunResult

SUMMARY_LIMIT = 1024 * 1024  # bytes a step; GitHub drops what is longer altogether
SHOWN = 10  # annotations of each level that GitHub shows of one step
_CUT = "\n\n… the rest is over GitHub's limit for a summary.\n"
_LEVELS = {"left": "error", "unknown": "warning", "proven": "notice"}


def on_github(env: Mapping[str, str] = os.environ) -> bool:
    """Whether this is a step of GitHub Actions."""
    return env.get("GITHUB_ACTIONS") == "true"


@contextlib.contextmanager
def no_commands(write: Callable[[str], None]) -> Iterator[None]:
    """Take lines that are printed meanwhile as text: what a file or an agent says could look like a workflow command."""
    token = secrets.token_hex(16)
    write(f"::stop-commands::{token}")
    try:
        yield
    finally:
        write(f"::{token}::")


def commands(result: RunResult, root: Path, workspace: str = "") -> list[str]:
    """The workflow commands that show what is left, of each level as many as GitHub shows; the last of them says how
    many more there are. *root* is the repository's, *workspace* the folder that GitHub takes paths from."""
    lines = [_command("error", {"title": "stomper stopped"}, result.failure)] if result.failure else []
    below = _below(root, workspace)
    for state, level in _LEVELS.items():
        found = sorted((f for f in result.findings if f.state == state), key=_weight)
        room = SHOWN - len(lines) if level == "error" else SHOWN
        shown = found if len(found) <= room else found[: room - 1]
        lines += [_annotation(level, finding, below) for finding in shown]
        if len(shown) < len(found):
            more = f"{len(found) - len(shown)} more {_NAMES[state]}; the summary and the reports have them all"
            lines.append(_command(level, {"title": "stomper"}, more))
    return lines


_NAMES = {"left": "error(s) left", "unknown": "error(s) of unknown state", "proven": "error(s) with a proven fix"}


def add_summary(result: RunResult, file: Path) -> None:
    """Append the summary to what the step has in *file*, no more than GitHub takes. Raises OSError."""
    there = file.stat().st_size if file.exists() else 0
    room = SUMMARY_LIMIT - there - 1
    text = ("\n" if there else "") + result.markdown + "\n"
    content = text.encode("utf-8", "backslashreplace")
    if len(content) > room:
        kept = content[: max(room - len(_CUT.encode()) - len("\n```"), 0)]
        kept = kept[: kept.rfind(b"\n") + 1]
        # A block that is open would swallow the last sentence.
        fence = b"```" if sum(line.startswith(b"```") for line in kept.split(b"\n")) % 2 else b""
        content = kept + fence + _CUT.encode() if kept else b""
    with file.open("ab") as out:
        out.write(content)


def _weight(finding: Finding) -> tuple[int, str, int]:
    """What matters most comes first: code that does not parse, tests that fail, then what is not mere style."""
    d = finding.diagnostic
    order = (d.code == "invalid-syntax" or d.code.startswith("E9"), d.code == "test-failed", d.tool != "ruff")
    return (order.index(True) if True in order else len(order), d.path, d.line)


def _annotation(level: str, finding: Finding, below: str) -> str:
    d = finding.diagnostic
    place: dict[str, object] = {
        "title": f"{d.tool} {d.code}",
        "file": below + printable(d.path),
        "line": max(d.line, 1),
    }
    if d.end_line > d.line > 0:
        place["endLine"] = d.end_line
    elif d.line and d.column:
        place["col"] = d.column
    why = f"\n{finding.why}" if finding.why else ""
    return _command(level, place, d.message + why)


def _command(level: str, properties: Mapping[str, object], message: str) -> str:
    """One workflow command; the escapes are those that GitHub's own toolkit makes."""
    given = ",".join(f"{key}={_escaped(str(value), ':,')}" for key, value in properties.items())
    return f"::{level} {given}::{_escaped(message or 'no message')}"


def _escaped(text: str, more: Sequence[str] = "") -> str:
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    for character in ("%", "\r", "\n", *more):
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def _below(root: Path, workspace: str) -> str:
    """Where *root* is under *workspace*, to be put before its paths."""
    with contextlib.suppress(ValueError, OSError):
        below = root.resolve().relative_to(Path(workspace).resolve()).as_posix() if workspace else "."
        return "" if below == "." else f"{printable(below)}/"
    return ""
