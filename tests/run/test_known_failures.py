"""How tools of this kind fail, one case after the other, each by its number: none of it happens here.

The numbers are those of docs/known-failures.md."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from stomper.checkers.base import relative
from stomper.errors import CheckerError
from stomper.fixing.fix_file import process_file
from stomper.models import Metrics, Status
from tests.support.repositories import MakeRepo, git, open_run, write
from tests.support.runs import RULES, by_path, commit, nothing_landed, only, raw, repair, scripted, snapshot

UNUSED = "import os\nx = 1\n"
CURED = "x = 1\n"
CURE = {"action": "drop_lines"}


def command(root: Path, script: str, **table: object) -> dict[str, object]:
    """A command agent alone: Python that finds the file's name in FILE and the prompt in PROMPT."""
    program = root.parent / "agent.py"
    program.write_text(f"import pathlib, sys\nFILE = pathlib.Path(sys.argv[1])\nPROMPT = sys.stdin.read()\n{script}\n")
    return {
        "ruff": {"enabled": False},
        "mine": {"kind": "command", "command": [sys.executable, str(program), "{file}"], **table},
    }


DROP = "FILE.write_text(FILE.read_text().replace('import os\\n', ''))"


def test_01_an_absolute_path_of_a_checker_does_not_lead_to_the_checkout(make_repo: MakeRepo, tmp_path: Path) -> None:
    """Paths are taken relative to the tree that was checked; one that leads out of it is refused by name."""
    tree = make_repo({"a.py": UNUSED})
    assert relative(tree, str(tree / "a.py")) == "a.py"
    with pytest.raises(CheckerError, match="outside the tree"):
        relative(tree, str(tmp_path / "elsewhere" / "a.py"))


def test_01_the_agent_edits_the_worktree_and_not_the_checkout(make_repo: MakeRepo) -> None:
    """What the agent is given lies outside the checkout, which is untouched until the landing."""
    root = make_repo({"a.py": UNUSED})
    log = root.parent / "log"
    before = snapshot(root)
    repair(
        root, agents=command(root, f"pathlib.Path({str(log)!r}).write_text(str(FILE.resolve()))\n{DROP}"), land="patch"
    )
    assert not Path(log.read_text()).is_relative_to(root)
    assert snapshot(root) == before


@pytest.mark.parametrize("content", [b"import os\nx = 1", b"import os\r\nx = 1\r\n", b"import os\nx = '\x0c'\n"])
def test_02_bytes_survive_the_patch(make_repo: MakeRepo, content: bytes) -> None:
    """A missing final newline, CRLF and odd bytes arrive as they were."""
    root = make_repo({"a.py": content})
    assert only(repair(root)).status is Status.FIXED
    assert raw(root, "show", "HEAD:a.py") == content.split(b"\n", 1)[1]


def test_03_staged_files_are_not_swept_into_a_fix(make_repo: MakeRepo) -> None:
    """What the user has staged is still staged afterwards, and in none of the commits."""
    root = make_repo({"a.py": UNUSED, "mine.txt": "1\n"})
    write(root, {"mine.txt": "2\n"})
    git(root, "add", "mine.txt")
    (landed,) = repair(root).landed
    assert git(root, "show", "--name-only", "--format=", landed.commit) == "a.py"
    assert git(root, "diff", "--cached", "--name-only") == "mine.txt"


def test_03_new_and_other_files_of_a_patch_land_with_it(make_repo: MakeRepo) -> None:
    """A fix over several files, one of them new, is one commit with all of them, and leaves nothing dirty."""
    root = make_repo({"a.py": UNUSED, "b.txt": "1\n"})
    script = f"{DROP}\npathlib.Path('b.txt').write_text('2\\n')\npathlib.Path('new.txt').write_text('new\\n')"
    (landed,) = repair(root, agents=command(root, script), extra_files=["b.txt", "new.txt"]).landed
    assert git(root, "show", "--name-only", "--format=", landed.commit).split() == ["a.py", "b.txt", "new.txt"]
    assert git(root, "status", "--porcelain") == ""


