"""What is noted of each test while it runs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stomper.environment.python import Environment
from stomper.testing.impact.coverage import Contexts, Traced, merged, read_contexts
from stomper.testing.suite import Suite
from tests.support.repositories import MakeRepo

SOURCE = """\
def early():
    return 1


def called():
    return early()


def never():
    return 0
"""
TESTS = """\
import json, multiprocessing, pathlib, subprocess, sys, threading
import pytest
import source
from lazily import later

VALUE = source.early()


@pytest.fixture(scope="module")
def shared():
    yield source.called()
    source.never()


def test_first(shared): pass
def test_second(shared): pass
def test_thread():
    thread = threading.Thread(target=source.called)
    thread.start()
    thread.join()
def test_data(): json.loads(pathlib.Path("data.json").read_text())
def test_process(): subprocess.run([sys.executable, "-c", ""], check=True)
def test_spawn():
    process = multiprocessing.get_context("spawn").Process(target=print)
    process.start()
    process.join()
def test_lazy(): later()
def test_profiler(): sys.setprofile(None)
def test_nothing(): pass
"""
FILES: dict[str, str | bytes] = {
    "source.py": SOURCE,
    "lazily.py": "def later():\n    import inner\n    return inner\n",
    "inner.py": "import source\n\nVALUE = source.early()\n",
    "data.json": "{}",
    "test_all.py": TESTS,
    "test_last.py": "def test_last(): pass\n",
}


def names(contexts: Contexts, tests: int) -> set[str]:
    """The tests without their file."""
    return {key.rpartition("::test_")[2] for key in contexts.keys(tests)}


@pytest.mark.parametrize("options", ["", pytest.param("-p xdist -n 2", marks=pytest.mark.slow)])
def test_what_each_test_comes_to(make_repo: MakeRepo, options: str) -> None:
    """Functions by their lines, in threads too; what a shared fixture does counts for all that name it, what it does at
    its end for its file; imports run what they run for those who import; data that is read; processes and profilers of
    a test's own leave it unbounded."""
    root = make_repo(FILES)
    command = f"{sys.executable} -m pytest {options}"
    run, contexts = Suite(Environment(root, "these", (sys.executable,)), command, 60, root.parent / "scratch").trace(
        root
    )
    assert (run.words, contexts is not None) == ("passed · 10 passed", True)
    assert contexts is not None
    assert names(contexts, contexts.came_to("source.py", 5, 6)) == {"first", "second", "thread"}
    assert names(contexts, contexts.came_to("source.py", 9, 10)) >= {"first", "second", "nothing"}
    assert names(contexts, contexts.came_to("source.py", 1, 2)) == {"first", "second", "thread"}
    assert contexts.importers_that_run("source.py", 1, 2) == {"test_all.py", "inner.py"}
    assert names(contexts, contexts.imported("inner.py")) == {"lazy"}
    assert names(contexts, contexts.read("data.json")) == {"data"}
    assert names(contexts, contexts.unbounded) == {"process", "profiler", "spawn"}
    assert names(contexts, contexts.of_files(["test_last.py"])) == {"last"}
    assert [contexts.knows(file) for file in ("source.py", "inner.py", "nowhere.py")] == [True, True, False]


def test_what_was_imported_before_is_known(make_repo: MakeRepo) -> None:
    """A launcher, or a plugin of pytest, may import the package before anybody watches."""
    root = make_repo({"soon.py": "x = 1\n", "test_last.py": "def test_last(): pass\n"})
    command = f"{sys.executable} -c 'import soon, sys, pytest; sys.exit(pytest.main(sys.argv[1:]))'"
    _, contexts = Suite(Environment(root, "these", (sys.executable,)), command, 60, root.parent / "scratch").trace(root)
    assert contexts is not None
    assert contexts.knows("soon.py")


places = st.tuples(st.sampled_from(["a.py", "b\udcff.py", ""]), st.integers(-2, 9))


@given(st.dictionaries(st.sampled_from("pqrs"), st.lists(st.integers(0, 5))), st.lists(places, min_size=6, max_size=6))
def test_contexts_are_kept_as_they_are(tests: dict[str, list[int]], known: list[tuple[str, int]]) -> None:
    """Whatever was noted is there again after it was kept as text, under any name a file can have."""
    files = dict.fromkeys(tests, "test.py")
    told = Traced(
        tests=tests, files=files, imports={"a.py": [0]}, leftovers={"test.py": [1]}, outside=[2], places=known
    )
    contexts = merged([told])
    assert (contexts is None) == (not tests)
    if contexts is not None:
        assert Contexts.load(contexts.dump()) == contexts
        file, line = known[1]
        assert set(contexts.keys(contexts.ran[file][line])) == set(tests)


NO_PLACE = """{"tests": {"a": [7]}, "files": {"a": "x"}, "imports": {}, "leftovers": {}, "outside": [], "places": []}"""


@pytest.mark.parametrize("text", ["", "{}", "[", NO_PLACE])
def test_what_makes_no_sense_is_no_context(tmp_path: Path, text: str) -> None:
    """The tests of the target could write there too."""
    (tmp_path / "traced-1-1.json").write_text(text)
    assert read_contexts(tmp_path) is None
