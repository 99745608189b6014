"""The refs of a repository, without a process: read from the files that git keeps them in, where they say what git says."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stomper.git.plumbing import git
from stomper.git.repository import Target

# Not what a remote has: editors fetch in the background.
_KINDS = ("refs/heads", "refs/tags", "refs/stash", "refs/notes", "refs/replace", "refs/bisect")
_LONGEST = 4096


@dataclass
class Refs:
    """The local refs of *target*. The first time git is asked as well: only where it agrees are the files believed from
    then on, so that any other way of keeping refs, or of linking one to another, is left to git."""

    target: Target
    _plain: bool | None = None
    _packed: tuple[bytes, Mapping[str, str]] = field(default=(b"", {}), repr=False)

    def read(self) -> Mapping[str, str]:
        """Every ref with its commit or tag. Raises RepositoryError."""
        if self._plain:
            return self._from_files()
        listed = _listed(self.target.root)
        if self._plain is None:
            self._plain = bool(listed) and listed == self._from_files()
        return listed

    def _from_files(self) -> Mapping[str, str]:
        # In this order: git packs a ref before it removes the file.
        loose = dict(found for kind in _KINDS for found in _loose(self._place(kind), kind))
        return {**self._from_pack(), **loose}

    def _place(self, kind: str) -> Path:
        return (self.target.own_dir if kind == "refs/bisect" else self.target.git_dir) / kind

    def _from_pack(self) -> Mapping[str, str]:
        try:
            data = (self.target.git_dir / "packed-refs").read_bytes()
        except FileNotFoundError:
            return {}
        if data != self._packed[0]:
            lines = data.decode(errors="surrogateescape").split("\n")
            refs = (line.partition(" ") for line in lines if line and line[0] not in "#^")
            self._packed = data, {name: commit for commit, _, name in refs if name.startswith(_KINDS)}
        return self._packed[1]


def _listed(root: Path) -> Mapping[str, str]:
    listing = git(("for-each-ref", "--format=%(objectname) %(refname)", *_KINDS), cwd=root)
    refs = (line.partition(" ") for line in listing.decode(errors="surrogateescape").splitlines())
    return {name: commit for commit, _, name in refs}


def _loose(place: Path, name: str) -> Iterator[tuple[str, str]]:
    """What lies at *place*, as the ref or the folder of refs *name*; links are not followed, nor pipes waited for."""
    try:
        mode = place.lstat().st_mode
        if stat.S_ISDIR(mode):
            for entry in sorted(place.iterdir()):
                yield from _loose(entry, f"{name}/{entry.name}")
        elif stat.S_ISLNK(mode):
            yield name, f"link to {place.readlink()}"
        elif not stat.S_ISREG(mode):
            yield name, "no file"
        elif not name.endswith(".lock"):
            with place.open("rb") as file:
                yield name, file.read(_LONGEST).decode(errors="surrogateescape").strip()
    except (FileNotFoundError, NotADirectoryError):
        return  # gone meanwhile
    except OSError as error:
        yield name, f"not readable: {error.strerror}"