def test_04_errors_come_from_the_commit_that_the_worktrees_are_of(make_repo: MakeRepo) -> None:
    """Errors in uncommitted edits are not collected: no agent is sent after them."""
    root = make_repo({"a.py": CURED, "b.py": UNUSED})
    write(root, {"a.py": UNUSED, "new.py": UNUSED})
    assert [o.path for o in repair(root).outcomes] == ["b.py"]


def test_05_files_of_one_name_do_not_collide(make_repo: MakeRepo) -> None:
    """Files of one stem in several folders, and with spaces in their names, are repaired side by side."""
    names = ["a/utils.py", "b/utils.py", "a b/utils.py", "a-b/utils.py"]
    root = make_repo(dict.fromkeys(names, UNUSED))
    assert sorted(entry.path for entry in repair(root).landed) == sorted(names)


def test_06_worktrees_do_not_lie_in_the_repository(make_repo: MakeRepo) -> None:
    """While a run is open, the repository holds nothing of it, and what is checked is not checked twice."""
    root = make_repo({"a.py": UNUSED})
    before = snapshot(root)
    session = open_run(root, checkers=RULES)
    session.collect()
    with session.pool.lease(session.base) as tree:
        assert not tree.path.is_relative_to(root)
        assert not root.is_relative_to(tree.path)
        assert len(session.collected.diagnostics) == 1
    assert snapshot(root) == before
    session.close()


def test_07_worktrees_can_be_added_at_the_same_time(make_repo: MakeRepo) -> None:
    """Eight at once, again and again: none fails."""
    from concurrent.futures import ThreadPoolExecutor

    root = make_repo({"a.py": UNUSED})
    for _ in range(3):
        session = open_run(root, checkers=RULES, max_parallel_files=8)
        folders = [session.folder / "more" / str(n) / "repo" for n in range(8)]
        for folder in folders:
            folder.parent.mkdir(parents=True)
        with ThreadPoolExecutor(8) as pool:
            trees = list(pool.map(session.clone.add_worktree, folders, [session.base] * len(folders)))
        assert all((tree.path / "a.py").exists() for tree in trees)
        session.close()


def test_07_what_did_not_land_is_kept_when_the_worktree_goes(make_repo: MakeRepo) -> None:
    """A patch that was turned down is a file afterwards, with its reason in the outcome."""
    root = make_repo({"a.py": UNUSED})
    outcome = only(repair(root, agents=scripted(root, {"action": "suppress"})))
    assert "suppression" in outcome.reason
    assert b"+import os  # noqa" in Path(outcome.patch_file).read_bytes()


def test_08_a_crash_leaves_nothing_for_ever(make_repo: MakeRepo, fenced: Path) -> None:
    """What a dead run left, in the state folder and in the repository, is gone after the next start."""
    root = make_repo({"a.py": UNUSED})
    dead = open_run(root, checkers=RULES)
    dead.collect()
    dead.lasting.release()
    dead.alive.release()  # as the kernel does it
    repair(root)
    assert list((fenced / "runs").iterdir()) == []
    assert len(git(root, "worktree", "list").splitlines()) == 1
    assert git(root, "branch", "--format=%(refname:short)") == "main"


def test_09_a_comment_line_does_not_fix_what_it_moves(make_repo: MakeRepo) -> None:
    """Errors that only moved are the same errors: nothing is fixed and nothing lands."""
    root = make_repo({"a.py": UNUSED})
    landing = repair(root, agents=command(root, "FILE.write_text('# moved\\n' + FILE.read_text())"))
    assert nothing_landed(root, landing)
    assert "none of the errors is gone" in only(landing).reason


def test_09_an_introduced_error_is_no_success(make_repo: MakeRepo) -> None:
    """Fewer errors in all, but one of them new: turned down, and counted as introduced, not as fixed."""
    root = make_repo({"a.py": "import os\nimport sys\nx = 1\n"})
    landing = repair(root, agents=command(root, "FILE.write_text('x = undefined\\n')", max_attempts=1))
    assert nothing_landed(root, landing)
    metrics = Metrics.reduce(landing.outcomes)
    assert (metrics.total_errors_fixed, metrics.errors_introduced, metrics.errors_remaining) == (0, 1, 2)


