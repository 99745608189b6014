"""One case: a run that is cut off at one point, then the same run again; what must hold after each of them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from stomper import progress
from stomper.config.parameters import FixParameters
from stomper.fixing.fix_file import process_file
from stomper.landing.land import land
from stomper.models import FileJob, Metrics, Outcome
from stomper.run.open import open_session
from stomper.run.report import report_of
from tests.faults.agents import Behaviour
from tests.faults.shapes import Shape
from tests.support.repositories import git

FULL = "disk full at "
_SETTLED_S = 20.0
_ROOM = 4096  # bytes that a file may still have
RULES = {"ruff": {"args": ["--isolated", "--no-respect-gitignore", "--select", "E4,E7,E9,F"]}}
RUFF = (sys.executable, "-m", "ruff", "check", *RULES["ruff"]["args"], "--no-cache", "--output-format", "json")
# Steps of the journal, and stages between them, with how often they come before the cut.
POINTS = (
    ("", 0), ("began", 1), ("collect", 1), ("worktree", 1), ("scripted", 2), ("guards", 1), ("verify", 2), ("proven", 1),
    ("proven", 2), ("prove", 1), ("land", 1), ("fetching", 1), ("moving", 1), ("landing staged", 1), ("landing locked", 1),
    ("landing looked", 1), ("landing file", 2), ("landing files", 1), ("landing index", 1), ("landing moved", 1),
    ("moved", 1), ("kept", 1), ("disk full at began", 1), ("disk full at proven", 1), ("disk full at fetching", 1),
    ("disk full at moving", 1), ("disk full at landing looked", 1), ("disk full at landing index", 1),
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A repository, an agent, and the point at which the run is killed: the n-th time of a step or stage."""

    shape: Shape
    behaviour: Behaviour
    point: str
    count: int

    @property
    def label(self) -> str:
        """The case in words."""
        cut = f"killed at {self.point} {self.count}" if self.point else "not killed"
        cut = self.point if self.point.startswith(FULL) else cut
        return f"{self.shape.name} / {self.behaviour.name} / {cut}"


@dataclass
class Verdict:
    """What was found wrong; nothing, when the case survived."""

    case: Case
    cut: bool = False
    lost_edits: list[str] = field(default_factory=list)
    unproven: list[str] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)

    @property
    def survived(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.lost_edits or self.unproven or self.leftovers or self.other)


def run_case(case: Case, folder: Path) -> Verdict:
    """Make the repository, run and kill, look, run again, look."""
    verdict = Verdict(case)
    root = case.shape.make(folder)
    state = folder / "state"
    script = folder / "script.json"
    script.write_text(json.dumps({"rules": case.behaviour.rules}), encoding="utf-8")
    settings = {
        "checkers": RULES, "agents": {"ruff": {"enabled": False}, "scripted": {"script": str(script), "timeout_s": 0.3}},
        "max_attempts": 1, "max_parallel_files": 2, "test_validation": "none", "sandbox": "none",
        **dict(case.shape.settings),
    }  # fmt: skip
    parameters = FixParameters(repository=str(root), settings=settings)
    base = git(root, "rev-parse", "HEAD")
    before = work_of_the_user(root)
    paid = folder / "paid"
    end = in_child(state, lambda: run(parameters, case.point, case.count, paid))
    wait_for_the_keeper(root)
    end_of_first = end
    verdict.cut = end == -signal.SIGKILL or (case.point.startswith(FULL) and end != 0)
    if case.point and not verdict.cut and end != 0 and not case.point.startswith(FULL):
        verdict.other.append(f"the first run ended with {end}")
    look(case, root, base, before, verdict)
    end = in_child(state, lambda: run(parameters, "", 0, paid))
    if end != 0:
        verdict.other.append(f"the second run ended with {end}")
    look(case, root, base, before, verdict)
    land_as = dict(case.shape.settings).get("land", "commit")
    left_over(root, state, land_as, verdict)
    if case.behaviour.may_land and land_as == "commit":
        fixes = [s for s in git(root, "log", "--format=%s", f"{base}..HEAD").splitlines() if s.startswith("fix:")]
        if len(fixes) != len(set(fixes)):
            verdict.other.append(f"landed twice: {fixes}")
        if not fixes:
            verdict.other.append("nothing landed in the end")
    # What ran to its end with its fixes on another branch or in patches has, by its own lights, all of it to do again.
    over = land_as != "commit" and (end_of_first == 0 or case.point in ("moved", "kept"))
    over = over or case.point.startswith(FULL)  # what could not be written down cannot be kept
    calls = Counter(paid.read_text().splitlines() if paid.exists() and not over else ())
    verdict.other += [f"{path} was proven and paid for {n} times" for path, n in calls.items() if n > 1]
    return verdict


def run(parameters: FixParameters, point: str, count: int, paid: Path) -> None:
    """A run as the flow does it, without Prefect, that kills itself at *point*. Notes what is proven by a new call."""
    seen = 0

    def listen(event: progress.Event) -> None:
        nonlocal seen
        name = event.step if isinstance(event, progress.Journalled) else getattr(event, "stage", "")
        if isinstance(event, progress.LandingStep):
            name = f"landing {event.step}"
        if name == "proven" and isinstance(event, progress.Journalled):
            with paid.open("a", encoding="utf-8") as out:
                out.write(f"{event.detail!r}\n")
        if name == point.removeprefix(FULL):
            seen += 1
            if seen == count and point.startswith(FULL):
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (_ROOM, _ROOM))
            elif seen == count:
                os.kill(os.getpid(), signal.SIGKILL)

    with progress.listening(listen):
        session = open_session(parameters)
        progress.emit(progress.StageBegan("collect"))
        session.collect()
        jobs, left_out = session.select()

        def process(chosen: Sequence[FileJob]) -> list[Outcome]:
            with ThreadPoolExecutor(max_workers=2) as pool:
                return list(pool.map(lambda job: process_file(session, job), chosen))

        landing = land(session, process(jobs), contextlib.nullcontext, process)
        metrics = Metrics.reduce(landing.outcomes)
        session.store.finish(report_of(session, landing.outcomes, metrics, left_out=left_out, landing=landing))
        session.store.forget(session.run_id)
        progress.emit(progress.StageBegan("kept"))
        session.close()


