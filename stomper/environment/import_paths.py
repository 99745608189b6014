"""Where the target's interpreter imports the target's code from: folders of the checkout."""

from __future__ import annotations

import json
from pathlib import Path

from stomper.system import processes

# What an interpreter imports from: path entries, and the mappings of the import hooks that editable installs make.
_ROOTS = """\
import json, os, sys
found = [["", p] for p in sys.path if p]
for finder in sys.meta_path:
    home = sys.modules.get(getattr(finder, "__module__", "") or "")
    hooks = [getattr(home, "MAPPING", None), getattr(home, "NAMESPACES", None), getattr(finder, "_redirections", None)]
    for table in hooks:
        for name, places in (table.items() if isinstance(table, dict) else ()):
            places = [places] if isinstance(places, (str, os.PathLike)) else places
            found += [[name, str(place)] for place in places]
print(json.dumps(found))
"""
INSTALLED = frozenset({"site-packages", "dist-packages"})


def editable_roots(python: tuple[str, ...], root: Path, env: dict[str, str]) -> tuple[str, ...]:
    """The folders of the checkout at *root* that *python* imports from, relative to it: editable installs of all kinds,
    and `src` where a copy of what lies in it is installed."""
    try:
        done = processes.run((*python, "-c", _ROOTS), cwd=Path("/"), timeout_s=60, env=env)
        entries = [(name, Path(place).resolve()) for name, place in json.loads(done.text)]
    except (processes.ProgramMissing, ValueError):
        return ()
    root = root.resolve()
    places = [p for name, place in entries if (p := _root_of(name, place)) is not None and p.is_relative_to(root)]
    found = dict.fromkeys(p.relative_to(root).as_posix() for p in places if p.is_dir())
    installed = [place for name, place in entries if not name and INSTALLED & set(place.parts)]
    sources = [entry.name for entry in (root / "src").glob("*") if entry.is_dir()]
    if any((place / name).is_dir() for place in installed for name in sources):
        found["src"] = None
    # A virtual environment in the checkout is no source of its own.
    folders = [r for r in found if not INSTALLED & set(r.split("/")) and not r.endswith("/bin")]
    return tuple(r for r in folders if not (root / r / "pyvenv.cfg").exists())


def _root_of(name: str, place: Path) -> Path | None:
    """The folder to import *name* from when it lies at *place*; None when its folders are called otherwise.

    For `a.b` in `…/a/b` that is two folders up: from one folder up, `a/logging.py` would stand in for the library's."""
    parts = tuple(filter(None, name.split(".")))
    place = place.parent if place.name == "__init__.py" else place
    if parts and (*place.parent.parts, place.name.removesuffix(".py"))[-len(parts) :] != parts:
        return None
    return place.parents[len(parts) - 1] if parts else place
