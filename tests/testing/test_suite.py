"""Running a target's tests and reading what they say."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from stomper import errors
from stomper.environment.python import Environment
from stomper.testing import results
from stomper.testing.suite import Suite
from tests.support.repositories import MakeRepo, write

PASSING = "def test_good():\n    assert True\n"
FAILING = "def test_bad():\n    assert False, 'on purpose'\n"


def suite(
    root: Path, command: str = "", *, timeout_s: float = 120, python: tuple[str, ...] = (sys.executable,)
) -> Suite:
    """The suite of *root*, run by the interpreter of these tests."""
    return Suite(Environment(root, "these tests", python), command, timeout_s, root.parent / "scratch")


@pytest.mark.parametrize(
    ("files", "state", "statuses"),
    [
        ({"test_a.py": PASSING}, results.SuiteState.PASSED, {"test_a::test_good": "passed"}),
        (
            {"test_a.py": PASSING + FAILING},
            results.SuiteState.FAILED,
            {"test_a::test_good": "passed", "test_a::test_bad": "failed"},
        ),
        ({"test_a.py": "x = 1\n"}, results.SuiteState.NONE, {}),
        (
            {"test_a.py": "import no_such_thing\n", "test_b.py": PASSING},
            results.SuiteState.COLLECTION,
            {"test_a": "failed", "test_b::test_good": "passed"},
        ),
        (
            {"test_a.py": "import pytest\ndef test_s():\n    pytest.skip('no')\n"},
            results.SuiteState.PASSED,
            {"test_a::test_s": "skipped"},
        ),
        (
            {"test_a.py": "import pytest\n@pytest.fixture\ndef f():\n    assert 0\ndef test_e(f):\n    pass\n"},
            results.SuiteState.FAILED,
            {"test_a::test_e": "failed"},
        ),
        ({"conftest.py": "import no_such_thing\n", "test_a.py": PASSING}, results.SuiteState.CRASHED, {}),
        (
            {"test_a.py": PASSING + "def test_stop():\n    raise KeyboardInterrupt\n" + FAILING},
            results.SuiteState.CRASHED,
            {"test_a::test_good": "passed"},
        ),
    ],
)
def test_pytest_is_read_test_by_test(
    make_repo: MakeRepo, files: Mapping[str, str], state: results.SuiteState, statuses: dict[str, str]
) -> None:
    """Passing, failing, skipped, missing and broken tests are told apart by name."""
    run = suite(root := make_repo(files)).run(root)
    assert (run.state, {t.name: t.status for t in run.tests}) == (state, statuses)


def test_a_failure_says_where_and_why(make_repo: MakeRepo) -> None:
    """A failing test has its file, line and message; a run in words counts its tests."""
    run = suite(root := make_repo({"tests/test_a.py": PASSING + FAILING})).run(root)
    failed = next(t for t in run.tests if t.status == "failed")
    assert (failed.path, failed.line) == ("tests/test_a.py", 3)
    assert "on purpose" in failed.message
    assert run.words == "failed · 1 passed, 1 failed"


def test_a_file_that_cannot_be_collected_says_why(make_repo: MakeRepo) -> None:
    """The message is the error, and not that there was one."""
    (case,) = suite(root := make_repo({"tests/test_a.py": "import no_such_thing\n"})).run(root).tests
    assert (case.path, case.collected) == ("tests/test_a.py", False)
    assert case.message == "ModuleNotFoundError: No module named 'no_such_thing'"


@pytest.mark.slow
@pytest.mark.parametrize("options", ["", "-p xdist -n 2"])
@pytest.mark.parametrize("launcher", ["", "-c 'import sys, pytest; sys.exit(pytest.main(sys.argv[1:]))' "])
def test_a_run_can_be_limited_to_tests(make_repo: MakeRepo, options: str, launcher: str) -> None:
    """Tests are asked for by their names in the report, in classes, with parameters, behind any command and with
    pytest-xdist; of an address in a name the number does not matter."""
    source = """\
