"""A bare copy of a remote repository in the state folder: fetched again and again, made anew when it is broken."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stomper.config.repository_url import Address
from stomper.errors import RepositoryError
from stomper.git.credentials import Credentials
from stomper.git.plumbing import attempt, git
from stomper.state.locks import Lock
from stomper.state.paths import home
from stomper.system import processes

_TIMEOUT_S = 3600.0
_MANY_PACKS = 50
_ALL = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
# What git or its helpers say, by what it means. The first that matches is told.
_MEANINGS = (
    (("No space left on device", "Disk quota exceeded"), "there is no room left in {state}: make room, or move it"),
    (
        ("Authentication failed", "could not read Username", "could not read Password", "error: 401", "error: 403",
         "Permission denied (", "Host key verification failed", "unable to read askpass"),
        "it did not let us in with {origin}",
    ),
    (
        ("not found", "does not exist", "does not appear to be a git repository", "error: 404", "not a git repository: "),
        "there is no such repository, or not for {origin}",
    ),
    (
        ("Could not resolve host", "Failed to connect", "Couldn't connect", "Connection refused", "timed out", "Empty reply",
         "Connection reset", "Connection closed", "unexpected disconnect", "the remote end hung up", "early EOF",
         "Operation too slow", "SSL", "certificate", "error: 5"),
        "it cannot be reached",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Heads:
    """Branches of a remote, by name, and which of them is the default; empty where it tells none."""

    tips: dict[str, str]
    default: str


@dataclass(frozen=True)
class Mirror:
    """The mirror of one address. A partial one holds the files only of what was checked out."""

    address: Address
    credentials: Credentials
    partial: bool = False

    @property
    def folder(self) -> Path:
        """Where the mirror, its locks and its checkouts are."""
        return home() / "remotes" / (self.address.digest + ("-partial" if self.partial else ""))

    @property
    def path(self) -> Path:
        """The bare repository."""
        return self.folder / "mirror.git"

    def talk(self, *arguments: str, cwd: Path) -> processes.Finished:
        """git, with what it needs to get in."""
        keys = self.credentials
        env = {**keys.environment, **only_in(cwd)}
        return attempt((*keys.config, *arguments), cwd=cwd, env=env, timeout_s=_TIMEOUT_S)

    def own(self, *arguments: str) -> processes.Finished:
        """git in the mirror, for what needs nobody else."""
        return attempt(arguments, cwd=self.path, env=only_in(self.path), timeout_s=_TIMEOUT_S)

    def heads(self, *names: str) -> Heads:
        """What the remote says of these branches now. Raises RepositoryError when it cannot be asked."""
        self.folder.mkdir(parents=True, exist_ok=True)
        asked = ("HEAD", *(f"refs/heads/{name}" for name in names))
        done = self.talk("ls-remote", "--symref", self.address.url, *asked, cwd=self.folder)
        if done.returncode or done.timed_out:
            raise self.error("look at", done)
        tips, default = {}, ""
        for line in os.fsdecode(done.stdout).splitlines():
            what, _, name = line.partition("\t")
            if what.startswith("ref: refs/heads/"):
                default = what.removeprefix("ref: refs/heads/")
            elif name.startswith("refs/heads/"):
                tips[name.removeprefix("refs/heads/")] = what
        return Heads(tips, default)

    def fetch(self, branch: str) -> str:
        """Bring the mirror up to date, one process at a time. Returns the tip of *branch*. Raises RepositoryError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with Lock(self.folder / "lock") as lock:
            if not lock.acquire(timeout_s=_TIMEOUT_S):
                raise RepositoryError(f"{self.address.url}: another run has been fetching it for an hour")
            tip = self._refreshed(branch)
            if not tip:
                self._make()
                tip = self._tip(branch)
            (self.folder / "doubted").unlink(missing_ok=True)
        if not tip:
            raise RepositoryError(f"{self.address.url}: branch {branch} went away while it was fetched")
        return tip

    def doubt(self) -> None:
        """Have the next run look at every object first: something in this one was not as it should be."""
        (self.folder / "doubted").touch()

    def error(self, action: str, done: processes.Finished, words: str = "") -> RepositoryError:
        """What went wrong, in clear words and without credentials."""
        said = self.credentials.hidden(words or done.stderr.decode(errors="replace").strip())[-1500:]
        if done.timed_out:
            said = f"no answer within {_TIMEOUT_S:.0f} s\n{said}"
        meaning = _meaning(said).format(state=home(), origin=self.credentials.origin)
        return RepositoryError(f"cannot {action} {self.address.url}{': ' if meaning else ''}{meaning}\n{said}".strip())

    def _refreshed(self, branch: str) -> str:
        """The tip of *branch* after a fetch into the mirror that is there; empty when there is no sound one."""
        if not self.path.is_dir():
            return ""
        for stale in self.path.glob("*.lock"):  # of a fetch that was killed: nobody else is at it now
            stale.unlink()
        if self.own("config", "--get", "remote.origin.url").text.strip() != self.address.url:
            return ""
        if (self.folder / "doubted").exists() and self.own("fsck", "--no-dangling").returncode:
            return ""
        done = self._fetch_into(self.path, "--prune")
        if done.returncode or done.timed_out:
            if _meaning(done.stderr.decode(errors="replace")) or done.timed_out:
                raise self.error("fetch", done)
            return ""
        tip = self._tip(branch)
        missing = ("--missing=allow-promisor",) if self.partial else ()
        if tip and self.own("rev-list", "--objects", "--quiet", *missing, "-1", tip).returncode:
            return ""
        if len(list(self.path.glob("objects/pack/*.pack"))) > _MANY_PACKS:
            self.own("repack", "-a", "-d", "--keep-unreachable", "--quiet")  # checkouts borrow all of it
        return tip

    def _make(self) -> None:
        """A new mirror, put in its place when it is whole."""
        shutil.rmtree(self.path, ignore_errors=True)
        for half in self.folder.glob("half-*"):
            shutil.rmtree(half, ignore_errors=True)
        half = Path(tempfile.mkdtemp(prefix="half-", dir=self.folder))
        try:
            git(("init", "--bare", "--quiet", str(half)), cwd=self.folder)
            self._set_up(half)
            done = self._fetch_into(half)
            if done.returncode and b"mismatched algorithms" in done.stderr:
                shutil.rmtree(half)
                git(("init", "--bare", "--quiet", "--object-format=sha256", str(half)), cwd=self.folder)
                self._set_up(half)
                done = self._fetch_into(half)
            if done.returncode or done.timed_out:
                raise self.error("fetch", done)
            half.replace(self.path)
        finally:
            shutil.rmtree(half, ignore_errors=True)

    def _set_up(self, place: Path) -> None:
        for key, value in self.settings():
            git(("config", key, value), cwd=place, env=only_in(place))

    def _fetch_into(self, place: Path, *more: str) -> processes.Finished:
        quiet = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules")
        whole = ("-c", "fetch.unpackLimit=1")  # one pack a fetch, not a file an object
        return self.talk(*whole, "fetch", *quiet, *more, "origin", *_ALL, cwd=place)

    def settings(self) -> Sequence[tuple[str, str]]:
        """What makes the address the `origin` of the mirror or of a checkout."""
        partial = (
            ("core.repositoryformatversion", "1"),
            ("extensions.partialclone", "origin"),
            ("remote.origin.promisor", "true"),
            ("remote.origin.partialclonefilter", "blob:none"),
        )
        return (("remote.origin.url", self.address.url), *(partial if self.partial else ()))

    def _tip(self, branch: str) -> str:
        found = self.own("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}^{{commit}}")
        return found.text.strip() if found.returncode == 0 else ""


def only_in(folder: Path) -> dict[str, str]:
    """For git: what is no repository any more does not make it work in one that lies around it."""
    return {"GIT_CEILING_DIRECTORIES": str(folder.parent)}


def _meaning(said: str) -> str:
    return next((words for signs, words in _MEANINGS if any(sign.lower() in said.lower() for sign in signs)), "")
