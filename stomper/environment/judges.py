"""What judges fixes and lies outside of git: programs, interpreters, installed packages, configuration and lent files.

Agents could change any of it, where no sandbox keeps them from that. So all of it is looked at before the first of them runs
and after the last. What a file holds is not read: nobody can set back the time of its inode's last change.

Bytecode comes and goes with whoever runs tests beside us, so that it is no violation when it is another than before; but
then none of it is believed any more, and everything is compiled from its source."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import stat
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import stomper
from stomper.environment.python import Environment
from stomper.errors import CheckerError, StomperError
from stomper.git.object_stamps import ObjectStamps
from stomper.system import processes

Entry = tuple[int, ...]
Seen = dict[str, Mapping[str, Entry]]
"""The entries of each folder, by its path and their names."""

CONFIGURATION = (
    "ruff.toml", ".ruff.toml", "pyproject.toml", "mypy.ini", ".mypy.ini", "setup.cfg", "tox.ini", "pytest.ini",
    ".pytest.ini", "conftest.py", ".flake8", ".pylintrc", "pylintrc", ".coveragerc", "pyrightconfig.json",
)  # fmt: skip
"""The files by which tools are configured that look for them in the folders above."""
_USERS = (
    "ruff/ruff.toml", "ruff/.ruff.toml", "ruff/pyproject.toml", "mypy/config", "git/attributes", "pycodestyle", "flake8",
    "pylintrc",
)  # fmt: skip
_AT_HOME = (
    ".mypy.ini", ".pylintrc", ".flake8", ".pydistutils.cfg", ".coveragerc", ".editorconfig", ".sqlfluff", ".shellcheckrc",
    ".yamllint", ".yamllint.yaml", ".yamllint.yml", ".eslintrc", ".eslintrc.js", ".eslintrc.cjs", ".eslintrc.json",
    ".eslintrc.yml", ".prettierrc", ".prettierrc.json", ".prettierrc.yml", ".stylelintrc", ".stylelintrc.json", "biome.json",
    ".markdownlint.json", ".markdownlint.yaml", ".markdownlintrc", ".hadolint.yaml", ".rubocop.yml", ".golangci.yml",
    ".ansible-lint", ".codespellrc", ".bandit", ".semgrepignore", ".luacheckrc", ".tflint.hcl", ".swiftlint.yml", ".pep8",
)  # fmt: skip
_ALWAYS = ("git", "sh", "bash", "env", "python", "python3", "pytest")
_BYTECODE = "__pycache__"
_LONGEST_LINE = 4096
_CACHES = frozenset({".ruff_cache", ".mypy_cache", ".pytest_cache", ".git"})
_CODE = (".py", ".pyi", ".pyc", ".so", ".pyd", ".pth")
_METADATA = (".dist-info", ".egg-info")
"""Where plugins are named, which are loaded wherever they lie on the path."""
_COPIED_UI = ("/prefect/server/ui_build", "/prefect/server/ui_v2_build")
"""Where a server of Prefect that starts writes pages for browsers, among its own package."""
_ASK = (
    "import json, site, sys; user = [site.getusersitepackages()] if site.ENABLE_USER_SITE else []; "
    "print(json.dumps([p for p in sys.path if p] + user))"
)
_INSTALLED = frozenset({"site-packages", "dist-packages"})


@dataclass
class Judges:
    """All that judges for *environment*. What *commands* gives is run, *tools* are looked for as checkers are; the folders
    *above*, and those above them, may hold configuration, *lent* are files that are copied into worktrees."""

    environment: Environment
    commands: Callable[[], Sequence[Sequence[str]]] = lambda: ()
    tools: Sequence[str] = ()
    above: Sequence[Path] = ()
    lent: Sequence[Path] = ()
    objects: ObjectStamps | None = None
    """Those of the repository, from which worktrees are made."""
    empty: Path | None = None
    """A folder with nothing in it, for bytecode that is not there."""
    _before: Seen | None = None
    _bytecode: Seen = field(default_factory=dict)
    _folders: Sequence[tuple[str, bool]] | None = None
    _looking: threading.Lock = field(default_factory=threading.Lock)

    def look(self) -> None:
        """See all of it as it is to stay, once."""
        with self._looking:
            if self._before is None:
                if self.objects:
                    self.objects.look()
                self._before, self._bytecode = self._seen()

    def begin(self) -> None:
        """Look beside whatever else goes on: who needs it waits for it."""
        threading.Thread(target=self._look_ahead, name="judges").start()

    def _look_ahead(self) -> None:
        with contextlib.suppress(StomperError, OSError):  # who needs it is told
            self.look()

    def changed(self) -> list[tuple[str, str]]:
        """Return what is another than at the last look, each with how: `new`, `changed`, `gone` or `forged`. Nothing before
        the first.

        Where bytecode is another, none is believed from now on."""
        if self._before is None:
            return []
        now, bytecode = self._seen()
        if bytecode != self._bytecode and self.empty is not None:
            self.environment.distrust_bytecode(self.empty)
        before, self._before, self._bytecode = self._before, now, bytecode
        forged = self.objects.forged() if self.objects else []
        return [*((path, "forged") for path in forged), *_differing(before, now)]

    def _seen(self) -> tuple[Seen, Seen]:
        plain, bytecode = Seen(), Seen()
        for folder, only_code in self._places():
            _scan(folder, plain, bytecode, only_code=only_code)
        for name, place in self._programs():
            plain[f"program {name}"] = {place: _about(Path(place)), os.path.realpath(place): _about_target(Path(place))}
        for file in self._files():
            if about := _about(file):
                plain.setdefault(str(file.parent), {})
                plain[str(file.parent)] = {**plain[str(file.parent)], file.name: about}
        return plain, bytecode

    def _places(self) -> Sequence[tuple[str, bool]]:
        """The folders with all that is below them, or only the code there (then True): what the interpreters import, and
        ourselves."""
        if self._folders is None:
            whole, code = [str(Path(stomper.__file__).parent)], list[str]()
            for python in dict.fromkeys((self.environment.python, self.environment.test_python)):
                for folder in _import_path(python, self.environment):
                    if self._is_installed(folder):
                        (whole if _by_installer(folder) else code).append(folder)
            whole += [str(place) for _, program in self._programs() if (place := _home_of(program))]
            if (programs := self.environment.bin) and (
                (programs.parent / "pyvenv.cfg").exists() or programs.is_relative_to(self.environment.root)
            ):
                whole.append(str(programs))
            # A checkout that is installed in place may hold the environment in which it is: both count.
            self._folders = (*((f, False) for f in _outermost(whole)), *((f, True) for f in _outermost(code)))
        return self._folders

    def _is_installed(self, folder: str) -> bool:
        """Return whether *folder* is no part of the checkout's own code, which worktrees have from git."""
        place = Path(folder)
        return not place.is_relative_to(self.environment.root) or bool(_INSTALLED & set(place.parts))

    def _programs(self) -> Iterator[tuple[str, str]]:
        """The name of each program, and where it is found now."""
        for tool in self.tools:
            try:
                yield tool, self.environment.tool(tool)[0][0]
            except CheckerError:
                yield tool, ""
        yield "python", self.environment.python[0]
        paths = dict.fromkeys((self.environment.variables().get("PATH"), os.environ.get("PATH")))
        # A word of a shell's command may be a program as well.
        words = [w for command in self.commands() for word in command for w in word.split() if w.isprintable()]
        for name in dict.fromkeys((*_ALWAYS, *words)):
            for number, path in enumerate(paths):
                yield f"{name} {number}", shutil.which(name, path=path) or ""

    def _files(self) -> Iterator[Path]:
        home, root = Path.home(), self.environment.root
        settings = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
        yield from (settings / name for name in _USERS)
        yield from (home / name for name in _AT_HOME)
        yield from self.lent
        yield root / ".venv" / "pyvenv.cfg"
        for folder in dict.fromkeys(f for place in self.above for f in (place, *place.parents)):
            yield from (folder / name for name in CONFIGURATION)
        for word in (word for command in self.commands() for word in command[1:]):
            if word.startswith("/"):
                yield Path(word)