def test_10_a_checker_that_crashes_after_a_fix_is_unknown(make_repo: MakeRepo) -> None:
    """No output and a failing exit code is never "clean": the errors are unknown, and nothing lands."""
    root = make_repo({"a.py": UNUSED})
    checker = root.parent / "checker.py"
    checker.write_text(
        "import pathlib, sys\ntext = pathlib.Path('a.py').read_text()\n"
        "sys.exit(3) if 'import os' not in text else print('a.py:1: no os, please')\n"
    )
    table = {
        "ruff": {"enabled": False},
        "lint": {
            "kind": "command",
            "command": [sys.executable, str(checker)],
            "pattern": r"^(?P<path>.+?):(?P<line>\d+): (?P<message>.+)$",
        },
    }
    landing = repair(root, checkers=table, agents=scripted(root, CURE, max_attempts=1))
    assert nothing_landed(root, landing)
    assert "unknown, so not a fix" in only(landing).reason
    metrics = Metrics.reduce(landing.outcomes)
    assert (metrics.total_errors_fixed, metrics.errors_remaining, metrics.errors_unknown) == (0, 0, 1)


def test_10_a_syntax_error_does_not_fix_everything(make_repo: MakeRepo) -> None:
    """A file that no longer parses has no other errors for ruff: it is turned down all the same."""
    root = make_repo({"a.py": UNUSED})
    assert nothing_landed(root, repair(root, agents=command(root, "FILE.write_text('def (:\\n')")))


def test_11_a_suppression_is_no_fix(make_repo: MakeRepo) -> None:
    """`# noqa` makes the error go away, and does not land."""
    root = make_repo({"a.py": UNUSED})
    assert nothing_landed(root, repair(root, agents=scripted(root, {"action": "suppress"})))


def test_11_an_agent_that_does_nothing_reports_no_success(make_repo: MakeRepo) -> None:
    """It ends well and nothing has changed: failed, with the reason."""
    root = make_repo({"a.py": UNUSED})
    outcome = only(repair(root, agents=scripted(root, {"action": "no_op"})))
    assert (outcome.status, outcome.reason) == (Status.FAILED, "nothing was changed")


def test_12_mypy_sees_what_a_fix_breaks_in_another_file(make_repo: MakeRepo) -> None:
    """A fix that is right in its own file and makes an error in another one does not land."""
    files = {
        "lib.py": "def value() -> int:\n    return 'one'\n",
        "app.py": "import lib\n\ntotal: int = lib.value() + 1\n",
        "mypy.ini": "[mypy]\nfiles = .\n",
    }
    root = make_repo(files)
    script = "FILE.write_text(FILE.read_text().replace('-> int', '-> str'))"
    landing = repair(root, checkers=["mypy"], agents=command(root, script, max_attempts=1))
    assert nothing_landed(root, landing)
    assert "new error: app.py:3" in by_path(landing)["lib.py"].reason


@pytest.mark.slow
def test_12_errors_of_other_files_are_not_taken_for_the_files_own(make_repo: MakeRepo) -> None:
    """Each job has the errors of its own file, however the checker found them."""
    files = {
        "lib.py": "x: int = 'a'\n",
        "app.py": "import lib\n\ny: str = lib.x\n",
        "mypy.ini": "[mypy]\nfiles = app.py\n",
    }
    session = open_run(make_repo(files), checkers=["mypy"])
    session.collect()
    jobs = session.select()[0]
    session.close()
    assert {job.path: {d.path for d in job.diagnostics} for job in jobs} == {"lib.py": {"lib.py"}, "app.py": {"app.py"}}


def test_13_counts_are_not_capped(make_repo: MakeRepo) -> None:
    """Five hundred errors in one file are five hundred; a fix of all but the last leaves one."""
    source = "".join(f"import m{n}\n" for n in range(500))
    root = make_repo({"a.py": source})
    keep = "FILE.write_text('import m499\\n')"
    outcome = only(repair(root, agents=command(root, keep, max_attempts=1), guards_off=["size"]))
    assert (len(outcome.fixed), len(outcome.remaining)) == (499, 1)


TESTED = {"shop.py": "import os\n\n\ndef double(x):\n    return x + x\n"}
TEST = "from shop import double\n\n\ndef test_double():\n    assert double(2) == 4\n"