def wait_for_the_keeper(root: Path) -> None:
    """Wait until a landing that was killed is settled by the process that watches over it."""
    own = Path(git(root, "rev-parse", "--absolute-git-dir"))
    give_up = time.monotonic() + _SETTLED_S
    while (own / "stomper-landing").exists() and time.monotonic() < give_up:
        time.sleep(0.01)


def in_child(state: Path, work: Callable[[], None]) -> int:
    """Do *work* in a process of its own. Its exit code, negative for a signal."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.setsid()
            os.environ["STOMPER_HOME"] = str(state)
            work()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


def listed(root: Path, *arguments: str) -> list[str]:
    """What git lists with `-z`."""
    done = subprocess.run(("git", *arguments, "-z"), cwd=root, check=True, capture_output=True)
    return [entry.decode("utf-8", "surrogateescape") for entry in done.stdout.split(b"\0") if entry]


def work_of_the_user(root: Path) -> dict[str, str]:
    """All that is not committed, by content: dirty, staged, untracked and ignored files, stashes, hooks, configuration."""
    found = {}
    for entry in listed(root, "status", "--porcelain", "--ignored", "--untracked-files=all"):
        path = root / entry[3:]
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "gone"
        found[f"file {entry[3:]}"] = f"{entry[:2]} {content}"
    found["stash"] = git(root, "stash", "list", "--format=%H")
    common = Path(git(root, "rev-parse", "--path-format=absolute", "--git-common-dir"))
    for file in (common / "config", *sorted((common / "hooks").iterdir())):
        found[f"git {file.name}"] = hashlib.sha256(file.read_bytes()).hexdigest()
    return found


def look(case: Case, root: Path, base: str, before: dict[str, str], verdict: Verdict) -> None:
    """What must hold at any time: the user's work is there, the repository is sound, what landed is proven."""
    now = work_of_the_user(root)
    changed = [key for key in before.keys() | now.keys() if before.get(key) != now.get(key)]
    verdict.lost_edits += [f"{key}: {before.get(key)} is {now.get(key)}" for key in changed]
    argv = ("git", "fsck", "--no-dangling", "--no-progress")
    fsck = subprocess.run(argv, cwd=root, capture_output=True, text=True, check=False)
    if fsck.returncode or fsck.stderr.strip():
        verdict.other.append(f"git fsck: {fsck.stdout}{fsck.stderr}")
    branches = git(root, "for-each-ref", "--format=%(refname:short)", "refs/heads").split()
    for commit in set(git(root, "rev-list", "--branches", f"^{base}").split()):
        if not case.behaviour.may_land:
            verdict.unproven.append(f"a commit of an agent that {case.behaviour.name}: {commit[:8]} in {branches}")
        verdict.unproven += unproven(root, commit)


def unproven(root: Path, commit: str) -> Iterator[str]:
    """What is wrong with one commit: more than one file, an error that is still there, or a new one."""
    paths = listed(root, "diff-tree", "--no-commit-id", "--name-only", "-r", commit)
    if len(paths) != 1:
        yield f"{commit[:8]} touches {paths}"
    counts = []
    for side in (f"{commit}^", commit):
        source = subprocess.run(("git", "show", f"{side}:{paths[0]}"), cwd=root, check=True, capture_output=True).stdout
        done = subprocess.run((*RUFF, "-"), input=source, capture_output=True, check=False)
        counts.append(len(json.loads(done.stdout)))
    if counts[1] != 0:
        yield f"{commit[:8]} leaves {counts[1]} of {counts[0]} errors in {paths[0]}"


def left_over(root: Path, state: Path, land_as: object, verdict: Verdict) -> None:
    """Worktrees, branches, locks, run folders and processes that are still there after the second run."""
    trees = git(root, "worktree", "list", "--porcelain").count("worktree ")
    expected = 2 if verdict.case.shape.name == "linked worktree" else 1
    if trees != expected:
        verdict.leftovers.append(f"{trees} worktrees")
    common = Path(git(root, "rev-parse", "--path-format=absolute", "--git-common-dir"))
    verdict.leftovers += [f"lock {p.name}" for p in common.rglob("*.lock")]
    verdict.leftovers += [f"run folder {p.name}" for p in (state / "runs").iterdir()]
    branches = git(root, "for-each-ref", "--format=%(refname:short)", "refs/heads").split()
    ours = ("main", "work", *(b for b in branches if b.startswith("stomper/2") and land_as == "branch"))
    verdict.leftovers += [f"branch {b}" for b in branches if b not in ours]
    give_up = time.monotonic() + _SETTLED_S
    while (found := processes_of(state)) and time.monotonic() < give_up:
        time.sleep(0.02)
    verdict.leftovers += [f"process {number}" for number in found]


def processes_of(state: Path) -> list[str]:
    """The processes that run with this state folder."""
    needle, found = f"STOMPER_HOME={state}".encode(), []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if needle in entry.read_bytes().split(b"\0"):
                found.append(entry.parent.name)
    return found