def _home_of(program: str) -> Path | None:
    """Return where the packages of *program* are that has an environment of its own, or is a package of npm."""
    place = Path(os.path.realpath(program)) if program else Path()
    if packages := next((p for p in reversed(place.parents) if p.name == "node_modules"), None):
        return packages
    try:
        with place.open("rb") as file:
            first = file.readline(_LONGEST_LINE)
    except OSError:
        return None
    words = first.removeprefix(b"#!").split() if first.startswith(b"#!/") else []
    bin_folder = Path(os.fsdecode(words[0])).parent if words else Path()
    return bin_folder.parent / "lib" if words and (bin_folder.parent / "pyvenv.cfg").exists() else None


def _by_installer(folder: str) -> bool:
    """Return whether all in *folder* came with Python or was installed there. Elsewhere, as in a checkout that is installed
    in place, people work: of that only what can be imported counts."""
    place = Path(folder)
    return bool(_INSTALLED & set(place.parts)) or place.is_file() or (place / "os.py").exists()


def _scan(top: str, plain: Seen, bytecode: Seen, *, only_code: bool) -> None:
    """Note every file below *top*, or *only_code*; what cannot be read is as if it were not there, until it can."""
    if (archive := Path(top)).is_file():
        plain[str(archive.parent)] = {archive.name: _about(archive)}
        return
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        found: dict[str, Entry] = {}
        below = []
        whole = not only_code or folder.endswith(_METADATA)
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        below.append(entry)
                    elif whole or entry.name.endswith(_CODE):
                        about = entry.stat(follow_symlinks=False)
                        found[entry.name] = about.st_ino, about.st_size, about.st_ctime_ns
        except OSError:
            continue
        if only_code and not found and folder != top and Path(folder, "pyvenv.cfg").exists():
            continue  # somebody else's environment
        waiting += [e.path for e in below if not _passed_over(e, only_code=only_code)]
        (bytecode if folder.endswith(_BYTECODE) else plain)[folder] = found


