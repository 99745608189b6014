"""What there is to be compared with: ideal packing, a plain shell loop, and ruff over the whole tree."""

from __future__ import annotations

import itertools
import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.runs import BIN

LOOP = Path(__file__).with_name("loop.sh")


def packed_s(seconds: Sequence[float], lanes: int) -> float:
    """No schedule of these pieces of work over so many lanes is shorter: their mean load, or the longest of them."""
    return max(sum(seconds) / lanes, max(seconds, default=0.0))


@dataclass(frozen=True)
class Loop:
    """How the shell loop did: collecting once, then each file."""

    collect_s: float
    files_s: tuple[float, ...]

    def scaled_s(self, files: int) -> float:
        """How long it would take for so many files, at its own mean."""
        return self.collect_s + files * sum(self.files_s) / len(self.files_s)


def _environment() -> dict[str, str]:
    return {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}


def shell_loop(root: Path, files: int, scratch: Path) -> Loop:
    """Repair *files* files of the repository at *root* by `loop.sh`, one after the other. Ends the benchmark if it fails."""
    argv = ("bash", str(LOOP), str(root), str(files), str(scratch))
    done = subprocess.run(argv, env=_environment(), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"the shell loop failed: {done.stderr[-2000:]}")
    moments = [float(line) for line in done.stdout.split()]
    steps = tuple(after - before for before, after in itertools.pairwise(moments))
    if len(steps) != files + 1:
        raise SystemExit(f"the shell loop repaired {len(steps) - 1} of {files} files")
    return Loop(steps[0], steps[1:])


def whole_tree_s(root: Path) -> float:
    """Seconds of `ruff check --fix` over the tree at *root*, which is put back as it was."""
    began = time.monotonic()
    argv = (str(BIN / "ruff"), "check", "--fix", "--no-cache", "--quiet", "--exit-zero", ".")
    subprocess.run(argv, cwd=root, check=True, capture_output=True)
    seconds = time.monotonic() - began
    subprocess.run(("git", "checkout", "--quiet", "--", "."), cwd=root, check=True)
    return seconds
