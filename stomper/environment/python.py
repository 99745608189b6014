"""The target's own environment: which interpreter and which programs its checkers and tests run with."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from stomper.environment.import_paths import editable_roots
from stomper.environment.passed_variables import in_worktree
from stomper.environment.target_parser import TargetParser
from stomper.errors import CheckerError, SettingsError
from stomper.hashing import digest
from stomper.system import processes

# Handed on to checkers, tests and agents; everything else of the caller's environment stays with the caller.
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TZ", "USER", "LOGNAME", "SHELL", "TERM", "VIRTUAL_ENV",
         "XDG_CACHE_HOME", "SSL_CERT_FILE", "SSL_CERT_DIR", "NIX_SSL_CERT_FILE", "LD_LIBRARY_PATH")  # fmt: skip


@dataclass(frozen=True)
class Environment:
    """How to start programs for the target at *root*. `found` says in words where they come from."""

    root: Path
    found: str
    python: tuple[str, ...]
    bin: Path | None = None
    passed: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    """Variables that checkers and tests are given beside, and agents are not."""
    _more: dict[str, str] = field(default_factory=dict, compare=False, repr=False)
    """Variables that came to be needed while the run went on."""

    @classmethod
    def detect(cls, root: Path, *, python: str = "") -> Environment:
        """`--python`, `.venv`/`venv`, `uv run`, `poetry run` or PATH, the first that is there."""
        if python:
            program = shutil.which(python) or (str(root / python) if (root / python).is_file() else "")
            if not program:
                raise SettingsError(f"python = {python!r}: no such interpreter; give its path")
            return cls(root, f"python {program}", (program,), Path(program).parent)
        for name in (".venv", "venv"):
            folder = root / name / "bin"
            if (folder / "python").exists():
                return cls(root, f"{name} of the repository", (str(folder / "python"),), folder)
        if (root / "uv.lock").exists() and (uv := shutil.which("uv")):
            return cls(root, "uv run", (uv, "run", "--no-sync", "--project", str(root), "python"))
        if (root / "poetry.lock").exists() and (poetry := shutil.which("poetry")):
            return cls(root, "poetry run", (poetry, "--directory", str(root), "run", "python"))
        program = shutil.which("python3") or shutil.which("python") or sys.executable
        return cls(root, f"{program} on PATH", (program,))

    def variables(self, tree: Path | None = None) -> dict[str, str]:
        """A scrubbed environment; with *tree*, its source roots come first on the import path."""
        kept = {k: v for k, v in os.environ.items() if k in _KEPT or k.startswith("LC_")}
        if self.bin is not None:
            kept["PATH"] = f"{self.bin}{os.pathsep}{kept.get('PATH', os.defpath)}"
            kept["VIRTUAL_ENV"] = str(self.bin.parent)
        kept["PYTHONDONTWRITEBYTECODE"] = "1"
        kept |= self._more
        if tree is not None:
            kept["PYTHONPATH"] = os.pathsep.join(str(r) for r in self.source_roots(tree))
        return kept

    def tool_variables(self, tree: Path) -> dict[str, str]:
        """The environment of checkers and tests in *tree*: what they are given beside is meant of it, too."""
        given = {name: in_worktree(value, self.root, tree) for name, value in self.passed.items()}
        ours = self.variables(tree)
        if more := given.pop("PYTHONPATH", ""):
            ours["PYTHONPATH"] = os.pathsep.join((ours["PYTHONPATH"], more))
        return {**given, **ours}

    def in_place(self, command: Sequence[str]) -> tuple[str, ...]:
        """Return *command* with each path into a virtual environment of the checkout, as people type it, made a full one:
        worktrees have no such environment."""
        return tuple(self._in_place(word) for word in command)

    def _in_place(self, word: str) -> str:
        place = self.root / word
        inside = "/" in word and not word.startswith(("/", "-")) and place.exists()
        between = place.parents[: len(Path(word).parts) - 1] if inside else ()
        return str(place) if any((folder / "pyvenv.cfg").exists() for folder in between) else word

    def distrust_bytecode(self, empty: Path) -> None:
        """Have everything compiled from its source from now on: *empty* is a folder in which no bytecode is found."""
        empty.mkdir(parents=True, exist_ok=True)
        self._more["PYTHONPYCACHEPREFIX"] = str(empty)

    def known(self) -> dict[str, str]:
        """Return all variables that are known here: the caller's, and those that checkers and tests are given."""
        return {**os.environ, **self.passed}

    def kept_back(self) -> frozenset[str]:
        """Return the names of the caller's variables that programs for the target are not given."""
        return frozenset(os.environ) - self.variables().keys() - self.passed.keys()

    def source_roots(self, tree: Path) -> list[Path]:
        """Where *tree*'s own packages are imported from: its root, `src`, and what editable installs point at."""
        usual = [tree / "src", tree] if (tree / "src").is_dir() else [tree]
        return list(dict.fromkeys([*(tree / r for r in self.editable_roots if r != "."), *usual]))

    @cached_property
    def parser(self) -> TargetParser:
        """Return the parser for all syntax that the target's interpreter takes."""
        return TargetParser(self.python, self.found, self.variables)

    @cached_property
    def editable_roots(self) -> tuple[str, ...]:
        """The folders of the checkout that the interpreter imports from, relative to it."""
        return editable_roots(self.python, self.root, self.variables())

    def fingerprint(self) -> str:
        """What tells this environment from another: the interpreter, and everything installed for it."""
        installed = "sorted(f'{d.name} {d.version}' for d in importlib.metadata.distributions())"
        code = f"import importlib.metadata, sys; print(sys.version, {installed})"
        try:
            done = processes.run((*self.test_python, "-c", code), cwd=Path("/"), timeout_s=60, env=self.variables())
        except processes.ProgramMissing:
            return ""
        passed = digest(*(f"{name}={value}" for name, value in sorted(self.passed.items())))
        return " ".join([*self.test_python, done.text, os.environ.get("PYTEST_ADDOPTS", ""), passed])

    @cached_property
    def version(self) -> tuple[int, ...]:
        """Return the first two numbers of the interpreter's version; none where it does not answer."""
        code = "import sys; print(*sys.version_info[:2])"
        try:
            done = processes.run((*self.python, "-c", code), cwd=Path("/"), timeout_s=60, env=self.variables())
        except processes.ProgramMissing:
            return ()
        return tuple(map(int, done.text.split())) if re.fullmatch(r"\d+ \d+\n", done.text) else ()

    def has_module(self, module: str) -> bool:
        """Whether the target's interpreter can import *module*."""
        code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
        try:
            done = processes.run((*self.python, "-c", code), cwd=self.root.parent, timeout_s=60, env=self.variables())
        except processes.ProgramMissing:
            return False
        return done.returncode == 0

    @cached_property
    def test_python(self) -> tuple[str, ...]:
        """The interpreter for pytest: the target's, or Stomper's own when PATH's has no pytest."""
        return self.python if self.has_module("pytest") else (sys.executable,)

    def tool(self, name: str) -> tuple[tuple[str, ...], str]:
        """How to start a checker, and where it was found: the target's, else the one beside Stomper, else PATH's."""
        if self.bin is not None and (self.bin / name).exists():
            return (str(self.bin / name),), self.found
        if self.bin is None and len(self.python) > 1 and self.has_module(name):
            return (*self.python, "-m", name), self.found
        beside = Path(sys.executable).parent / name
        if self.bin is None and (on_path := shutil.which(name)) and Path(on_path) != beside:
            return (on_path,), "PATH"
        if beside.exists():
            return (str(beside),), "Stomper's own environment"
        if on_path := shutil.which(name):
            return (on_path,), "PATH"
        raise CheckerError(f"{name} is not installed: `pip install {name}` in the target's environment ({self.found})")
