"""The tests and mypy see the worktree's code, whatever is installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from stomper.checkers.registry import make_checkers
from stomper.config.settings import Settings
from stomper.errors import SuiteError
from stomper.testing.results import SuiteState
from stomper.testing.suite import Suite
from tests.support.repositories import MakeRepo
from tests.support.venvs import changed_copy, environment, install_with_hatch

WHERE = "WHERE = 'checkout'\n"
CHECK = "from {} import WHERE\n\n\ndef test_where():\n    assert WHERE == 'work' 'tree'\n"


@pytest.mark.parametrize("kind", ["pth", "finder", "none"])
@pytest.mark.parametrize(
    ("place", "module"),
    [
        ("src", "src/target/__init__.py"),
        pytest.param(".", "target/__init__.py", marks=pytest.mark.slow),
        pytest.param("python/lib", "python/lib/target/__init__.py", marks=pytest.mark.slow),
        ("src", "src/target.py"),
    ],
)
def test_tests_import_the_worktree(make_repo: MakeRepo, tmp_path: Path, kind: str, place: str, module: str) -> None:
    """Editable installs of both kinds, in any layout: what the tests import is in the worktree."""
    root = make_repo({module: WHERE, "tests/test_a.py": CHECK.format("target")})
    finder = {"target": f"{place}/target"} if kind == "finder" and module.endswith("__init__.py") else {}
    if kind == "none" and place == "python/lib":
        pytest.skip("nothing says where the package is")
    env = environment(root, tmp_path / "venv", pth=place if kind == "pth" else "", finder=finder)
    assert Suite(env, "", 60, tmp_path / "scratch").run(changed_copy(root)).state is SuiteState.PASSED


@pytest.mark.parametrize("exact", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_what_hatch_installed_is_imported_from_the_worktree(make_repo: MakeRepo, tmp_path: Path, exact: bool) -> None:
    """Hatchling's own editable installs, by a path and by an import hook: the tests import the worktree."""
    root = make_repo({"src/target/__init__.py": WHERE, "tests/test_a.py": CHECK.format("target")})
    env = environment(root, tmp_path / "venv")
    install_with_hatch(root, env, exact=exact)
    assert env.editable_roots == ("src",)
    assert Suite(env, "", 60, tmp_path / "scratch").run(changed_copy(root)).state is SuiteState.PASSED


@pytest.mark.parametrize(
    "kind", [pytest.param("pth", marks=pytest.mark.slow), "finder", pytest.param("deep", marks=pytest.mark.slow)]
)
def test_a_namespace_package_is_the_worktrees(make_repo: MakeRepo, tmp_path: Path, kind: str) -> None:
    """A package without an `__init__.py`, installed editable, is imported from the worktree; the folder on the path is
    the one above the whole name, so that none of its modules stands in for one of the library."""
    files = {"lib/space/target/__init__.py": WHERE, "lib/space/logging.py": "1 / 0\n"}
    root = make_repo({**files, "tests/test_a.py": CHECK.format("space.target")})
    env = environment(
        root,
        tmp_path / "venv",
        pth="lib" if kind == "pth" else "",
        finder={"space.target": "lib/space/target"} if kind == "deep" else {},
        namespaces={"space": "lib/space"} if kind != "pth" else {},
    )
    assert env.editable_roots == ("lib",)
    assert Suite(env, "", 60, tmp_path / "scratch").run(changed_copy(root)).state is SuiteState.PASSED


def test_a_package_that_lies_in_a_folder_of_another_name_is_refused(make_repo: MakeRepo, tmp_path: Path) -> None:
    """No path leads to `target` in `lib/code`: the hook's way into the checkout is seen and said."""
    root = make_repo({"lib/code/__init__.py": WHERE, "tests/test_a.py": CHECK.format("target")})
    env = environment(root, tmp_path / "venv", finder={"target": "lib/code"})
    assert env.editable_roots == ()
    with pytest.raises(SuiteError, match=r"do not import the worktree \(target from .*lib/code"):
        Suite(env, "", 60, tmp_path / "scratch").run(changed_copy(root))


@pytest.mark.parametrize(
    ("place", "copied"),
    [
        ("src", True),
        *(pytest.param(*more, marks=pytest.mark.slow) for more in (("src", False), (".", False), (".", True))),
    ],
)
def test_mypy_reads_the_worktree(make_repo: MakeRepo, tmp_path: Path, place: str, copied: bool) -> None:
    """mypy is given the tests alone: the package that they import is the worktree's, not the installed one."""
    source = "def value() -> int:\n    return 1\n"
    files = {
        f"{place}/target/__init__.py": source,
        f"{place}/target/py.typed": "",
        "tests/test_a.py": "import target\n\nx: int = target.value()\n",
    }
    root = make_repo(files)
    copy = f"{place}/target" if copied else ""
    env = environment(root, tmp_path / "venv", pth="" if copied else place, copy=copy)
    table = {"mypy": {"enabled": True, "args": ["tests"]}, "ruff": {"enabled": False}}
    (mypy,) = make_checkers(Settings.model_validate({"checkers": table}), env, tmp_path / "cache")
    tree = changed_copy(root)
    assert mypy.check(tree) == []
    changed = tree / place / "target" / "__init__.py"
    changed.write_text(source.replace("int", "str").replace("1", "'1'"))
    assert [d.code for d in mypy.check(tree)] == ["assignment"]
