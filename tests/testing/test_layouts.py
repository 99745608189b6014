"""Ordinary set-ups in which a suite is green in the checkout and means nothing where fixes are proven, or is not even found:
a fix that breaks a test lands in none of them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from stomper.models import Status
from tests.support.repositories import MakeRepo, git, write
from tests.support.runs import by_path, repair

# ruff takes the import for unused, and the test needs it.
CULPRIT = "import os\n\n\ndef sep():\n    return eval('os.sep')\n"
HONEST = "import sys\n\nX = 1\n"
USES = "import shop\n\n\ndef test_sep():\n    assert shop.sep() == '/'\n"
UNITTEST = """\
import unittest

import shop


class Sep(unittest.TestCase):
    def test_sep(self):
        self.assertEqual(shop.sep(), "/")
"""
RUNS = "import shop\n\nassert shop.sep() == '/'\n"
GREEN = "def test_green():\n    assert True\n"
PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")


@dataclass(frozen=True)
class Layout:
    """A repository, what its checkout has beside what git tracks, and how its people run the tests there."""

    files: dict[str, str]
    beside: dict[str, str]
    run: tuple[str, ...] = PYTEST
    where: str = "."
    culprit: str = "shop.py"
    prepare: Callable[[Path], object] = bool


def submodule(root: Path) -> None:
    """Put a library beside the repository and take it in as a submodule."""
    lib = root.parent / "lib"
    lib.mkdir()
    git(lib, "init", "--quiet")
    write(lib, {"library.py": "ONE = 1\n"})
    git(lib, "add", "--all")
    git(lib, "commit", "--quiet", "-m", "library")
    git(root, "-c", "protocol.file.allow=always", "submodule", "add", "--quiet", str(lib), "vendored")
    git(root, "commit", "--quiet", "-m", "submodule")


BASE = {"shop.py": CULPRIT, "honest.py": HONEST}
LAYOUTS = {
    "plain": Layout({**BASE, "test_shop.py": USES}, {}),
    "generated version": Layout(
        {**BASE, "test_shop.py": f"import _version\n{USES}", ".gitignore": "_version.py\n"}, {"_version.py": "V = 1\n"}
    ),
    "generated version, for some tests": Layout(
        {**BASE, "test_a.py": GREEN, "test_shop.py": f"import _version\n{USES}", ".gitignore": "_version.py\n"},
        {"_version.py": "V = 1\n"},
    ),
    "version in conftest": Layout(
        {**BASE, "test_shop.py": USES, "conftest.py": "import _version\n", ".gitignore": "_version.py\n"},
        {"_version.py": "V = 1\n"},
    ),
    "settings in .env": Layout(
        {
            **BASE,
            "test_a.py": GREEN,
            "test_shop.py": f"import pathlib\n{USES}    assert pathlib.Path('.env').read_text()\n",
            ".gitignore": ".env\n",
        },
        {".env": "MODE=test\n"},
    ),
    "exported variable": Layout(
        {**BASE, "test_a.py": GREEN, "test_shop.py": f"import os\n{USES}    assert os.environ['SHOP_MODE']\n"}, {}
    ),
    "submodule": Layout(
        {
            **BASE,
            "test_a.py": GREEN,
            "test_shop.py": f"import sys\nsys.path.append('vendored')\nimport library\n{USES}",
        },
        {},
        prepare=submodule,
    ),
    "project below the root": Layout(
        {
            "backend/src/shop.py": CULPRIT,
            "backend/honest.py": HONEST,
            "backend/pyproject.toml": "[tool.pytest.ini_options]\npythonpath = ['src']\n",
            "backend/tests/test_shop.py": USES,
            "test_a.py": GREEN,
        },
        {},
        where="backend",
        culprit="backend/src/shop.py",
    ),
    "unittest in tests.py": Layout({**BASE, "tests.py": UNITTEST}, {}, run=(sys.executable, "-m", "unittest", "tests")),
    "manage.py": Layout(
        {
            **BASE,
            "manage.py": f"import sys\n\nif 'test' in sys.argv:\n    {RUNS.replace(chr(10) * 2, chr(10) + '    ')}",
        },
        {},
        run=(sys.executable, "manage.py", "test"),
    ),
    "unittest elsewhere": Layout(
        {**BASE, "selfcheck.py": UNITTEST}, {}, run=(sys.executable, "-m", "unittest", "selfcheck")
    ),
    "tox": Layout(
        {**BASE, "tox.ini": "[testenv]\ncommands = python verify.py\n", "verify.py": RUNS},
        {},
        run=(sys.executable, "verify.py"),
    ),
    "nox": Layout(
        {**BASE, "noxfile.py": "import nox\n\nnox.options.sessions = []\n", "verify.py": RUNS},
        {},
        run=(sys.executable, "verify.py"),
    ),
    "make": Layout(
        {**BASE, "Makefile": f"test:\n\t{sys.executable} verify.py\n", "verify.py": RUNS}, {}, run=("make", "test")
    ),
    "a runner that crashes": Layout(
        {**BASE, "test_shop.py": USES, "pytest.ini": "[pytest]\naddopts = --no-such-option\n"},
        {},
        run=(*PYTEST, "-o", "addopts="),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", LAYOUTS)
def test_a_fix_that_breaks_a_test_lands_in_no_layout(
    make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The run stops and says why, or the culprit is turned down and the honest fix beside it lands."""
    monkeypatch.setenv("SHOP_MODE", "test")
    layout = LAYOUTS[name]
    root = make_repo(dict(layout.files))
    layout.prepare(root)
    write(root, layout.beside)
    green = subprocess.run(
        layout.run, cwd=root / layout.where, env=dict(os.environ), capture_output=True, text=True, check=False
    )
    assert green.returncode == 0, green.stdout + green.stderr
    landing = repair(root, test_validation="final")
    assert layout.culprit not in [entry.path for entry in landing.landed]
    assert git(root, "show", f"HEAD:{layout.culprit}") == CULPRIT.strip()
    if landing.failure:
        assert "base commit" in landing.failure or "signs of some" in landing.failure, landing.failure
        assert landing.landed == ()
    else:
        assert by_path(landing)[layout.culprit].status is Status.FAILED
        assert [entry.path for entry in landing.landed] == ["honest.py"]
