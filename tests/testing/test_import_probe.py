"""The proof that the tests are about the worktree, for commands of every kind."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from stomper.environment.python import Environment
from stomper.errors import SuiteError
from stomper.testing.results import SuiteRun, SuiteState
from stomper.testing.suite import Suite
from tests.support.repositories import MakeRepo
from tests.support.venvs import changed_copy, environment

PACKAGE = {"src/target/__init__.py": "WHERE = 'checkout'\n"}
CHECK = {"tests/test_a.py": "def test_where():\n    from target import WHERE\n    assert WHERE == 'work' 'tree'\n"}
UNIT = """\
import unittest
from target import WHERE


class TestWhere(unittest.TestCase):
    def test_where(self):
        self.assertEqual(WHERE, "work" "tree")


if __name__ == "__main__":
    unittest.main()
"""
TWO = "\n\ndef test_one():\n    pass\n\n\ndef test_two():\n    pass\n"
FOREIGN = r"do not import the worktree \(target from .*target/__init__\.py\)"
UNSEEN = r"nothing shows that the tests import the worktree.*there is target from .*target/__init__\.py"


def run(root: Path, env: Environment, command: str) -> SuiteRun:
    """The suite of a worktree of *root*; @ in the command is the interpreter."""
    return suite(root, env, command).run(changed_copy(root))


def suite(root: Path, env: Environment, command: str) -> Suite:
    """The suite of *root*; @ in the command is the interpreter."""
    return Suite(env, command.replace("@", env.python[0]), 60, root.parent / "scratch")


def lead_to(folder: Path) -> str:
    """Source that puts *folder* first on the import path."""
    return f"import sys\nsys.path.insert(0, {str(folder)!r})\n"


@pytest.mark.parametrize("kind", ["checkout", "copy"])
@pytest.mark.parametrize(
    "command",
    [
        "",
        pytest.param("@ -m pytest -p xdist -n 2", marks=pytest.mark.slow),
        "@ -m unittest test_unit",
        "@ test_unit.py",
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(make_repo: MakeRepo, tmp_path: Path, kind: str, command: str) -> None:
    """Tests that put the checkout, or a folder with installed packages, on the path themselves prove nothing, whatever
    starts them: the error names the module. pytest-xdist runs them in processes of its own."""
    place = tmp_path / "repo" / "src" if kind == "checkout" else tmp_path / "venv" / "site-packages"
    script = lead_to(place) + UNIT
    root = make_repo({**PACKAGE, "test_unit.py": script.replace("work", "check").replace("tree", "out")})
    env = environment(root, tmp_path / "venv")
    if kind == "copy":
        (place / "target").mkdir(parents=True)
        (place / "target" / "__init__.py").write_text("WHERE = 'checkout'\n")
    with pytest.raises(SuiteError, match=FOREIGN):
        run(root, env, command)


def test_one_process_of_several_is_enough_to_be_refused(make_repo: MakeRepo, tmp_path: Path) -> None:
    """What only one worker of pytest-xdist loads is seen."""
    one = "import os\nif os.environ.get('PYTEST_XDIST_WORKER') == 'gw1':\n    "
    trick = one + lead_to(tmp_path / "repo" / "src").replace("\nsys", "; sys")
    root = make_repo({**PACKAGE, **CHECK, "conftest.py": trick + "import target\n"})
    with pytest.raises(SuiteError, match=FOREIGN):
        run(root, environment(root, tmp_path / "venv"), "@ -m pytest -p xdist -n 2")


@pytest.mark.parametrize(("pth", "copy"), [("src", ""), ("", "src/target")])
@pytest.mark.parametrize(
    "command", ["", pytest.param("@ -P -m pytest", marks=pytest.mark.slow), "@ -m unittest test_unit", "@ test_unit.py"]
)
def test_the_worktree_comes_before_what_is_installed(
    make_repo: MakeRepo, tmp_path: Path, pth: str, copy: str, command: str
) -> None:
    """An editable install and a copy are both there: what is tested is the worktree, and that is seen."""
    root = make_repo({**PACKAGE, **CHECK, "test_unit.py": UNIT})
    assert run(root, environment(root, tmp_path / "venv", pth=pth, copy=copy), command).state is SuiteState.PASSED


@pytest.mark.parametrize(("pth", "copy"), [("src", ""), ("", "src/target"), ("", "")])
@pytest.mark.parametrize(
    "command",
    [pytest.param("@ -I -m pytest", marks=pytest.mark.slow), "@ -I test_unit.py", "env -u PYTHONPATH @ test_unit.py"],
)
def test_an_import_path_of_its_own_needs_an_environment_without_copies(
    make_repo: MakeRepo, tmp_path: Path, pth: str, copy: str, command: str
) -> None:
    """A command that does not take the import path leaves no note: it is refused in words, and only where nothing of
    the target is installed it can be about nothing but the worktree."""
    own = "import sys\nsys.path[:0] = ['src']\n"
    root = make_repo({**PACKAGE, **CHECK, "test_unit.py": own + UNIT, "conftest.py": own})
    tests = suite(root, environment(root, tmp_path / "venv", pth=pth, copy=copy), command)
    if pth or copy:
        with pytest.raises(SuiteError, match=UNSEEN):
            tests.run(changed_copy(root))
    else:
        assert tests.run(changed_copy(root)).state is SuiteState.PASSED
        assert not tests.selects


def test_a_copy_is_refused_where_only_the_project_says_whose_it_is(make_repo: MakeRepo, tmp_path: Path) -> None:
    """Nothing leads to `python/lib`, so the tests import the installed copy: it is known by the project's name."""
    files = {"python/lib/target/__init__.py": "WHERE = 'checkout'\n", "pyproject.toml": '[project]\nname = "Target"\n'}
    root = make_repo({**files, **CHECK})
    with pytest.raises(SuiteError, match=FOREIGN):
        run(root, environment(root, tmp_path / "venv", copy="python/lib/target"), "")


