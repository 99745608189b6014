"""Where agents run: by bubblewrap in a view of the machine in which only the worktree and a private folder are writable."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from stomper.environment.python import Environment
from stomper.errors import SettingsError
from stomper.system import processes

_SYSTEM = tuple(Path(p) for p in ("/usr", "/etc", "/var", "/bin", "/lib", "/opt", "/home", "/dev", "/proc"))
Mode = Literal["auto", "bwrap", "none"]
_BASE = (
    "--die-with-parent",
    "--unshare-pid",
    "--unshare-ipc",
    "--ro-bind",
    "/",
    "/",
    "--dev",
    "/dev",
    "--proc",
    "/proc",
)


@dataclass(frozen=True)
class Sandbox:
    """How programs are fenced in. Without a `program` they are not, and `words` says why."""

    program: str
    words: str
    readable: tuple[Path, ...] = ()

    @property
    def on(self) -> bool:
        return bool(self.program)

    def argv(self, command: Sequence[str], *, tree: Path, scratch: Path, home: Sequence[str] = ()) -> tuple[str, ...]:
        """*command* behind the fence: *tree* and *scratch* are writable, and of HOME and /tmp only what it needs is there.

        *home* names what of HOME it may see and write, such as its login. All that it starts ends with it."""
        if not self.on:
            return tuple(command)
        hidden = _hidden()
        words = [self.program, *_BASE]
        for path in hidden:
            words += ["--tmpfs", str(path)]
        for path in (*self.readable, *_places_of(command, hidden)):
            words += ["--ro-bind-try", str(path), str(path)]
        for name in home:
            words += ["--bind-try", str(Path.home() / name), str(Path.home() / name)]
        words += ["--bind", str(tree), str(tree), "--bind", str(scratch), str(scratch)]
        # What git reads in the worktree to find its repository is not the agent's to redirect.
        words += ["--ro-bind-try", str(tree / ".git"), str(tree / ".git")]
        return (*words, "--chdir", str(tree), "--", *command)


def make_sandbox(mode: Mode, environment: Environment, *, readable: Sequence[Path]) -> Sandbox:
    """The sandbox for a run; *readable* is what lies in HOME or /tmp and must be seen. Raises SettingsError when
    `bwrap` is asked for and does not work."""
    if mode == "none":
        return Sandbox("", "none (switched off)")
    program = shutil.which("bwrap") or ""
    why = "bubblewrap is not installed"
    if program:
        probe = processes.run((program, *_BASE, "--", "true"), cwd=Path("/"), timeout_s=30)
        if probe.returncode == 0:
            version = processes.run((program, "--version"), cwd=Path("/"), timeout_s=30).text.strip()
            prefixes = {Path(p) for p in (sys.prefix, sys.base_prefix, *_prefixes(environment))}
            return Sandbox(program, version, (*sorted(prefixes), *readable))
        why = f"bubblewrap does not work here: {probe.complaint.strip()}"
    if mode == "bwrap":
        raise SettingsError(f'sandbox = "bwrap": {why}; mend that, or set sandbox to "none"')
    return Sandbox("", f"none ({why})")


def _prefixes(environment: Environment) -> list[str]:
    """Where the target's interpreter and its libraries lie."""
    code = "import sys; print(sys.prefix); print(sys.base_prefix)"
    try:
        done = processes.run(
            (*environment.python, "-c", code), cwd=environment.root, timeout_s=60, env=environment.variables()
        )
    except processes.ProgramMissing:
        return []
    return [line for line in done.text.splitlines() if line.startswith("/")]


def _hidden() -> list[Path]:
    """What a program must not look into: HOME, unless that is no folder of its own, and what others keep in /tmp."""
    home = Path.home()
    return [Path("/tmp"), *([home] if len(home.parts) > 1 and home not in _SYSTEM else [])]  # noqa: S108


def _places_of(command: Sequence[str], hidden: Sequence[Path]) -> list[Path]:
    """What lies in hidden folders and is needed to start *command*: the folders in which programs are looked for, the
    package that the program is part of, and the files that the command names."""
    places = []
    if found := shutil.which(command[0]):
        real = Path(found).resolve()
        # A package of npm has parts of it beside itself, and a virtual environment its interpreter elsewhere.
        places.append(next((p for p in reversed(real.parents) if p.name == "node_modules"), real.parent.parent))
        if (real.parent / "python").exists():
            places.append((real.parent / "python").resolve().parent.parent)
        places = [p for p in places if any(p.is_relative_to(h) and len(p.relative_to(h).parts) > 1 for h in hidden)]
    folders = [Path(p) for p in os.environ.get("PATH", os.defpath).split(os.pathsep) if p]
    places += [p for p in folders if any(p.is_relative_to(h) and p != h for h in hidden)]
    for word in command:
        # What lies in a place is seen already, and a link there cannot be put over.
        inside = any(Path(word).is_relative_to(place) for place in places)
        if not inside and word != "/" and any(Path(word).is_relative_to(h) for h in hidden):
            places.append(Path(word))
    return places
