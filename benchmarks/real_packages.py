"""Stomper on three packages from PyPI, judged against plain ruff, and on three fixes that are known to break tests.

`python -m benchmarks.real_packages`. Downloads and unpacks into `.bench/` once. Exit code 1 when something differs: a
landed file from what `ruff check --fix` makes of it, the tests from what they were, the files kept out from the known
ones, or the repository and the machine from how they should be left.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.command import BENCH
from benchmarks.repositories import new_repository
from benchmarks.runs import RunEnd, end_fix, start_fix
from stomper.config.layers import assignments

# What the tests of the packages need. pluggy's own is missing on purpose: pytest brings one, the worktree's comes first.
NEEDED = ("pytest", "pytest-benchmark", "coverage", "freezegun", "pytz", f"ruff=={version('ruff')}")
PACKAGES = {"pluggy": "1.7.0", "itsdangerous": "2.2.0", "schedule": "1.2.2"}
USUAL = ("--select", "E,F,W,I,UP,B,SIM,C4")


@dataclass(frozen=True)
class Case:
    """One run: the package, the arguments for ruff, and the files whose fixes must not land."""

    package: str
    ruff: tuple[str, ...]
    unsafe: bool = False
    kept_out: frozenset[str] = frozenset()
    kept_out_count: int | None = None

    @property
    def label(self) -> str:
        words = [w for w in self.ruff if w != "--select"]
        return " ".join([self.package, *words, *(["unsafe"] if self.unsafe else [])])


CASES = (
    # --isolated: these packages are clean by their own configuration, so that there would be nothing to see.
    Case("pluggy", ("--isolated", *USUAL)),
    Case("itsdangerous", ("--isolated", *USUAL)),
    Case("schedule", USUAL),
    Case("pluggy", ("--isolated", "--select", "ANN"), unsafe=True, kept_out=frozenset({"testing/test_helpers.py"})),
    Case("pluggy", ("--select", "N"), unsafe=True, kept_out_count=2),
    Case(
        "schedule",
        ("--select", "UP,FA,TC,RUF013", "--target-version", "py314"),
        kept_out=frozenset({"schedule/__init__.py"}),
    ),
)


@dataclass(frozen=True)
class Result:
    """What one case came to. *wrong* says what differs from what should be."""

    case: Case
    files: int
    landed: int
    kept_out: dict[str, str]
    identical: int
    before: str
    after: str
    fsck: str
    leftovers: tuple[str, ...]
    seconds: float
    wrong: tuple[str, ...]


def unpacked(package: str) -> Path:
    """The folder of the package's source, downloaded once."""
    name = f"{package}-{PACKAGES[package]}"
    folder = BENCH / "src" / name
    if folder.is_dir():
        return folder
    sdists = BENCH / "sdist"
    archive = sdists / f"{name}.tar.gz"
    if not archive.exists():
        download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(sdists)]
        wanted = f"{package}=={PACKAGES[package]}"
        first = subprocess.run([*download, "--no-binary", package, wanted], check=False)
        if first.returncode != 0:
            subprocess.run([*download, "--no-binary", ":all:", "--no-build-isolation", wanted], check=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as part, tarfile.open(archive) as tar:
        tar.extractall(part, filter="data")
        (Path(part) / name).rename(folder)
    return folder


def test_python() -> Path:
    """The interpreter with pytest, ruff and what the tests need; made once for each set of needs."""
    folder, python = BENCH / "venv", BENCH / "venv" / "bin" / "python"
    stamp, wanted = folder / "needed", "\n".join((sys.version, *NEEDED))
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        subprocess.run((sys.executable, "-m", "venv", "--clear", str(folder)), check=True)
        subprocess.run((str(python), "-m", "pip", "install", "--quiet", *NEEDED), check=True)
        stamp.write_text(wanted, encoding="utf-8")
    return python


def run_tests(root: Path, python: Path) -> str:
    """The last line of pytest without its time: the counts."""
    source = root / "src"
    roots = [str(source), str(root)] if source.is_dir() else [str(root)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(roots), "PYTHONDONTWRITEBYTECODE": "1"}
    argv = (str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", "--color=no")
    done = subprocess.run(argv, cwd=root, env=env, capture_output=True, text=True, check=False, timeout=600)
    last = next((x for x in reversed(done.stdout.splitlines()) if " in " in x), f"exit code {done.returncode}")
    return re.sub(r" in [\d.]+s.*$", "", last).strip("= ")


def plain_ruff(root: Path, case: Case, python: Path) -> None:
    """What `ruff check --fix` alone makes of the files."""
    safety = ("--unsafe-fixes",) if case.unsafe else ("--no-unsafe-fixes",)
    argv = (
        str(python.with_name("ruff")),
        "check",
        "--fix",
        *safety,
        "--no-cache",
        "--quiet",
        "--exit-zero",
        *case.ruff,
    )
    subprocess.run((*argv, "."), cwd=root, check=True, capture_output=True)


def git_lines(root: Path, *arguments: str) -> list[str]:
    """What git prints, by lines; its complaints too."""
    done = subprocess.run(("git", *arguments), cwd=root, capture_output=True, text=True, check=False)
    failed = [f"git {arguments[0]} ended with exit code {done.returncode}"] if done.returncode else []
    return [*done.stdout.splitlines(), *done.stderr.splitlines(), *failed]


def processes_of(home: Path) -> list[str]:
    """Living processes that were started with *home* as Stomper's state."""
    needle, found = f"STOMPER_HOME={home}".encode(), []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            if needle in entry.read_bytes().split(b"\0"):
                command = (entry.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                found.append(f"process {entry.parent.name}: {command[:120]}")
        except OSError:
            continue
    return found


def leftovers(root: Path, home: Path) -> tuple[str, ...]:
    """Branches, refs, worktrees, locks, edits, run folders and processes that a run should not leave."""
    refs = [r for r in git_lines(root, "for-each-ref", "--format=%(refname)") if r != "refs/heads/main"]
    trees = git_lines(root, "worktree", "list", "--porcelain")
    found = [f"ref {ref}" for ref in refs]
    found += [line for line in trees if line.startswith("worktree ") and line != f"worktree {root}"]
    found += [f"lock {path.relative_to(root)}" for path in (root / ".git").rglob("*.lock")]
    found += [f"status {line}" for line in git_lines(root, "status", "--porcelain")]
    found += [f"run folder {path.name}" for path in (home / "runs").glob("*")]
    give_up = time.monotonic() + 15  # the server ends by itself, shortly after its last client
    while (living := processes_of(home)) and time.monotonic() < give_up:
        time.sleep(0.1)
    return (*found, *living)


def stomper_arguments(case: Case, python: Path) -> list[str]:
    """The flags of a case."""
    words = ",".join(f'"{word}"' for word in case.ruff)
    pairs = [f"checkers.ruff.args=[{words}]", f"python={python}"]
    if case.unsafe:
        pairs.append("agents.ruff.unsafe_fixes=true")
    assignments(pairs)  # a mistake in here shows at once, with its own message
    return ["--checkers", "ruff", *(word for pair in pairs for word in ("--set", pair))]


def run_case(case: Case, python: Path, server_home: Path) -> Result:
    """One package: the tests before, plain ruff in a copy, Stomper in the repository, and all that is compared."""
    with tempfile.TemporaryDirectory(prefix="stomper-bench-") as name:
        folder = Path(name).resolve()
        root, plain = folder / "stomper" / case.package, folder / "plain" / case.package
        for copy in (root, plain):
            shutil.copytree(unpacked(case.package), copy)
            new_repository(copy)
        before = run_tests(plain, python)
        (first,) = git_lines(root, "rev-parse", "HEAD")
        plain_ruff(plain, case, python)
        changed = set(git_lines(plain, "diff", "--name-only"))
        began = time.monotonic()
        end = end_fix(start_fix(root, server_home, stomper_arguments(case, python)), timeout_s=1200)
        seconds = time.monotonic() - began
        after = run_tests(root, python)
        landed = {entry.path for entry in end.landed}
        same = {path for path in landed if (root / path).read_bytes() == (plain / path).read_bytes()}
        reasons = {o.path: o.reason for o in end.outcomes}
        kept_out = {path: reasons.get(path, "not aimed at") for path in sorted(changed - landed)}
        fsck = git_lines(root, "fsck", "--full", "--strict", "--no-dangling")
        left = leftovers(root, server_home)
        wrong = [f"{path} is not what ruff makes of it" for path in sorted(landed - same)]
        wrong += _wrong_kept_out(case, kept_out, end)
        wrong += [f"{path} landed, and plain ruff does not touch it" for path in sorted(landed - changed)]
        touched = set(git_lines(root, "diff", "--name-only", first, "HEAD"))
        wrong += [f"{path} changed without a word in the report" for path in sorted(touched ^ landed)]
        wrong += [f"git fsck: {line}" for line in fsck]
        wrong += [f"left over: {line}" for line in left]
        if before != after:
            wrong.append(f"the tests were {before!r} and are {after!r}")
        return Result(
            case=case, files=len(end.outcomes), landed=len(landed), kept_out=kept_out, identical=len(same),
            before=before, after=after, fsck="clean" if not fsck else f"{len(fsck)} lines", leftovers=left,
            seconds=seconds, wrong=tuple(wrong),
        )  # fmt: skip


def _wrong_kept_out(case: Case, kept_out: dict[str, str], end: RunEnd) -> list[str]:
    wrong = [f"the run failed: {end.failure}"] if end.failure else []
    if case.kept_out_count is None:
        wrong += [f"{path} was kept out: {kept_out[path]}" for path in sorted(set(kept_out) - case.kept_out)]
        wrong += [f"{path} was not kept out" for path in sorted(case.kept_out - set(kept_out))]
    elif len(kept_out) != case.kept_out_count:
        wrong.append(f"{len(kept_out)} files were kept out, not {case.kept_out_count}: {', '.join(kept_out)}")
    # The baseline is what the reasons are held against: a fix that breaks a test is turned down for that test.
    wrong += [
        f"{path} was kept out, but not by the tests: {why}" for path, why in kept_out.items() if "tests" not in why
    ]
    return wrong


def show(results: list[Result]) -> None:
    """The table, then what was kept out and what is wrong."""
    console = Console(width=180)
    table = Table()
    for column in ("package", "files with errors", "landed", "kept out", "identical to ruff", "tests before",
                   "tests after", "fsck", "leftovers", "seconds", ""):  # fmt: skip
        table.add_column(column)
    for r in results:
        verdict = "DIFFERS" if r.wrong else "ok" if r.landed or r.kept_out else "ok, vacuous"
        table.add_row(
            r.case.label, str(r.files), str(r.landed), str(len(r.kept_out)), f"{r.identical} of {r.landed}",
            r.before, r.after, r.fsck, str(len(r.leftovers)), f"{r.seconds:.1f}", verdict,
        )  # fmt: skip
    console.print(table)
    for r in results:
        for path, reason in r.kept_out.items():
            console.print(f"{r.case.label}: kept out {path}: {reason}", markup=False, highlight=False)
        for line in r.wrong:
            console.print(f"{r.case.label}: WRONG: {line}", markup=False, highlight=False)


def main() -> int:
    """Run every case, one after the other."""
    python = test_python()
    results = []
    with tempfile.TemporaryDirectory(prefix="stomper-home-") as name:
        for case in CASES:
            print(f"… {case.label}", file=sys.stderr, flush=True)
            results.append(run_case(case, python, Path(name).resolve()))
    show(results)
    return 1 if any(r.wrong for r in results) else 0


if __name__ == "__main__":
    sys.exit(main())