import pytest
class TestA:
    @pytest.mark.parametrize('x', ['a b', 'c[1]', 'd::e', object()], ids=repr)
    def test_it(self, x): assert not x
"""
    ids = source.replace("object()", "type('O', (), {'__repr__': lambda self: '<o at 0x%x>' % NUMBER})()")
    files = {"tests/deep/test_a.py": ids.replace("NUMBER", "__import__('os').getppid()"), "test_b.py": FAILING}
    tests = suite(root := make_repo(files), f"{sys.executable} {launcher or '-m pytest '}{options}")
    keys = list(tests.run(root).worst())
    assert tests.selects
    assert sorted(k.rpartition("::test_it")[2] for k in keys if "test_it" in k) == [
        "['a b']", "['c[1]']", "['d::e']", "[<o at 0x>]"
    ]  # fmt: skip
    for asked in (keys[:1], keys[1:3], [k for k in keys if "0x" in k]):
        assert sorted(tests.run(root, asked).worst()) == sorted(asked)


def test_tests_that_are_not_asked_for_are_not_made(make_repo: MakeRepo, tmp_path: Path) -> None:
    """A function may stand for thousands of tests: pytest makes none of one whose name is not asked for."""
    log = tmp_path / "made"
    hook = (
        f"def pytest_generate_tests(metafunc):\n    open({str(log)!r}, 'a').write(metafunc.function.__name__ + '\\n')\n"
    )
    files = {"conftest.py": hook, "test_a.py": PASSING + "def test_many():\n    pass\n"}
    tests = suite(root := make_repo(files))
    tests.run(root)
    log.unlink()
    assert [t.name for t in tests.run(root, ["test_a::test_good"]).tests] == ["test_a::test_good"]
    assert log.read_text().split() == ["test_good"]


@pytest.mark.parametrize("options", ["", pytest.param("-p xdist -n 2", marks=pytest.mark.slow)])
def test_a_run_ends_when_it_has_seen_enough(make_repo: MakeRepo, options: str) -> None:
    """With so many failures it ends, which is no crash: what was seen until then counts."""
    source = "import pytest\n@pytest.mark.parametrize('n', range(200))\ndef test_it(n): assert n < 0\n"
    tests = suite(root := make_repo({"test_a.py": source}), f"{sys.executable} -m pytest {options}")
    run = tests.run(root, [f"test_a::test_it[{n}]" for n in range(200)], enough=3)
    assert run.state is results.SuiteState.FAILED
    assert 3 <= len(run.tests) < 100


def test_a_run_that_takes_too_long_is_no_verdict(make_repo: MakeRepo) -> None:
    """A suite that hangs is stopped and called timed out."""
    root = make_repo({"test_a.py": "import time\ndef test_slow():\n    time.sleep(600)\n"})
    assert suite(root, timeout_s=1).run(root).state is results.SuiteState.TIMED_OUT


def test_nothing_is_written_into_the_tree(make_repo: MakeRepo) -> None:
    """A run of the tests leaves no cache, byte code or report in the tree."""
    root = make_repo({"test_a.py": PASSING})
    suite(root).run(root)
    assert sorted(p.name for p in root.iterdir()) == [".git", "test_a.py"]


@pytest.mark.parametrize(
    ("code", "state"), [(0, results.SuiteState.PASSED), (1, results.SuiteState.FAILED), (7, results.SuiteState.FAILED)]
)
def test_another_command_is_judged_by_its_exit_code(make_repo: MakeRepo, code: int, state: results.SuiteState) -> None:
    """A command that is not pytest passes with exit code 0 and fails with any other."""
    root = make_repo({"check.py": f"print('said')\nraise SystemExit({code})\n"})
    run = suite(root, f"{sys.executable} check.py").run(root)
    assert (run.state, run.tests, run.returncode) == (state, (), code)


@pytest.mark.parametrize("script", ["exit 127", "exit 137", "kill -9 $$"], ids=["not found", "killed inside", "killed"])
def test_a_command_that_never_came_to_its_end_is_no_verdict(make_repo: MakeRepo, script: str) -> None:
    """What shells answer for programs that are missing or were killed is a crash, not a failing test."""
    root = make_repo({"test_a.py": PASSING})
    assert suite(root, f"sh -c '{script}'").run(root).state is results.SuiteState.CRASHED


def test_pytest_within_another_command_is_read_too(make_repo: MakeRepo) -> None:
    """A command that starts pytest somewhere inside is still read test by test."""
    code = "import subprocess, sys\nsys.exit(subprocess.call([sys.executable, '-m', 'pytest', 'test_a.py']))\n"
    root = make_repo({"check.py": code, "test_a.py": PASSING + FAILING})
    run = suite(root, f"{sys.executable} check.py").run(root)
    assert (run.state, len(run.tests)) == (results.SuiteState.FAILED, 2)


@pytest.mark.parametrize(
    ("files", "only", "state"),
    [
        ({"test_a.py": "x = 1\n"}, (), results.SuiteState.NONE),
        ({"conftest.py": "import no_such_thing\n", "test_a.py": PASSING}, (), results.SuiteState.CRASHED),
        ({"test_a.py": PASSING, "test_b.py": FAILING}, ("test_a::test_good",), results.SuiteState.PASSED),
    ],
)
def test_pytest_behind_a_launcher_is_still_pytest(
    make_repo: MakeRepo, files: Mapping[str, str], only: tuple[str, ...], state: results.SuiteState
) -> None:
    """With an interpreter behind a launcher of several words, as with `uv run`, pytest is told from other commands."""
    root = make_repo(files)
    launcher = ("env", "A=1", "B=2", "C=3", "D=4", sys.executable)
    assert suite(root, python=launcher).run(root, only).state is state


@pytest.mark.parametrize(
    "config", ["addopts = --ff\n", "addopts = --strict-config\ncache_dir = .cache\n", "junit_family = xunit2\n"]
)
def test_the_targets_own_options_still_work(make_repo: MakeRepo, config: str) -> None:
    """Options of the target that have to do with the cache or the JUnit file do not break the run."""
    root = make_repo({"pytest.ini": f"[pytest]\n{config}", "test_a.py": PASSING})
    run = suite(root).run(root)
    assert run.words == "passed · 1 passed"


def test_packages_of_the_tree_are_imported_from_it(make_repo: MakeRepo) -> None:
    """A package under src/, and one in the root, come from the tree that is tested."""
    check = "import inside, outer\n\ndef test_from():\n    assert (inside.WHERE, outer.WHERE) == ('src', 'root')\n"
    root = make_repo(
        {
            "src/inside/__init__.py": "WHERE = 'src'\n",
            "outer/__init__.py": "WHERE = 'root'\n",
            "tests/test_a.py": check,
        }
    )
    assert suite(root).run(root).state is results.SuiteState.PASSED


def test_a_missing_command_says_what_to_set(make_repo: MakeRepo) -> None:
    """A test command that does not exist, or cannot be split, is an error that names the way out."""
    root = make_repo({"test_a.py": PASSING})
    with pytest.raises(errors.SuiteError, match=r"no-such-program.*test_command"):
        suite(root, "no-such-program --all").run(root)
    with pytest.raises(errors.SuiteError, match="cannot be split"):
        suite(root, "pytest 'unclosed")


def test_a_command_by_the_environment_of_the_checkout(make_repo: MakeRepo) -> None:
    """`.venv/bin/python`, as people type it, is found although no worktree has one; what is nowhere is refused at once."""
    root = make_repo({"tests.py": "x = 1\n", ".gitignore": ".venv\n"})
    write(root, {".venv/pyvenv.cfg": "", ".venv/bin/x": ""})
    assert suite(root, ".venv/bin/x -m unittest tests").argv() == (str(root / ".venv/bin/x"), "-m", "unittest", "tests")
    assert suite(root, "./run tests.py").argv() == ("./run", "tests.py")
    suite(root, ".venv/bin/x tests.py").find()
    for command in ("./run tests.py", ".venv/bin/nothing"):
        with pytest.raises(errors.SuiteError, match="there is no program"):
            suite(root, command).find()
