"""What plain ruff makes of a tree, to compare with."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

RUFF = Path(sys.executable).with_name("ruff")


def fixed_by_ruff(root: Path, fixable: str, *, unsafe: bool = False) -> dict[str, bytes]:
    """Return every file of *root*, by its path, as `ruff check --fix-only --fixable` leaves it; *root* stays as it is."""
    safety = "--unsafe-fixes" if unsafe else "--no-unsafe-fixes"
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(root, copy, ignore=shutil.ignore_patterns(".git"))
        argv = (RUFF, "check", "--no-cache", "--quiet", "--fix-only", safety, "--fixable", fixable, ".")
        subprocess.run(argv, cwd=copy, check=True)
        return {p.relative_to(copy).as_posix(): p.read_bytes() for p in copy.rglob("*") if p.is_file()}
