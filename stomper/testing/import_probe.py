"""The proof that the tests are about a worktree's code, by what their processes loaded or could load."""

from __future__ import annotations

import json
import re
import shutil
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from stomper.environment.import_paths import INSTALLED
from stomper.errors import SuiteError
from stomper.system import processes

PLUGIN, TRACER = "stomper_observer", "stomper_tracer"
# Where an interpreter would find the modules asked for, in the form of a note. Only parents of them are imported.
_PLUGINS = Path(__file__).parent / "plugins"
_FIND = """\
import importlib.util, json, os, sys
found = []
for name in json.load(sys.stdin):
    try:
        spec = importlib.util.find_spec(name)
    except BaseException:
        continue
    if spec is not None:
        places = [spec.origin] if spec.has_location else list(spec.submodule_search_locations or [])
        found += [[name, os.path.realpath(place)] for place in places if place]
print(json.dumps({"by": "", "loaded": found, "prefixes": [sys.prefix, sys.exec_prefix, sys.base_prefix]}))
"""
_DEPTH = 3
"""How deep namespaces go: `a.b.c`."""


@dataclass(frozen=True)
class Note:
    """What one process of the tests loaded: names of modules and their files."""

    by: str
    """`pytest` for the plugin, `python` for the end of any interpreter."""
    loaded: tuple[tuple[str, Path], ...]
    prefixes: tuple[Path, ...]

    @classmethod
    def of(cls, text: str) -> Note:
        note = json.loads(text)
        return cls(note["by"], tuple((n, Path(f)) for n, f in note["loaded"]), tuple(map(Path, note["prefixes"])))


@dataclass(frozen=True)
class Probe:
    """Tells the code of *tree*, imported from its folders *roots*, from that of the checkout at *root* and installed
    copies. What the run itself has in *scratch* is neither."""

    root: Path
    tree: Path
    roots: Sequence[Path]
    scratch: Path

    def loaded_elsewhere(self, notes: Sequence[Note]) -> str:
        """Return which part of the tree's code a process loaded from another copy, and from where; empty when none was."""
        return min((said for note in notes for said in self._strangers(note)), default="")

    def saw_the_tree(self, notes: Sequence[Note]) -> bool:
        """Whether anything of the tree was loaded."""
        tree = self.tree.resolve()
        return any(file.is_relative_to(tree) for note in notes for _, file in note.loaded)

    def installed(self, python: tuple[str, ...], env: Mapping[str, str]) -> str:
        """Return which part of the tree's code *python* has a copy of, or finds in the checkout, and where; empty when none.

        For commands that left no note: they have an import path of their own, on which the worktree may not be first.
        Raises SuiteError when that cannot be said."""
        try:
            asked = json.dumps(sorted(self._own)).encode()
            done = processes.run((*python, "-I", "-c", _FIND), cwd=self.tree, timeout_s=60, env=env, stdin=asked)
            note = Note.of("".join(done.text.splitlines()[-1:]))
        except (processes.ProgramMissing, ValueError) as error:
            raise SuiteError(f"nothing shows whose code the tests import: {' '.join(python)}: {error}") from None
        return min(self._strangers(note), default="")

    def _strangers(self, note: Note) -> Iterator[str]:
        root, tree, scratch = self.root.resolve(), self.tree.resolve(), self.scratch.resolve()
        # An environment in the checkout is no source of it, nor is the interpreter's library in there.
        prefixes = [p for p in note.prefixes if p != root and p.is_relative_to(root)]
        for name, file in note.loaded:
            if file.is_relative_to(tree) or file.is_relative_to(scratch):
                continue
            if INSTALLED & set(file.parts):
                ours = self._is_own(name)
            else:
                ours = file.is_relative_to(root) and not any(file.is_relative_to(p) for p in prefixes)
            if ours:
                yield f"{name} from {file}"

    def _is_own(self, name: str) -> bool:
        parts = name.split(".")
        if any(".".join(parts[:depth]) in self._own for depth in range(1, _DEPTH + 1)):
            return True
        # The project's own package is known by its name also where nothing says what it is imported from.
        return parts[0].lower() == self._project and any(self.tree.rglob(f"{parts[0]}/__init__.py"))

    @cached_property
    def _own(self) -> set[str]:
        """The modules and packages in the roots, those of namespaces by their full names; none that Python has too."""
        found = {name for root in self.roots for name in _packages(root, "", _DEPTH)}
        return {name for name in found if name.partition(".")[0] not in sys.stdlib_module_names}

    @cached_property
    def _project(self) -> str:
        """The name of the project, spelled as a module; empty when its metadata does not say it."""
        try:
            text = (self.tree / "pyproject.toml").read_text(encoding="utf-8")
            project = tomllib.loads(text).get("project")
        except (OSError, ValueError):
            return ""
        name = project.get("name", "") if isinstance(project, dict) else ""
        return re.sub("[-_.]+", "_", str(name)).lower()


def _packages(folder: Path, prefix: str, depth: int) -> Iterator[str]:
    for entry in folder.iterdir() if folder.is_dir() else ():
        name = entry.name.removesuffix(".py")
        if not name.isidentifier() or name.startswith("__"):
            continue
        if entry.suffix == ".py" or (entry / "__init__.py").is_file():
            yield prefix + name
        elif depth > 1:
            yield from _packages(entry, f"{prefix}{name}.", depth - 1)


def install(folder: Path, *, everywhere: bool) -> None:
    """Put the observer into *folder*, as a plugin of pytest and, when *everywhere*, for each Python that starts. The tracer
    lies beside it."""
    shutil.copyfile(_PLUGINS / "tracer.py", folder / f"{TRACER}.py")
    observer = _PLUGINS / "observer.py"
    for name in (PLUGIN, *(["sitecustomize"] if everywhere else [])):
        shutil.copyfile(observer, folder / f"{name}.py")


def read_notes(folder: Path) -> list[Note]:
    """The notes that were left in *folder*."""
    files = [*folder.glob("pytest-*.json"), *folder.glob("python-*.json")]
    return [Note.of(file.read_text(encoding="utf-8", errors="surrogateescape")) for file in files]
