"""The command line of a benchmark: what all of them take, and where their results go."""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.results import Result, Results, show

MEMORY = Path("/dev/shm")  # noqa: S108 - the folders made in it are ours alone
_ROOM_BYTES = 8 * 1024**3
BENCH = Path(__file__).resolve().parent.parent / ".bench"
SCRIPTED = "bench"


@dataclass(frozen=True)
class Asked:
    """How much is to be measured."""

    quick: bool
    rounds: int


def run(name: str, about: str, measure: Callable[[Asked], Iterator[Result]], *, rounds: int = 3) -> int:
    """Parse, measure, show each result as it comes, write all as JSON. Exit code 1 when something is wrong.

    Times are printed and never judged by the exit code."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=about)
    parser.add_argument("--quick", action="store_true", help="smaller sizes and one round, for a look")
    parser.add_argument(
        "--rounds", type=int, default=0, help=f"how often each is measured, in turn ({rounds}; 1 with --quick)"
    )
    parser.add_argument("--json", type=Path, default=BENCH / f"{name}.json", help="where the results go (%(default)s)")
    given = parser.parse_args()
    began = time.monotonic()
    found = []
    for result in measure(Asked(given.quick, given.rounds or (1 if given.quick else rounds))):
        show(result)
        found.append(result)
    results = Results(benchmark=name, results=tuple(found))
    results.write(given.json)
    print(f"{name}: {(time.monotonic() - began) / 60:.1f} min, written to {given.json}")
    return 1 if results.wrong else 0


@contextlib.contextmanager
def folder_of(name: str, *, in_memory: bool = False) -> Iterator[Path]:
    """A folder for the repositories and states of a benchmark, *in_memory* where there is room.

    That is for what is held against a floor without a disk in it. Some file systems are slower for minutes after thousands
    of files were removed, so that each round would pay for those before it: ext4 looks past each of them whenever a file is
    made."""
    roomy = in_memory and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > _ROOM_BYTES
    place = MEMORY if roomy else None
    with tempfile.TemporaryDirectory(prefix=f"stomper-{name}-", dir=place, ignore_cleanup_errors=True) as made:
        yield Path(made).resolve()


def write_config(folder: Path, agent: Mapping[str, object] | None, parallel: int, *, tests: str = "none") -> Path:
    """A `stomper.toml` in *folder*: ruff alone checks, and *agent* alone repairs; ruff itself where it is None."""
    lines = [f"test_validation = {json.dumps(tests)}", f"max_parallel_files = {parallel}", "[checkers.mypy]"]
    lines.append("enabled = false")
    if agent is not None:
        lines += ["[agents.ruff]", "enabled = false", f"[agents.{SCRIPTED}]"]
        lines += [f"{key} = {json.dumps(value)}" for key, value in agent.items()]
    path = folder / "stomper.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def scripted(folder: Path, action: str, latency_s: float = 0.0) -> dict[str, object]:
    """The agent that does *action* (see stomper/agents/scripted.py) to files with an unused import, after *latency_s*."""
    script = folder / "script.json"
    rules = [{"codes": ["F401"], "action": action}]
    script.write_text(json.dumps({"latency_s": latency_s, "rules": rules}), encoding="utf-8")
    return {"kind": "scripted", "script": str(script)}
