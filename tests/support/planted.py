"""A secret that is planted, and where it is found."""

from __future__ import annotations

from pathlib import Path

TOKEN = "tok-8f31c2-very-secret"  # noqa: S105 - planted


def files_with(folder: Path, secret: str) -> list[str]:
    """The files under *folder* that hold the secret."""
    return [str(p) for p in folder.rglob("*") if p.is_file() and secret.encode() in p.read_bytes()]
