"""The tests and mypy see the worktree's code, whatever is installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from stomper.checkers import make_checkers
from stomper.environment import Environment
from stomper.errors import SuiteError
from stomper.imports import missing_extensions
from stomper.settings import Settings
from stomper.testing import Suite, SuiteState
from tests.conftest import MakeRepo, git, open_run, write
from tests.runs import RULES

FINDER = """\
import importlib.util, sys
MAPPING = {mapping!r}


class Finder:
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name in MAPPING:
            return importlib.util.spec_from_file_location(name, MAPPING[name] + "/__init__.py",
                                                          submodule_search_locations=[MAPPING[name]])


sys.meta_path.append(Finder)
"""


def environment(root: Path, folder: Path, *, pth: str = "", finder: dict[str, str] | None = None) -> Environment:
    """A virtual environment that sees the packages of this one, with an editable install of *root* in it."""
    subprocess.run((sys.executable, "-m", "venv", "--without-pip", str(folder)), check=True)
    (site,) = folder.glob("lib/python3*/site-packages")
    own = next(p for p in sys.path if p.endswith("site-packages"))
    (site / "own.pth").write_text(f"{own}\n")
    if pth:
        (site / "__editable__.target.pth").write_text(f"{root / pth}\n")
    if finder:
        mapping = {name: str(root / place) for name, place in finder.items()}
        (site / "__editable___target_finder.py").write_text(FINDER.format(mapping=mapping))
        (site / "__editable__.target.pth").write_text("import __editable___target_finder\n")
    return Environment(root, "these tests", (str(folder / "bin" / "python"),), folder / "bin")


def changed_copy(root: Path, name: str = "tree") -> Path:
    """A worktree of *root* in which WHERE says so."""
    tree = root.parent / name
    subprocess.run(("git", "worktree", "add", "--quiet", "--detach", str(tree)), cwd=root, check=True)
    for file in tree.rglob("*.py"):
        file.write_text(file.read_text().replace("'checkout'", "'worktree'"))
    return tree


CHECK = "from target import WHERE\n\n\ndef test_where():\n    assert WHERE == 'worktree'\n"


@pytest.mark.parametrize("kind", ["pth", "finder", "none"])
@pytest.mark.parametrize(
    ("place", "module"),
    [
        ("src", "src/target/__init__.py"),
        (".", "target/__init__.py"),
        ("python/lib", "python/lib/target/__init__.py"),
        ("src", "src/target.py"),
    ],
)
def test_tests_import_the_worktree(make_repo: MakeRepo, tmp_path: Path, kind: str, place: str, module: str) -> None:
    """Editable installs of both kinds, in any layout: what the tests import is in the worktree."""
    root = make_repo({module: "WHERE = 'checkout'\n", "tests/test_a.py": CHECK.replace("'worktree'", "'work' 'tree'")})
    finder = {"target": f"{place}/target"} if kind == "finder" and module.endswith("__init__.py") else None
    if kind == "none" and place == "python/lib":
        pytest.skip("nothing says where the package is")
    env = environment(root, tmp_path / "venv", pth=place if kind == "pth" else "", finder=finder)
    assert Suite(env, "", 60, tmp_path / "scratch").run(changed_copy(root)).state is SuiteState.PASSED


def test_a_namespace_package_is_the_worktrees(make_repo: MakeRepo, tmp_path: Path) -> None:
    """A package without an `__init__.py`, installed editable, is imported from the worktree."""
    check = "from space.target import WHERE\n\n\ndef test_where():\n    assert WHERE == 'work' 'tree'\n"
    root = make_repo({"src/space/target.py": "WHERE = 'checkout'\n", "tests/test_a.py": check})
    env = environment(root, tmp_path / "venv", pth="src")
    assert Suite(env, "", 60, tmp_path / "scratch").run(changed_copy(root)).state is SuiteState.PASSED


def test_a_path_that_leads_back_to_the_checkout_is_refused(make_repo: MakeRepo, tmp_path: Path) -> None:
    """Tests that put the checkout on the path themselves prove nothing: the error names the module and the way out."""
    root = make_repo({"lib/target/__init__.py": "WHERE = 'checkout'\n"})
    trick = f"import sys\nsys.path.insert(0, {str(root / 'lib')!r})\n"
    write(root, {"conftest.py": trick, "test_a.py": "import target\n\n\ndef test_a():\n    assert target\n"})
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "-m", "trick")
    env = environment(root, tmp_path / "venv")
    with pytest.raises(SuiteError, match=r"import your checkout instead of the worktree \(target from .*lib/target"):
        Suite(env, "", 60, tmp_path / "scratch").run(changed_copy(root))


@pytest.mark.parametrize("place", ["src", "."])
def test_mypy_reads_the_worktree(make_repo: MakeRepo, tmp_path: Path, place: str) -> None:
    """mypy is given the tests alone: the package that they import is the worktree's, not the installed checkout's."""
    source = "def value() -> int:\n    return 1\n"
    files = {
        f"{place}/target/__init__.py": source,
        f"{place}/target/py.typed": "",
        "tests/test_a.py": "import target\n\nx: int = target.value()\n",
    }
    root = make_repo(files)
    env = environment(root, tmp_path / "venv", pth=place)
    table = {"mypy": {"enabled": True, "args": ["tests"]}, "ruff": {"enabled": False}}
    (mypy,) = make_checkers(Settings.model_validate({"checkers": table}), env, tmp_path / "cache")
    tree = changed_copy(root)
    assert mypy.check(tree) == []
    changed = tree / place / "target" / "__init__.py"
    changed.write_text(source.replace("int", "str").replace("1", "'1'"))
    assert [d.code for d in mypy.check(tree)] == ["assignment"]


def test_compiled_extensions_are_missed_by_name_and_borrowed_when_asked(make_repo: MakeRepo) -> None:
    """An extension that only the checkout has: the error says which setting brings it along, and with that it is there,
    read-only, and no part of any patch."""
    source = "import pathlib\n\nassert (pathlib.Path(__file__).parent / '_speed.so').exists()\nimport os\n"
    test = "import target\n\n\ndef test_a():\n    assert target\n"
    root = make_repo({"target/__init__.py": source, "test_a.py": test, ".gitignore": "*.so\n"})
    (root / "target" / "_speed.so").write_bytes(b"compiled")
    assert missing_extensions(root) == ("target/_speed.so",)
    session = open_run(root, checkers=RULES)
    with pytest.raises(SuiteError, match=r"target/_speed\.so.*borrow_extensions=true"):
        session.baselines.at(session.base)
    session.close()
    session = open_run(root, checkers=RULES, borrow_extensions=True)
    assert session.baselines.at(session.base).state is SuiteState.PASSED
    for _ in range(2):
        with session.pool.lease(session.base) as tree:
            copy = tree.path / "target" / "_speed.so"
            assert not copy.stat().st_mode & 0o222
            assert tree.patch(session.base) is None
    session.close()
