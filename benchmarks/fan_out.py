"""How close the fan-out over files comes to its ideal, and that no more agents are in work at once than allowed.

`python -m benchmarks.fan_out [--files 40] [--latency 2] [--parallel 4] [--two]`. Exit code 1 when more than
`--parallel` agents were in work at once or a file did not land; times are printed and never judged.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import BaseModel

from stomper.models import Landed, Span

AGENT = "bench"

# The agent of --two: two runs have no clock in common but the machine's, so it writes down when it worked.
RECORDER = """\
import os, sys, time
log, latency, file = sys.argv[1], float(sys.argv[2]), sys.argv[3]
def note(step):
    handle = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(handle, f"{step} {time.time():.6f}\\n".encode())
    os.close(handle)
note("start")
time.sleep(latency)
lines = open(file, encoding="utf-8").read().splitlines(keepends=True)
open(file, "w", encoding="utf-8").write("".join(line for line in lines if line != "import os\\n"))
note("end")
"""


class FileEnd(BaseModel):
    """What a benchmark reads of one file's outcome."""

    path: str
    status: str
    reason: str = ""
    spans: tuple[Span, ...] = ()


class RunEnd(BaseModel):
    """What a benchmark reads of `stomper fix --json`: the report without the patches, which it does not print."""

    run_id: str
    outcomes: tuple[FileEnd, ...] = ()
    landed: tuple[Landed, ...] = ()
    warnings: tuple[str, ...] = ()
    tests: str = ""
    test_runs: int = 0
    failure: str = ""
    seconds: float = 0.0


