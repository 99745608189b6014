"""Which tests a change can reach, from what is known of them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from stomper.models import Change
from stomper.testing.impact.coverage import Contexts
from stomper.testing.impact.import_graph import read_graph
from stomper.testing.impact.selection import Selection, Selector
from tests.support.repositories import write

FILES: dict[str, str | bytes] = {
    "core.py": "import os\n\nLIMIT = 1\n\n\ndef early(x):\n    return x\n\n\ndef low():\n    return LIMIT\n\n\n"
    "def free():\n    return 0\n",
    "middle.py": "from core import LIMIT as BOUND, early\n\nTWICE = BOUND * 2\nDONE = early(1)\n",
    "upper.py": "import middle\n\n\ndef high():\n    return middle.TWICE\n\n\ndef other():\n    return 1\n",
    "plugin.py": "x = 1\n",
    "idle.py": "x = 1\n",
    "data.json": "{}",
    "test_core.py": "import core, idle\n",
    "test_upper.py": "import upper\n",
    "test_none.py": "x = 1\n",
}
TESTS = (
    "test_core::test_low",
    "test_core::test_free",
    "test_upper::test_high",
    "test_upper::test_other",
    "test_none::test_none",
)
LOW, FREE, HIGH, OTHER, NONE = (1 << n for n in range(5))
CONTEXTS = Contexts(
    tests=TESTS,
    files=tuple(f"{key.partition('::')[0]}.py" for key in TESTS),
    ran={"core.py": {10: LOW, 14: FREE}, "upper.py": {4: HIGH, 8: OTHER}, "data.json": {-1: FREE}},
    imports={"middle.py": frozenset({("core.py", 0), ("core.py", 6)}), "plugin.py": frozenset()},
)


def selector(tree: Path, *, traced: bool = True, contexts: Contexts = CONTEXTS) -> Selector:
    """Of these files and tests."""
    write(tree, FILES)
    known = contexts if traced else Contexts(contexts.tests, contexts.files)
    return Selector(known, traced, read_graph(tree, [tree]), lambda path: (tree / path).read_bytes())


def select(chosen: Selector, path: str, old: str = "", new: str = "", *, mode: str = "100644") -> Selection:
    """The selection for one edit of one of the files; without a text the file is new."""
    before = FILES.get(path)
    before = before.encode() if isinstance(before, str) else before
    after = None if before is None else before.replace(old.encode(), new.encode(), 1)
    if path.endswith(".py") and after is not None:
        ast.parse(after)
    change = Change(path=path, old_mode="100644", new_mode=mode, old_blob="1", new_blob="2")
    return chosen.select([change], {path: before}.get, {path: after or b""}.get)


def keys(selection: Selection) -> str:
    """The tests in short."""
    return "all" if selection.keys is None else " ".join(sorted(k.rpartition("_")[2] for k in selection.keys))


@pytest.mark.parametrize(
    ("path", "old", "new", "expected"),
    [
        ("core.py", "return LIMIT", "return LIMIT + 1", "low"),
        ("core.py", "return 0", "return 1", "free"),
        ("core.py", "import os\n", "", "low"),  # nobody uses it: one test shows that the file can be imported
        ("core.py", "LIMIT = 1", "LIMIT = 2", "high low"),  # through another name in another module
        ("core.py", "return x", "return -x", "high other"),  # it runs while a module is imported
        ("core.py", "import os\n", "import os\nos.getcwd()\n", "free high low other"),  # who knows what that does
        ("upper.py", "return 1", "return 2", "other"),
        ("test_none.py", "x = 1", "x = 2", "none"),
        ("plugin.py", "x = 1", "x = 2", ""),
        ("idle.py", "x = 1", "x = 2", ""),  # an import of it is written down, and was never carried out
        ("data.json", "{}", "[]", "free"),
        ("core.py", "import os\n", "import  os\n", ""),
    ],
)
def test_by_what_they_run(tmp_path: Path, path: str, old: str, new: str, expected: str) -> None:
    """Functions go by who runs them, names by who runs what uses them, what runs at import by who imports."""
    assert keys(select(selector(tmp_path), path, old, new)) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("core.py", "free high low other"),
        ("upper.py", "high other"),
        ("test_none.py", "none"),
        ("plugin.py", "all"),
        ("idle.py", "free low"),
        ("data.json", "all"),
    ],
)
def test_by_imports(tmp_path: Path, path: str, expected: str) -> None:
    """Where nobody watched the tests all that import the file count, and a file that none imports means all."""
    assert keys(select(selector(tmp_path, traced=False), path, "1", "2")) == expected


def test_doubt_means_all(tmp_path: Path) -> None:
    """A new file, one of another kind, and a tree whose imports cannot be read."""
    chosen = selector(tmp_path)
    assert select(chosen, "new.py").words == "all tests: new.py is new, deleted, or of another kind"
    assert keys(select(chosen, "core.py", "1", "2", mode="100755")) == "all"
    assert select(chosen, "unread.json", "", "").keys is None
    chosen.graph = None
    assert select(chosen, "core.py", "1", "2").words == "all tests: ruff cannot say who imports whom"


def test_tests_that_may_reach_anything_are_always_asked(tmp_path: Path) -> None:
    """Those that start processes, and those that nothing is known of; one that fails by itself anyway is not."""
    contexts = Contexts(CONTEXTS.tests, CONTEXTS.files, {**CONTEXTS.ran, "": {-2: NONE}}, CONTEXTS.imports)
    chosen = selector(tmp_path, contexts=contexts)
    chosen.always = frozenset({"late::test_late"})
    assert keys(select(chosen, "core.py", "return 0", "return 1")) == "free late none"
    assert select(chosen, "core.py", "return 0", "return 1").words == "3 of 6 tests, by what they run"
    chosen.leave_out(["test_none::test_none"])
    assert keys(select(chosen, "core.py", "return 0", "return 1")) == "free late"


def test_no_test_is_said(tmp_path: Path) -> None:
    """Nothing to run is no proof, and not passed over in silence."""
    assert select(selector(tmp_path), "plugin.py", "1", "2").words == "no test reaches it"
