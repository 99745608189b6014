"""Real packages, and an agent that damages every third file it repairs: what their own tests can see is kept out.

`python -m benchmarks.damage`. For each damaged file the package's tests are run with that file alone first: what they
see then must not land, all the rest must, but for what the checkers themselves refuse. Exit code 1 when that is not so,
or when more whole runs of the tests were needed than 2 + 2 · culprits · log2(files).
"""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.real_packages import PACKAGES, USUAL, git_lines, run_tests, test_python, unpacked
from benchmarks.repositories import new_repository
from benchmarks.runs import end_fix, start_fix

RULES = ("--isolated", *USUAL)
# Repairs as ruff does; then damages the files of its list: another operator, a dropped re-export, swapped arguments.
AGENT = """\
import ast, json, pathlib, subprocess, sys
ruff, damaged, file = sys.argv[1], json.load(open(sys.argv[2])), sys.argv[3].removeprefix("./")
rules = sys.argv[4:]
subprocess.run([ruff, "check", "--fix-only", "--no-unsafe-fixes", "--no-cache", "-q", *rules, "--", file], check=True)
if file not in damaged:
    sys.exit()
path = pathlib.Path(file)
source = path.read_text(encoding="utf-8")
lines = source.splitlines(keepends=True)


def replace(node, text):
    row, start, end = node.lineno - 1, node.col_offset, node.end_col_offset
    raw = lines[row].encode()
    lines[row] = (raw[:start] + text.encode() + raw[end:]).decode()
    path.write_text("".join(lines), encoding="utf-8")
    ast.parse(path.read_text(encoding="utf-8"))
    sys.exit()


def one_line(node):
    return node.lineno == node.end_lineno


tree = ast.parse(source)
inside = [n for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) for n in ast.walk(f)]
kind = damaged.index(file) % 3
if kind == 0:
    for node in inside:
        if isinstance(node, ast.Call) and one_line(node) and len(node.args) == 2 and not node.keywords:
            first, second = (ast.get_source_segment(source, a) for a in node.args)
            if first != second and "*" not in first + second:
                name = ast.get_source_segment(source, node.func)
                replace(node, f"{name}({second}, {first})")
if kind == 1:
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and one_line(node) and len(node.names) == 1:
            name = node.names[0].asname or node.names[0].name
            if source.count(name) <= 2:
                replace(node, "pass")
for node in inside:
    if isinstance(node, ast.Compare) and one_line(node) and len(node.ops) == 1:
        swap = {ast.Eq: "!=", ast.NotEq: "==", ast.Is: "is not", ast.IsNot: "is", ast.In: "not in", ast.Lt: ">"}
        if word := swap.get(type(node.ops[0])):
            left, right = (ast.get_source_segment(source, n) for n in (node.left, node.comparators[0]))
            replace(node, f"{left} {word} {right}")
"""


@dataclass(frozen=True)
class Damage:
    """What became of one package."""

    package: str
    files: int
    damaged: int
    seen: frozenset[str]
    by_checkers: frozenset[str]
    landed: frozenset[str]
    reasons: dict[str, str]
    runs: int
    allowed: int
    wrong: tuple[str, ...]


def files_with_errors(root: Path, python: Path) -> list[str]:
    """The files that ruff has a safe fix for."""
    copy = root.parent / "fixed"
    shutil.copytree(root, copy)

    argv = (str(python.with_name("ruff")), "check", "--fix-only", "--no-cache", "-q", *RULES, ".")
    subprocess.run(argv, cwd=copy, check=True)
    return sorted(git_lines(copy, "diff", "--name-only"))


def run_package(package: str, python: Path, home: Path) -> Damage:
    """Damage, find out what the tests see, let Stomper run, compare."""
    with tempfile.TemporaryDirectory(prefix="stomper-damage-") as name:
        folder = Path(name).resolve()
        root = folder / "repo" / package
        shutil.copytree(unpacked(package), root)
        new_repository(root)
        before = run_tests(root, python)
        files = files_with_errors(root, python)
        damaged = files[::3]
        agent, table = folder / "agent.py", folder / "damaged.json"
        agent.write_text(AGENT, encoding="utf-8")
        table.write_text(json.dumps(damaged), encoding="utf-8")
        command = [str(python), str(agent), str(python.with_name("ruff")), str(table), "{file}", *RULES]
        seen = frozenset(f for f in damaged if _is_seen(root, f, command, python, before))
        config = folder / "stomper.toml"
        config.write_text(
            f"python = {json.dumps(str(python))}\nguards_off = ['public_names']\nmax_attempts = 1\n"
            f"[checkers.ruff]\nargs = {json.dumps(list(RULES))}\n[checkers.mypy]\nenabled = false\n"
            f"[agents.ruff]\nenabled = false\n[agents.careless]\nkind = 'command'\ncommand = {json.dumps(command)}\n",
            encoding="utf-8",
        )
        end = end_fix(start_fix(root, home, ["--config", str(config)]), timeout_s=1800)
        landed = frozenset(entry.path for entry in end.landed)
        reasons = {o.path: o.reason for o in end.outcomes}
        culprits = len([p for p in files if p not in landed])
        allowed = math.floor(2 + 2 * culprits * math.log2(max(len(files), 2)))
        wrong = [f"{path} was seen by the tests, and landed" for path in sorted(seen & landed)]
        by_checkers = frozenset(path for path, why in reasons.items() if why.startswith("new error"))
        unseen = set(files) - seen - landed - by_checkers
        wrong += [f"{path} was kept out: {reasons.get(path)}" for path in sorted(unseen)]
        after = run_tests(root, python)
        if before != after:
            wrong.append(f"the tests were {before!r} and are {after!r}")
        if end.test_runs > allowed:
            wrong.append(f"{end.test_runs} whole runs of the tests, {allowed} are allowed")
        return Damage(
            package, len(files), len(damaged), seen, by_checkers, landed, reasons, end.test_runs, allowed, tuple(wrong)
        )


def _is_seen(root: Path, file: str, command: list[str], python: Path, before: str) -> bool:
    """Whether the package's tests notice this one damaged file."""

    argv = [word.replace("{file}", file) for word in command]
    subprocess.run(argv, cwd=root, check=True)
    after = run_tests(root, python)
    git_lines(root, "checkout", "--quiet", "--", file)
    return after != before


def main() -> int:
    """Every package, one after the other."""
    python = test_python()
    table = Table()
    columns = (
        "package",
        "files",
        "damaged",
        "seen by the tests",
        "by the checkers",
        "landed",
        "seen and landed",
        "whole test runs",
        "allowed",
    )
    for column in columns:
        table.add_column(column)
    good = True
    with tempfile.TemporaryDirectory(prefix="stomper-home-") as name:
        for package in PACKAGES:
            result = run_package(package, python, Path(name).resolve())
            good = good and not result.wrong
            sets = (result.seen, result.by_checkers, result.landed, result.seen & result.landed)
            numbers = (result.files, result.damaged, *map(len, sets), result.runs, result.allowed)
            table.add_row(package, *map(str, numbers))
            for line in result.wrong:
                print(f"{package}: WRONG: {line}")
    Console(width=140).print(table)
    print("ok" if good else "FAILED")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