def test_a_copy_of_a_part_of_a_namespace_is_refused_and_another_part_is_not(
    make_repo: MakeRepo, tmp_path: Path
) -> None:
    """Of a namespace that several projects share only the target's own part must be the worktree's."""
    site = tmp_path / "more" / "site-packages"
    (site / "space" / "other").mkdir(parents=True)
    (site / "space" / "other" / "__init__.py").write_text("x = 1\n")
    files = {"src/space/target/__init__.py": "x = 1\n", "conftest.py": lead_to(site)}
    root = make_repo({**files, "test_a.py": "def test_a():\n    import space.other, space.target\n"})
    env = environment(root, tmp_path / "venv")
    tree = changed_copy(root)
    assert suite(root, env, "").run(tree).state is SuiteState.PASSED
    (site / "space" / "target.py").write_text("x = 1\n")
    with pytest.raises(SuiteError, match=r"\(space\.target from"):
        suite(root, env, "").run(tree)


def test_what_is_no_copy_is_not_refused(make_repo: MakeRepo) -> None:
    """A package listed under a second name, odd objects among the modules, an environment and
    the state folder within the checkout."""
    source = "import sys, pytest\nsys.modules['target.vendored'] = pytest\nsys.modules['target.odd'] = Odd = object()\n"
    lazy = "class Lazy:\n    def __getattr__(self, name):\n        raise RuntimeError\nsys.modules['target.lazy'] = Lazy()\n"
    root = make_repo({"src/target/__init__.py": PACKAGE["src/target/__init__.py"] + source + lazy, **CHECK})
    env = environment(root, root / ".venv", pth="src")
    assert Suite(env, "", 60, root / "state").run(changed_copy(root)).state is SuiteState.PASSED


def test_a_crash_is_called_a_crash(make_repo: MakeRepo, tmp_path: Path) -> None:
    """Processes that die leave no notes. That is no reason to doubt whose code they ran."""
    root = make_repo({**PACKAGE, "test_a.py": "import os\n\n\ndef test_a():\n    os.kill(os.getpid(), 9)\n"})
    assert run(root, environment(root, tmp_path / "venv", pth="src"), "").state is SuiteState.CRASHED


def test_the_targets_sitecustomize_is_still_loaded(make_repo: MakeRepo, tmp_path: Path) -> None:
    """What an environment does at the start of each Python happens in scripts that are watched, too."""
    script = (
        "import os, sys\nsys.exit(sys.modules['sitecustomize'].MINE != 'mine' or '_STOMPER_NOTES' not in os.environ)\n"
    )
    root = make_repo({"check.py": script})
    env = environment(root, tmp_path / "venv")
    (site,) = (tmp_path / "venv").glob("lib/python3*/site-packages")
    (site / "sitecustomize.py").write_text("MINE = 'mine'\n")
    assert run(root, env, "@ check.py").state is SuiteState.PASSED


@pytest.mark.parametrize("launcher", ["-m pytest", pytest.param("check.py", marks=pytest.mark.slow)])
@pytest.mark.parametrize("options", ["", pytest.param("-p xdist -n 2", marks=pytest.mark.slow)])
def test_a_pytest_that_a_test_starts_is_left_alone(
    make_repo: MakeRepo, tmp_path: Path, launcher: str, options: str
) -> None:
    """It runs all its tests when one of ours is asked for, and neither its report nor what it loads is ours."""
    inner = (
        "import os, subprocess, sys\n\n\ndef test_outer():\n"
        "    done = subprocess.run([sys.executable, '-m', 'pytest', '-p', 'no:cacheprovider', 'INNER'],\n"
        "                          capture_output=True, text=True)\n"
        "    assert '2 passed' in done.stdout\n    assert 'xml' not in os.environ.get('PYTEST_ADDOPTS', '')\n"
    )
    check = "import sys, pytest\nsys.exit(pytest.main(['test_a.py', *sys.argv[1:]]))\n"
    # It lies elsewhere and loads the checkout, as a test of an installed copy would.
    elsewhere = tmp_path / "inner"
    elsewhere.mkdir()
    (elsewhere / "test_b.py").write_text(lead_to(tmp_path / "repo" / "src") + "import target\n" + TWO)
    root = make_repo({**PACKAGE, "test_a.py": inner.replace("INNER", str(elsewhere)) + TWO, "check.py": check})
    env = Environment(root, "these tests", (sys.executable,))
    tests = suite(root, env, f"@ {launcher} {options}")
    tree = changed_copy(root)
    assert sorted(tests.run(tree).worst()) == ["test_a::test_one", "test_a::test_outer", "test_a::test_two"]
    assert tests.run(tree, ["test_a::test_outer"]).words == "passed · 1 passed"