def start_fix(repository: Path, home: Path, arguments: Sequence[str], *, address: str = "") -> subprocess.Popen[str]:
    """`stomper fix --json` in *repository*, with *home* as its state and the Prefect server at *address*, or its own."""
    env = {k: v for k, v in os.environ.items() if k != "PREFECT_API_URL" and not k.startswith("STOMPER_")}
    argv = [str(Path(sys.executable).with_name("stomper")), "fix", "--json", *arguments]
    return subprocess.Popen(
        argv,
        cwd=repository,
        env={**env, "STOMPER_HOME": str(home), **({"PREFECT_API_URL": address} if address else {})},
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def end_fix(running: subprocess.Popen[str], *, timeout_s: float) -> RunEnd:
    """The report of a run. Ends the benchmark when there is none."""
    try:
        out, err = running.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        running.terminate()
        running.communicate()
        raise SystemExit(f"stomper took more than {timeout_s:g} s") from None
    if running.returncode not in (0, 1):
        raise SystemExit(f"stomper ended with exit code {running.returncode}\n{out[-2000:]}\n{err[-4000:]}")
    return RunEnd.model_validate_json(out)


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


def most_at_once(intervals: Iterable[tuple[float, float]]) -> int:
    """The largest number of *intervals* that share a moment; one that ends as another begins does not share it."""
    moments = [moment for start, end in intervals for moment in ((start, 1), (end, -1))]
    running = most = 0
    for _, step in sorted(moments):
        running += step
        most = max(most, running)
    return most


def make_modules(root: Path, files: int) -> None:
    root.mkdir()
    for number in range(files):
        # The repository's name is in the text: a run may take over what another has proven for the same content.
        text = f'"""Module {number} of {root.name}."""\n\nimport os\n\n\ndef value() -> int:\n    return {number}\n'
        (root / f"module_{number:04}.py").write_text(text, encoding="utf-8")
    new_repository(root)


def write_config(folder: Path, table: dict[str, object], parallel: int) -> Path:
    lines = [
        'test_validation = "none"', f"max_parallel_files = {parallel}", "[agents.ruff]", "enabled = false",
        f"[agents.{AGENT}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items()),
    ]  # fmt: skip
    path = folder / "stomper.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _show(name: str, end: RunEnd, files: int, ideal: float) -> bool:
    """Print the times of one run; whether all its files landed."""
    spans = [span for outcome in end.outcomes for span in outcome.spans]
    wall = max((s.end_s for s in spans), default=0.0) - min((s.start_s for s in spans), default=0.0)
    landed = {entry.path for entry in end.landed}
    print(f"{name}: landed {len(landed)} of {files} files", f"· failure: {end.failure}" if end.failure else "")
    print(f"  ideal               {ideal:8.2f} s")
    print(f"  fan-out wall        {wall:8.2f} s")
    print(f"  ratio               {wall / ideal if ideal else math.nan:8.3f}")
    print(f"  the run's own time  {end.seconds:8.2f} s")
    for outcome in end.outcomes:
        if outcome.path not in landed:
            print(f"  NOT LANDED {outcome.path}: {outcome.status}: {outcome.reason}")
    return len(landed) == files and not end.failure


def one_run(files: int, latency: float, parallel: int) -> bool:
    """One run with the scripted agent, measured by the spans of its report."""
    with tempfile.TemporaryDirectory(prefix="stomper-bench-") as name:
        folder = Path(name)
        script = folder / "script.json"
        rules = [{"codes": ["F401"], "action": "drop_lines"}]
        script.write_text(json.dumps({"latency_s": latency, "rules": rules}), encoding="utf-8")
        make_modules(folder / "one", files)
        config = write_config(folder, {"kind": "scripted", "script": str(script)}, parallel)
        ideal = math.ceil(files / parallel) * latency
        began = time.monotonic()
        running = start_fix(folder / "one", folder / "home", ["--config", str(config)])
        end = end_fix(running, timeout_s=20 * ideal + 300)
        total = time.monotonic() - began
        landed = _show("one run", end, files, ideal)
        most = most_at_once((s.start_s, s.end_s) for o in end.outcomes for s in o.spans if s.stage == AGENT)
        print(f"  total               {total:8.2f} s")
        print(f"  agents at once      {most:5} (limit {parallel})")
        return landed and most <= parallel


def two_runs(files: int, latency: float, parallel: int) -> bool:
    """Two runs at once with one state folder, so with one server and one limit, measured by the agents' own log."""
    with tempfile.TemporaryDirectory(prefix="stomper-bench-") as name:
        folder = Path(name)
        log, program = folder / "agents.log", folder / "agent.py"
        program.write_text(RECORDER, encoding="utf-8")
        command = [sys.executable, str(program), str(log), str(latency), "{file}"]
        config = write_config(folder, {"kind": "command", "command": command}, parallel)
        names = ("first", "second")
        for repository in names:
            make_modules(folder / repository, files)
        ideal = math.ceil(2 * files / parallel) * latency
        began = time.monotonic()
        running = [start_fix(folder / r, folder / "home", ["--config", str(config)]) for r in names]
        ends = [end_fix(process, timeout_s=20 * ideal + 300) for process in running]
        total = time.monotonic() - began
        landed = [_show(r, end, files, ideal) for r, end in zip(names, ends, strict=True)]
        moments = [(step, float(at)) for step, at in (x.split() for x in log.read_text(encoding="utf-8").splitlines())]
        starts = sorted(at for step, at in moments if step == "start")
        stops = sorted(at for step, at in moments if step == "end")
        # Which start belongs to which end does not matter to how many are open; one without an end stays open.
        most = most_at_once(zip(starts, [*stops, *[math.inf] * (len(starts) - len(stops))], strict=True))
        whole = stops[-1] - starts[0] if stops else math.nan
        busy = sum(stops) - sum(starts) if len(stops) == len(starts) else math.nan
        print(f"both runs, {len(starts)} calls of agents, {len(starts) - len(stops)} of them cut off")
        print(f"  ideal               {ideal:8.2f} s")
        print(f"  first to last agent {whole:8.2f} s")
        print(f"  ratio               {whole / ideal if ideal else math.nan:8.3f}")
        print(f"  agents on average   {busy / whole:8.2f}")
        print(f"  total               {total:8.2f} s")
        print(f"  agents at once      {most:5} (limit of the tag {parallel})")
        return all(landed) and most <= parallel


def main() -> int:
    """Parse, run, judge."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fan_out", description=__doc__)
    parser.add_argument("--files", type=int, default=40)
    parser.add_argument("--latency", type=float, default=2.0)
    parser.add_argument("--parallel", type=int, default=4)
    parser.add_argument("--two", action="store_true", help="two runs at once on two repositories, one state folder")
    given = parser.parse_args()
    if given.files < 1 or given.parallel < 1 or given.latency < 0:
        parser.error("--files and --parallel are at least 1, --latency at least 0")
    good = (two_runs if given.two else one_run)(given.files, given.latency, given.parallel)
    print("ok" if good else "FAILED")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
