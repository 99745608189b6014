"""Fake programs on PATH that play the coding agents: they keep what they were given, and do and say what a test wants."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from stomper.agents.registry import PROGRAMS

CASES = Path(__file__).parents[1] / "cases" / "programs"
_FAKE = """\
#!{python}
import json, os, pathlib, subprocess, sys, time
here = pathlib.Path({here!r})
plan = json.loads((here / "plan.json").read_text())
if sys.argv[1:] == ["--version"]:
    print("fake 1.2.3 (test)")
    sys.exit()
with (here / "log.jsonl").open("a") as log:
    files = {{}}
    for folder in (os.environ["HOME"], os.path.dirname(os.environ["HOME"])):
        for path in pathlib.Path(folder).rglob("*"):
            if path.is_file():
                files[str(path)] = [path.stat().st_mode & 0o777, path.read_text(errors="replace")]
    log.write(json.dumps({{"argv": sys.argv[1:], "env": dict(os.environ), "stdin": sys.stdin.read(),
                           "cwd": os.getcwd(), "files": files}}) + "\\n")
for name, content in plan["writes"].items():
    path = pathlib.Path(name.replace("STATE", os.path.dirname(os.environ["HOME"])))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
if plan["run"]:
    subprocess.run(plan["run"], shell=True, check=True)
if "trajectory" in plan:
    (pathlib.Path(os.environ["HOME"]).parent / "trajectory.json").write_text(plan["trajectory"])
print(plan["out"], end="")
print(plan["err"], end="", file=sys.stderr)
sys.stdout.flush()
time.sleep(plan["sleep"])
sys.exit(plan["exit"])
"""


class Fakes:
    """The programs of every row in one folder, which is first on PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        for row in PROGRAMS.values():
            path = folder / row.executable
            path.write_text(_FAKE.format(python=sys.executable, here=str(folder)))
            path.chmod(0o755)
        self.do()

    def do(self, case: str = "", **plan: Any) -> None:
        """What the next calls do: say what *case* holds, and *plan* over the defaults."""
        said = (CASES / f"{case}.txt").read_text(encoding="utf-8") if case else ""
        defaults: dict[str, Any] = {"out": said, "err": "", "exit": 0, "sleep": 0, "writes": {}, "run": ""}
        if case.startswith("mini"):
            defaults |= {"out": "", "trajectory": said}
        if "authentication" in case and case.startswith(("gemini", "cursor", "goose")):
            defaults |= {"out": "", "err": said, "exit": 1}
        (self.folder / "plan.json").write_text(json.dumps(defaults | plan))

    @property
    def calls(self) -> list[dict[str, Any]]:
        """What each call was given."""
        log = self.folder / "log.jsonl"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def on_path(folder: Path) -> str:
    """PATH with *folder* before all else."""
    return f"{folder}{os.pathsep}{os.environ['PATH']}"