def _passed_over(folder: os.DirEntry[str], *, only_code: bool) -> bool:
    """Return whether nothing in *folder* counts. Code is never imported from hidden ones."""
    return folder.name in _CACHES or folder.path.endswith(_COPIED_UI) or (only_code and folder.name.startswith("."))


def _entry(about: os.stat_result) -> Entry:
    return about.st_ino, about.st_size, about.st_ctime_ns


def _about(file: Path) -> Entry:
    try:
        about = file.lstat()
    except OSError:
        return ()
    return () if stat.S_ISDIR(about.st_mode) else _entry(about)


def _about_target(file: Path) -> Entry:
    try:
        return _entry(file.stat()) if file.is_file() else ()
    except OSError:
        return ()


def _differing(before: Seen, now: Seen) -> Iterator[tuple[str, str]]:
    for folder in sorted(before.keys() | now.keys()):
        then, after = before.get(folder, {}), now.get(folder, {})
        if then == after:
            continue
        for name in sorted(then.keys() | after.keys()):
            if (old := then.get(name, ())) != (new := after.get(name, ())):
                how = "new" if not old else "changed" if new else "gone"
                yield (folder if folder.startswith("program ") else str(Path(folder, name))), how


def _import_path(python: Sequence[str], environment: Environment) -> list[str]:
    """The folders and archives that *python* imports from."""
    try:
        done = processes.run((*python, "-c", _ASK), cwd=Path("/"), timeout_s=60, env=environment.variables())
        found: list[str] = json.loads(done.text)
    except (processes.ProgramMissing, ValueError):
        return []
    # That of the user counts before it is there: what is put into it is loaded.
    return [path for path in found if Path(path).exists() or _INSTALLED & set(Path(path).parts)]


def _outermost(folders: Iterable[str]) -> list[str]:
    """*folders* without those that lie in others of them."""
    kept: list[str] = []
    for folder in sorted(set(folders)):
        if not kept or not folder.startswith(kept[-1].rstrip("/") + "/"):
            kept.append(folder)
    return kept
