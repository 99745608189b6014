"""`test_validation = "full"` on real repositories: runs of pytest that several files share."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from stomper.errors import Cancelled
from stomper.fixing.fix_file import process_file
from stomper.fixing.patch_tests import lands_tested
from stomper.fixing.session import Session
from stomper.guards.base import Diff
from stomper.landing.land import Landing, land
from stomper.models import FileJob, Outcome, Patch
from stomper.system import batching, processes
from stomper.testing import shared_runs
from stomper.testing.results import SuiteRun, SuiteState
from stomper.testing.shared_runs import SharedSuites
from stomper.testing.suite import Suite
from tests.support.repositories import MakeRepo, open_run
from tests.support.runs import RULES, by_path

MODULE = "import os\n\nVALUE = 1\n"
TEST = "import {0}\n\n\ndef test_{0}():\n    assert {0}.VALUE == 1, 'it is another'\n"
NAMES = ("a", "b", "c")
# What it is told goes into a file beside it; what it makes of a file, at its first call and the next, is in the table.
AGENT = """\
import json, pathlib, sys
here, file = pathlib.Path(sys.argv[0]).parent, pathlib.Path(sys.argv[1])
told = here / f"told-{file.stem}.json"
prompts = json.loads(told.read_text()) if told.exists() else []
told.write_text(json.dumps([*prompts, pathlib.Path(sys.argv[2]).read_text()]))
makes = json.loads((here / "makes.json").read_text()).get(file.stem, ["VALUE = 1"])
file.write_text(makes[min(len(prompts), len(makes) - 1)] + "\\n")
"""


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whoever may begin waits for all that are at work; no test leaves the runs stopped."""
    monkeypatch.setattr(shared_runs, "_PATIENCE", 600.0)
    monkeypatch.setattr(batching, "_WAKE_S", 0.01)
    yield
    processes.resume_all()


def files(*more: tuple[str, str]) -> dict[str, str]:
    """Three modules with an error, each with a test of its own."""
    return {f"{n}.py": MODULE for n in NAMES} | {f"test_{n}.py": TEST.format(n) for n in NAMES} | dict(more)


@contextlib.contextmanager
def opened(root: Path, makes: dict[str, list[str]], **settings: object) -> Iterator[Session]:
    """A run by `full`, whose agent *makes* this of each file, and of others the fix."""
    program = root.parent / "agent.py"
    program.write_text(AGENT, encoding="utf-8")
    (root.parent / "makes.json").write_text(json.dumps(makes), encoding="utf-8")
    argv = [sys.executable, str(program), "{file}", "{prompt_file}"]
    agents = {"ruff": {"enabled": False}, "mine": {"kind": "command", "command": argv}}
    own: dict[str, object] = {
        "checkers": RULES,
        "test_validation": "full",
        "max_parallel_files": 3,
        "agents": agents,
        "strategy": "rules",
    }
    session = open_run(root, **(own | settings))
    try:
        yield session
    finally:
        session.close()


def side_by_side(session: Session, *, share: bool = True) -> list[Future[Outcome]]:
    """The ends of all files of a run, each by a thread of its own; they meet for every run of the suite."""
    session.collect()
    jobs = session.select()[0]
    futures: list[Future[Outcome]] = []

    def lent() -> int:
        return sum(not future.done() for future in list(futures))

    workers = len(jobs) if share else 1
    session.shared = SharedSuites(session.suite, workers=workers, at_once=1, lent=lent)
    begin = threading.Event()

    def one(job: FileJob) -> Outcome:
        begin.wait()
        return process_file(session, job)

    with ThreadPoolExecutor(workers) as pool:
        futures += [pool.submit(one, job) for job in jobs]
        begin.set()
    return futures


def fixed(root: Path, makes: dict[str, list[str]], *, share: bool = True, **settings: object) -> tuple[Landing, Suite]:
    """A run that lands what is proven."""
    with opened(root, makes, **settings) as session:
        outcomes = [future.result() for future in side_by_side(session, share=share)]
        return land(session, outcomes, contextlib.nullcontext), session.suite


def told(landing: Landing, folder: Path) -> dict[str, object]:
    """All that a file and its agent were told, in the words of the report and of the prompts."""
    ends = {path: (o.status, o.reason, [a.result for a in o.attempts]) for path, o in by_path(landing).items()}
    return ends | {file.name: json.loads(file.read_text()) for file in sorted(folder.glob("told-*.json"))}


def test_files_share_a_run_while_all_worktrees_are_lent(make_repo: MakeRepo) -> None:
    """Two workers that wait, each with a worktree, and somebody else with the last one: a run needs none of its own."""
    baseline = SuiteRun(SuiteState.PASSED, (), 0, 1.0)
    with opened(make_repo(files()), {}, max_parallel_files=2) as session, contextlib.ExitStack() as stack:
        judge = SharedSuites(session.suite, workers=2, at_once=1, lent=lambda: 2).judge
        trees = [stack.enter_context(session.pool.lease(session.base)) for _ in range(3)]
        patches = []
        for name, tree in zip("ab", trees, strict=False):
            (tree.path / f"{name}.py").write_text("VALUE = 1\n")
            patches.append(tree.patch(session.base))
        with ThreadPoolExecutor(2) as pool:
            futures = [pool.submit(judge, p, t, baseline) for p, t in zip(patches, trees, strict=False) if p]
        assert [future.result()[0].said for future in futures] == [[], []]
        assert (session.suite.whole_runs, session.suite.part_runs) == (1, 0)
        assert [tree.patch(session.base) for tree in trees[:2]] == patches


def diff_of(patch: Patch) -> Diff:
    """The diff of a module's fix."""
    job = FileJob(path=patch.paths[0], diagnostics=())
    return Diff(job, patch, {patch.paths[0]: MODULE.encode()}, {patch.paths[0]: b"VALUE = 1\n"}, lambda _: False)


