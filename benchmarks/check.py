"""What `stomper check` costs over the checkers alone, in a repository of many files.

`python -m benchmarks.check [--files 2000] [--rounds 5]`. Both are run in turn; medians are printed, and never judged.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.runs import BIN
from benchmarks.synthetic import Shape, make


def seconds(argv: tuple[str, ...], cwd: Path, home: Path) -> float:
    """How long a command takes. Ends the benchmark when it could not do its job."""
    env = {**os.environ, "STOMPER_HOME": str(home)}
    began = time.perf_counter()
    done = subprocess.run(argv, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{argv[0]} ended with exit code {done.returncode}: {done.stderr[-2000:]}")
    return time.perf_counter() - began


def main() -> None:
    """Make, run in turn, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.check", description=__doc__)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="stomper-check-") as name:
        root, home = Path(name) / "repo", Path(name) / "home"
        make(root, Shape(files=given.files, functions=20, broken=given.files // 10, imports=1))
        print(f"{given.files} files, {given.rounds} rounds, medians")
        for checkers in ("ruff", "ruff,mypy"):
            alone: list[tuple[str, ...]] = [(str(BIN / "ruff"), "check", "--no-cache", "--output-format", "json", ".")]
            if "mypy" in checkers:
                cache = os.devnull  # a first run, as Stomper's own is
                alone.append((str(BIN / "mypy"), "--output", "json", "--cache-dir", cache, "."))
            floors, ours = [], []
            for _ in range(given.rounds):
                floors.append(sum(seconds(argv, root, home) for argv in alone))
                argv = (str(BIN / "stomper"), "check", "--json", "--checkers", checkers)
                ours.append(seconds(argv, root, home))
            floor, own = statistics.median(floors), statistics.median(ours)
            over = f"{own / floor:.2f} x, {own - 1.5 * floor:+.2f} s over 1.5 x"
            print(f"  {checkers:10} alone {floor:6.2f} s   stomper check {own:6.2f} s   {over}")


if __name__ == "__main__":
    main()
