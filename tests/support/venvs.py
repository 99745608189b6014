"""Virtual environments with a repository installed in them, for tests."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from stomper.environment.python import Environment

# As setuptools writes them.
FINDER = """\
import importlib.machinery, importlib.util, sys
MAPPING = {mapping!r}
NAMESPACES = {namespaces!r}


class Finder:
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name in MAPPING:
            return importlib.util.spec_from_file_location(name, MAPPING[name] + "/__init__.py",
                                                          submodule_search_locations=[MAPPING[name]])
        if name in NAMESPACES:
            spec = importlib.machinery.ModuleSpec(name, None, is_package=True)
            spec.submodule_search_locations = NAMESPACES[name]
            return spec


sys.meta_path.append(Finder)
"""


def environment(
    root: Path,
    folder: Path,
    *,
    pth: str = "",
    copy: str = "",
    finder: Mapping[str, str] = MappingProxyType({}),
    namespaces: Mapping[str, str] = MappingProxyType({}),
) -> Environment:
    """A virtual environment that sees the packages of this one. *root* is installed in it: editable by a path or by an
    import hook, or the package in the folder *copy* as it is."""
    venv.create(folder, symlinks=True)
    (site,) = folder.glob("lib/python3*/site-packages")
    own = next(p for p in sys.path if p.endswith("site-packages"))
    (site / "own.pth").write_text(f"{own}\n")
    if pth:
        (site / "__editable__.target.pth").write_text(f"{root / pth}\n")
    if finder or namespaces:
        mapping = {name: str(root / place) for name, place in finder.items()}
        spaces = {name: [str(root / place)] for name, place in namespaces.items()}
        (site / "__editable___target_finder.py").write_text(FINDER.format(mapping=mapping, namespaces=spaces))
        (site / "__editable__.target.pth").write_text("import __editable___target_finder\n")
    if copy:
        shutil.copytree(root / copy, site / Path(copy).name)
    return Environment(root, "these tests", (str(folder / "bin" / "python"),), folder / "bin")


def install_with_hatch(root: Path, env: Environment, *, exact: bool) -> None:
    """Install *root* editable by hatchling itself: by a path, or *exact* by an import hook."""
    table = f"[tool.hatch.build]\ndev-mode-exact = {str(exact).lower()}\n[tool.hatch.build.targets.wheel]\n"
    project = '[project]\nname = "target"\nversion = "1"\n[build-system]\nrequires = ["hatchling"]\n'
    (root / "pyproject.toml").write_text(
        f'{project}build-backend = "hatchling.build"\n{table}packages = ["src/target"]\n'
    )
    out = env.root.parent / "wheels"
    code = f"import hatchling.build; print(hatchling.build.build_editable({str(out)!r}))"
    done = subprocess.run((sys.executable, "-c", code), cwd=root, check=True, capture_output=True, text=True)
    (site,) = Path(env.python[0]).parent.parent.glob("lib/python3*/site-packages")
    with zipfile.ZipFile(out / done.stdout.split()[-1]) as wheel:
        wheel.extractall(site)


def changed_copy(root: Path, name: str = "tree") -> Path:
    """A worktree of *root* in which WHERE says so."""
    tree = root.parent / name
    subprocess.run(("git", "worktree", "add", "--quiet", "--detach", str(tree)), cwd=root, check=True)
    for file in tree.rglob("*.py"):
        file.write_text(file.read_text().replace("'checkout'", "'worktree'"))
    return tree
