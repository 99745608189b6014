"""git's configuration as it is in force in the user's checkout, key by key, wherever it is from; and the hooks it names."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stomper.git.plumbing import git, names
from stomper.git.repository import Target
from stomper.system.file_snapshot import Stamp, stamp_of

_HOOKS = "core.hookspath"


@dataclass
class UserSettings:
    """The settings of *target*: git is asked again only where one of the files was written."""

    target: Target
    _files: dict[Path, Stamp | None] = field(default_factory=dict)
    _values: dict[str, list[str]] = field(default_factory=dict)

    def read(self) -> Mapping[str, str]:
        """Every setting by its key, each as what tells its values from others. Raises RepositoryError."""
        if not self._files or any(stamp_of(file) != stamp for file, stamp in self._files.items()):
            self._ask()
        return {
            key: _digest("\0".join(values).encode("utf-8", "surrogateescape")) for key, values in self._values.items()
        }

    def hooks(self) -> Iterator[tuple[str, str]]:
        """Every file in the folder of the user's hooks, with what tells its content from others, after `read`."""
        named = self._values.get(_HOOKS, [""])[-1]
        folder = self.target.root / Path(named).expanduser() if named else self.target.git_dir / "hooks"
        for file in sorted(folder.glob("*")):
            if file.is_file():
                yield file.name, f"{file.stat().st_mode:o} {_digest(file.read_bytes())}"

    def _ask(self) -> None:
        files = {file: stamp_of(file) for file in self._usual()}
        listed = names(git(("config", "--list", "--show-origin", "--includes", "-z"), cwd=self.target.root))
        values: dict[str, list[str]] = {}
        for origin, setting in zip(listed[::2], listed[1::2], strict=False):
            if origin.startswith("file:"):  # else it is of our own command line
                file = self.target.root / origin.removeprefix("file:")
                files.setdefault(file, stamp_of(file))
                key, _, value = setting.partition("\n")
                values.setdefault(key, []).append(value)
        self._files, self._values = files, values

    def _usual(self) -> Iterator[Path]:
        """Where git looks, whether there is such a file or not."""
        home = Path.home()
        yield self.target.git_dir / "config"
        yield self.target.own_dir / "config.worktree"
        yield home / ".gitconfig"
        yield Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "git" / "config"
        yield from (Path(named) for name in ("GLOBAL", "SYSTEM") if (named := os.environ.get(f"GIT_CONFIG_{name}")))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]
