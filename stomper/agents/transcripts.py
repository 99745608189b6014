"""What agents were told and what they said, in files of their own: bounded, without secrets, and not kept for ever."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from stomper import hashing
from stomper.config.secrets import Secrets
from stomper.models import Attempt
from stomper.state import locks, paths

SAID_LIMIT = 20_000
"""Characters of what an agent said that are kept: the last ones."""
_PROMPT_LIMIT = 200_000


def tail(text: str, most: int = SAID_LIMIT) -> str:
    """The last lines of *text*, whole ones unless a single line is longer than *most* characters."""
    if len(text) <= most:
        return text
    kept = text[-most:]
    return "…\n" + (kept.partition("\n")[2] or kept)


@dataclass(frozen=True)
class Transcripts:
    """The transcripts of one run. None is kept when *days* is 0."""

    run_id: str
    days: int
    secrets: Secrets

    def keep(self, path: str, attempt: Attempt, prompt: str, said: str) -> str:
        """Write down one attempt at *path*. Returns the file; empty where none is kept or it cannot be written."""
        if not self.days:
            return ""
        name = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in path)[-60:]
        stem = f"{name}.{hashing.digest(path)[:8]}.{attempt.agent}"
        try:
            folder = paths.home() / "transcripts" / self.run_id
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            number = len(list(folder.glob(f"{stem}.*.md"))) + 1
            file = folder / f"{stem}.{number}.md"
            text = self.secrets.hidden(_written(path, attempt, prompt, said))
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as out:
                out.write(text)
        except OSError:  # a full disk loses a transcript, not a fix
            return ""
        return str(file)


def _written(path: str, attempt: Attempt, prompt: str, said: str) -> str:
    cost = "unknown" if attempt.cost_usd is None else f"${attempt.cost_usd:.4f}"
    tokens = "unknown" if attempt.tokens is None else str(attempt.tokens)
    about = {
        "file": path,
        "agent": attempt.agent,
        "model": attempt.model,
        "strategy": attempt.strategy,
        "session": attempt.session,
        "stopped": attempt.stop,
        "result": attempt.result,
        "seconds": f"{attempt.seconds:.1f}",
        "cost": cost,
        "tokens": tokens,
    }
    head = "\n".join(f"- {name}: {value}" for name, value in about.items() if value)
    return f"{head}\n\n# Prompt\n\n{prompt[:_PROMPT_LIMIT]}\n\n# What it said\n\n{tail(said)}\n"


def prune(home: Path, *, days: int, megabytes: int) -> list[str]:
    """Remove the transcripts of runs older than *days*, then of the oldest until the rest is within *megabytes*.

    Those of runs under way stay. Returns the runs whose transcripts are gone."""
    ages = []
    for folder in (home / "transcripts").glob("*"):
        files = [file.stat() for file in folder.glob("*")]
        newest = max((s.st_mtime for s in files), default=folder.stat().st_mtime)
        ages.append((newest, sum(s.st_size for s in files), folder))
    room, oldest, gone = megabytes * 1024**2, time.time() - days * 24 * 3600, []
    for newest, size, folder in sorted(ages, reverse=True):
        room -= size
        if (newest < oldest or room < 0) and not locks.lives(home / "runs", folder.name):
            shutil.rmtree(folder, ignore_errors=True)
            gone.append(folder.name)
            room += size
    return gone