@pytest.mark.parametrize(
    ("settings", "shares"),
    [({}, True), ({"land": "branch"}, True), ({"land": "patch"}, False), ({"risks": ["cosmetic"]}, False),
     ({"risks": ["cosmetic", "logic"]}, True), ({"approve": True}, True)],
)  # fmt: skip
def test_what_is_kept_as_a_file_is_proven_alone(make_repo: MakeRepo, settings: dict[str, object], shares: bool) -> None:
    """A patch that does not land may be applied without the others."""
    with opened(make_repo(files()), {}, **settings) as session:
        with session.pool.lease(session.base) as tree:
            (tree.path / "a.py").write_text("VALUE = 1\n")
            patch = tree.patch(session.base)
        assert patch is not None
        assert lands_tested(session, diff_of(patch)) is shares


@pytest.mark.slow
def test_a_culprit_is_told_what_it_is_told_alone(
    make_repo: MakeRepo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its agent tries again with the same words, and the others do not know of it; there are fewer complete runs."""
    seen, runs = [], []
    for share in (False, True):
        folder = tmp_path / str(share)
        folder.mkdir()
        monkeypatch.setenv("STOMPER_HOME", str(folder / "state"))
        root = make_repo(files(), f"{share}/repo")
        landing, suite = fixed(root, {"b": ["VALUE = 2", "VALUE = 1"], "c": ["VALUE = 3"]}, share=share)
        seen.append(told(landing, folder))
        runs.append(suite.whole_runs)
    assert seen[0] == seen[1]
    assert "it is another" in str(seen[1]["told-b.json"])
    assert by_path(landing)["c.py"].reason == "tests: test_c::test_c is failed: AssertionError: it is another"
    assert {entry.path for entry in landing.landed} == {"a.py", "b.py"}
    assert runs[0] == 1 + 5 + 1  # the base, a once, b and c twice, what lands
    assert runs[1] < runs[0]


PAIR = "import a\nimport b\n\n\ndef test_both():\n    assert a.VALUE + b.VALUE < 4\n"


@pytest.mark.slow
def test_a_pair_that_fails_only_together_loses_one(make_repo: MakeRepo) -> None:
    """Both are proven by themselves, and the proof of all together drops one of them."""
    root = make_repo({"a.py": MODULE, "b.py": MODULE, "c.py": MODULE, "test_both.py": PAIR})
    makes = {"a": ["VALUE = 2"], "b": ["VALUE = 2"]}
    with opened(root, makes) as session:
        outcomes = [future.result() for future in side_by_side(session)]
        assert all(outcome.proven for outcome in outcomes)
        landing = land(session, outcomes, contextlib.nullcontext)
    assert {entry.path for entry in landing.landed} == {"a.py", "c.py"}


@pytest.mark.slow
def test_one_that_crashes_the_suite_takes_no_other_with_it(make_repo: MakeRepo) -> None:
    """No test is named by it, so that each of the files has a run of its own after the one for all of them."""
    makes = {"b": ["import os as _os\n\n_os._exit(3)\nVALUE = 1"]}
    landing, suite = fixed(make_repo(files()), makes, guards_off=["tricks", "size", "public_names"], max_attempts=1)
    assert {entry.path for entry in landing.landed} == {"a.py", "c.py"}
    assert "crashed (exit code 3)" in by_path(landing)["b.py"].reason
    assert suite.whole_runs == 1 + 1 + 2 + 2 + 1  # the base, all three, a and c, b twice, what lands


@pytest.mark.slow
def test_a_run_that_is_stopped_frees_all_files(make_repo: MakeRepo, tmp_path: Path) -> None:
    """While a shared run is under way, as on Ctrl-C."""
    began = tmp_path / "began"
    slow = (
        "import pathlib\nimport time\n\nimport a\n\n\ndef test_slow():\n    if 'os' not in dir(a):\n"
        f"        pathlib.Path({str(began)!r}).touch()\n        time.sleep(600)\n"
    )
    with opened(make_repo(files(("test_slow.py", slow))), {}) as session:
        stop = threading.Thread(target=stop_when, args=(began.exists,))
        stop.start()
        futures = side_by_side(session)
        stop.join()
        processes.resume_all()
        assert [type(future.exception()) for future in futures] == [Cancelled] * 3


def stop_when(true: Callable[[], bool]) -> None:
    """Stop all processes of this one as soon as that is so."""
    pause = threading.Event()
    while not true():
        pause.wait(0.01)
    processes.stop_all()


RELYING = "import a\nimport b\n\n\ndef test_sum():\n    assert a.VALUE + b.VALUE == 2\n"


@pytest.mark.slow
@pytest.mark.parametrize("gone", [False, True])
def test_what_relies_on_another_lands_only_with_it(make_repo: MakeRepo, gone: bool) -> None:
    """Two that are good together are proven so. Where one of them does not land after all, the other does not either."""
    root = make_repo({"a.py": MODULE, "b.py": MODULE, "test_sum.py": RELYING})
    with opened(root, {"a": ["VALUE = 2"], "b": ["VALUE = 0"]}) as session:
        outcomes = [future.result() for future in side_by_side(session)]
        assert all(outcome.proven for outcome in outcomes)
        assert session.suite.whole_runs == 2
        if gone:
            (root / "b.py").write_text(MODULE + "# edited meanwhile\n")
        landing = land(session, outcomes, contextlib.nullcontext)
    assert {entry.path for entry in landing.landed} == (set() if gone else {"a.py", "b.py"})
    assert by_path(landing)["a.py"].reason == (
        "tests: test_sum::test_sum is failed: assert (2 + 1) == 2" if gone else ""
    )
