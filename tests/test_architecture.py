"""What may import what."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import stomper

PACKAGE = Path(stomper.__file__).parent
MODULES = sorted(p for p in PACKAGE.rglob("*.py") if "sample" not in p.relative_to(PACKAGE).parts)


def imports(path: Path) -> set[str]:
    """The top-level packages that a module imports anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize(("package", "allowed"), [("subprocess", "system/processes.py"), ("git", "git/repository.py")])
def test_only_one_module_imports(package: str, allowed: str) -> None:
    """Starting processes and talking to git's library each have one module."""
    users = [p.relative_to(PACKAGE).as_posix() for p in MODULES if package in imports(p)]
    assert users == [allowed]


def test_the_heart_does_not_import_the_flow() -> None:
    """Processing, landing and the command line load without Prefect, the flow and its tasks."""
    code = (
        "import sys, stomper.fixing.fix_file, stomper.landing.land, stomper.cli; "
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'prefect', 'flows', 'tasks'}))"
    )
    done = subprocess.run((sys.executable, "-c", code), check=True, capture_output=True, text=True, cwd=PACKAGE.parent)
    assert done.stdout.strip() == "[]"


def test_the_models_import_nothing_of_ours() -> None:
    """The words of Stomper stand on their own."""
    assert "stomper" not in imports(PACKAGE / "models.py")


def test_every_file_of_advice_says_something() -> None:
    """There is advice, as text, and none of it is empty."""
    files = [p for p in (PACKAGE / "prompts" / "advice").rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    assert files
    assert [p.name for p in files if not p.read_text(encoding="utf-8").strip()] == []


@pytest.mark.parametrize(("name", "may"), [("observer.py", {"_pytest", "pytest"}), ("tracer.py", {"pytest"})])
def test_what_runs_in_the_targets_python_is_plain(name: str, may: set[str]) -> None:
    """The observer and the tracer are copied to where the target's tests run: an old Python reads them, and they need
    nothing of ours."""
    ast.parse((PACKAGE / "testing" / "plugins" / name).read_bytes(), feature_version=(3, 7))
    assert imports(PACKAGE / "testing" / "plugins" / name) - may <= sys.stdlib_module_names