@pytest.mark.slow
def test_14_tests_judge_what_lands_whatever_the_last_attempt_did(make_repo: MakeRepo) -> None:
    """The first attempt's partial fix breaks a test; that the second fixes nothing more does not hide it."""
    root = make_repo({"shop.py": "import os\nl = 1\n\n\ndef double(x):\n    return x + x\n", "test_shop.py": TEST})
    rules = [
        {"action": "replace", "old": "import os\n", "new": "", "codes": "F401"},
        {"action": "replace", "old": "x + x", "new": "x + 1"},
    ]
    agents = scripted(root, *[{**r, "codes": ["F401"]} for r in rules], {"action": "no_op"}, max_attempts=2)
    landing = repair(root, agents=agents, test_validation="final")
    assert nothing_landed(root, landing)
    assert "test_double is failed" in only(landing).reason


def test_14_no_tests_are_no_failure(make_repo: MakeRepo) -> None:
    """pytest's exit code 5 does not make a fix fail; the report says that nothing was tested."""
    root = make_repo({"a.py": UNUSED})
    assert only(repair(root, test_validation="final")).status is Status.FIXED


def test_14_failures_that_were_there_before_are_not_blamed_on_the_fix(make_repo: MakeRepo) -> None:
    """A test that failed at the base may go on failing."""
    root = make_repo({**TESTED, "test_shop.py": TEST + "\n\ndef test_bad():\n    assert False\n"})
    assert only(repair(root, test_validation="final")).status is Status.FIXED


@pytest.mark.slow
def test_14_reports_of_runs_side_by_side_do_not_mix(make_repo: MakeRepo) -> None:
    """With the whole suite for each file at once, each is judged by its own report."""
    from concurrent.futures import ThreadPoolExecutor

    files = {f"m{n}.py": f"import os\n\n\ndef value():\n    return {n}\n" for n in range(2)}
    test = "".join(f"def test_{n}():\n    import m{n}\n    assert m{n}.value() == {n}\n\n\n" for n in range(2))
    root = make_repo({**files, "test_all.py": test})
    script = f"{DROP}\nif FILE.name == 'm1.py': FILE.write_text(FILE.read_text().replace('1', '3'))"
    settings = {"checkers": RULES, "agents": command(root, script, max_attempts=1), "test_validation": "full"}
    session = open_run(root, **settings, max_parallel_files=2)
    session.collect()
    jobs = session.select()[0]
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda job: process_file(session, job), jobs))
    session.close()
    assert {o.path for o in outcomes if o.proven} == {"m0.py"}


@pytest.mark.slow
def test_15_an_editable_install_does_not_bring_the_checkout_into_the_tests(make_repo: MakeRepo) -> None:
    """With the checkout on the path, as an editable install puts it there, the tests still see the fix."""
    test = "import target\n\n\ndef test_where():\n    assert target.double(2) == 4\n"
    root = make_repo({"src/target/__init__.py": TESTED["shop.py"], "tests/test_a.py": test})
    script = f"{DROP}\nFILE.write_text(FILE.read_text().replace('x + x', 'x * 3'))"
    landing = repair(root, agents=command(root, script, max_attempts=1), test_validation="full")
    assert "test_where is failed" in only(landing).reason


def test_16_agents_run_side_by_side(make_repo: MakeRepo) -> None:
    """Four agents of which each waits until another one is there: one after the other they would wait for ever."""
    from concurrent.futures import ThreadPoolExecutor

    root = make_repo({f"m{n}.py": UNUSED for n in range(4)})
    meeting = root.parent / "meeting"
    meeting.mkdir()
    wait = (
        f"import time\nmeeting = pathlib.Path({str(meeting)!r})\n(meeting / FILE.name).touch()\n"
        "for _ in range(600):\n    if len(list(meeting.iterdir())) == 4: break\n    time.sleep(0.05)\n"
        "else: sys.exit('alone')\n"
    )
    session = open_run(
        root, checkers=RULES, agents=command(root, wait + DROP), test_validation="none", max_parallel_files=4
    )
    session.collect()
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda job: process_file(session, job), session.select()[0]))
    session.close()
    assert [o.status for o in outcomes] == [Status.FIXED] * 4


