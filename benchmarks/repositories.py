"""Folders put under git."""

from __future__ import annotations

import subprocess
from pathlib import Path


def new_repository(root: Path) -> None:
    """Put what is in *root* under git, as one commit."""
    for arguments in (
        ("init", "--quiet", "-b", "main"),
        ("config", "user.name", "Bench"),
        ("config", "user.email", "bench@example.invalid"),
        ("add", "--all", "--force"),
        ("commit", "--quiet", "-m", "chore: as it was"),
    ):
        subprocess.run(("git", *arguments), cwd=root, check=True)
