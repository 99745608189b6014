"""What `stomper check` costs over the checkers alone, in a repository of many files.

`python -m benchmarks.check [--files 2000] [--rounds 5]`. Both are run in turn; medians are printed, and never judged.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.fan_out import new_repository

HERE = Path(sys.executable).parent


def make_modules(root: Path, files: int) -> None:
    """Packages of fifty modules; every tenth module has errors."""
    for number in range(files):
        package = root / f"package_{number // 50:03}"
        package.mkdir(parents=True, exist_ok=True)
        (package / "__init__.py").touch()
        unused = "import os\n\n\n" if number % 10 == 0 else ""
        body = "".join(f"def value_{n}(given: int) -> int:\n    return given + {n}\n\n\n" for n in range(20))
        (package / f"module_{number:05}.py").write_text(f'"""Module {number}."""\n\n{unused}{body.rstrip()}\n')
    new_repository(root)


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
        make_modules(root, given.files)
        print(f"{given.files} files, {given.rounds} rounds, medians")
        for checkers in ("ruff", "ruff,mypy"):
            alone: list[tuple[str, ...]] = [(str(HERE / "ruff"), "check", "--no-cache", "--output-format", "json", ".")]
            if "mypy" in checkers:
                cache = os.devnull  # a first run, as Stomper's own is
                alone.append((str(HERE / "mypy"), "--output", "json", "--cache-dir", cache, "."))
            floors, ours = [], []
            for _ in range(given.rounds):
                floors.append(sum(seconds(argv, root, home) for argv in alone))
                argv = (str(HERE / "stomper"), "check", "--json", "--checkers", checkers)
                ours.append(seconds(argv, root, home))
            floor, own = statistics.median(floors), statistics.median(ours)
            over = f"{own / floor:.2f} x, {own - 1.5 * floor:+.2f} s over 1.5 x"
            print(f"  {checkers:10} alone {floor:6.2f} s   stomper check {own:6.2f} s   {over}")


if __name__ == "__main__":
    main()