def test_20_a_timeout_leaves_no_process_of_the_agents(make_repo: MakeRepo) -> None:
    """An agent that hangs is ended after its own time, together with children in sessions of their own."""
    root = make_repo({"a.py": UNUSED})
    sleep = "['sleep', '76543']"
    script = f"import subprocess\nsubprocess.Popen({sleep}, start_new_session=True)\nsubprocess.run({sleep})"
    outcome = only(repair(root, agents=command(root, script, timeout_s=1, max_attempts=1)))
    assert "took more than 1 s and was killed" in outcome.reason
    alive = [p for p in Path("/proc").glob("[0-9]*/cmdline") if _is(p, b"76543")]
    assert alive == []


def _is(cmdline: Path, word: bytes) -> bool:
    try:
        return word in cmdline.read_bytes()
    except OSError:
        return False


def test_21_a_file_beyond_the_argument_limit_is_handed_over(make_repo: MakeRepo) -> None:
    """Three megabytes of source: the prompt comes on stdin and in a file, not as an argument."""
    root = make_repo({"a.py": "import os\nx = (\n" + f"    '{'a' * 1000}'\n" * 3_000 + ")\n"})
    outcome = only(repair(root, agents=command(root, DROP + "\nassert 'F401' in PROMPT", timeout_s=60)))
    assert outcome.status is Status.FIXED


@pytest.mark.parametrize("name", ["a; touch evil.py", "$(touch evil).py", "a'\"b.py", "`touch evil`.py", "-rf.py"])
def test_21_names_are_never_read_by_a_shell(make_repo: MakeRepo, name: str) -> None:
    """Whatever stands in a file's name, it is one argument."""
    name = name if name.endswith(".py") else f"{name}.py"
    root = make_repo({name: UNUSED})
    assert only(repair(root, agents=command(root, DROP))).status is Status.FIXED
    assert sorted(p.name for p in root.iterdir() if p.name != ".git") == [name]


def test_22_success_is_what_was_verified_and_not_what_was_said(make_repo: MakeRepo) -> None:
    """An agent that ends with 0 and says that all is well has fixed nothing, if nothing is fixed."""
    root = make_repo({"a.py": UNUSED})
    landing = repair(root, agents=command(root, "print('all fixed')", max_attempts=1))
    assert nothing_landed(root, landing)
    assert [a.result for a in only(landing).attempts] == ["nothing was changed"]


def test_22_a_retry_is_told_what_went_wrong(make_repo: MakeRepo) -> None:
    """The second prompt carries the objection to the first attempt."""
    root = make_repo({"a.py": UNUSED})
    log = root.parent / "prompts"
    note = f"with open({str(log)!r}, 'a') as out: out.write(PROMPT + '\\n=== next\\n')"
    script = f"{note}\nFILE.write_text('import os  # noqa\\nx = 1\\n')"
    repair(root, agents=command(root, script, max_attempts=2))
    first, second, _ = log.read_text().split("\n=== next\n")
    assert "not accepted" not in first
    assert "guard suppression: it added a suppression in a.py" in second


def test_a_fix_that_meets_a_commit_of_the_user_is_not_dropped(make_repo: MakeRepo) -> None:
    """A commit to the same file during the run: the fix lands on top of it or is kept, and is never dropped."""
    root = make_repo({"a.py": UNUSED})
    landing = repair(root, before_landing=lambda: commit(root, "a.py", "import os\nx = 1\ny = 2\n"))
    assert only(landing).status is Status.FIXED
    assert (root / "a.py").read_text() == "x = 1\ny = 2\n"


def test_the_numbers_of_this_page_are_documented() -> None:
    """Every numbered case has its line in the documentation."""
    page = (Path(__file__).parents[2] / "docs" / "known-failures.md").read_text(encoding="utf-8")
    tested = {name.split("_")[1] for name in globals() if name.startswith("test_") and name[5:7].isdigit()}
    assert sorted(n for n in tested if f"| {int(n)} |" not in page) == []
    assert json.dumps(sorted(tested)) == json.dumps([f"{n:02}" for n in (*range(1, 17), 20, 21, 22)])
