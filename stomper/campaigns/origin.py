"""Where the pull requests of a run go: the repository's address, git and the forge there, and the token for both."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from stomper.campaigns import connect
from stomper.campaigns.connect import TOKENS
from stomper.config import repository_url
from stomper.config.pull_requests import PullRequestSettings
from stomper.config.repository_url import Address
from stomper.errors import RepositoryError, SettingsError
from stomper.forges.base import Forge
from stomper.forges.hosts import Place
from stomper.git.credentials import Credentials
from stomper.git.mirrors import Mirror
from stomper.git.plumbing import git, text
from stomper.git.remotes import Remote
from stomper.git.repository import Target
from stomper.git.worktrees import SharedClone
from stomper.system import processes

_QUIET = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules")
_USERS = {"github": "x-access-token", "gitlab": "oauth2"}
_USER_IN_ADDRESS = re.compile(r"^(https?://)[^/@]*@", re.IGNORECASE)
THERE = "refs/stomper/there/"


@dataclass(frozen=True)
class Origin:
    """One run's way to the remote. Everything that it fetches goes to the run's private clone."""

    mirror: Mirror
    clone: SharedClone
    forge: Forge
    branch: str
    """What pull requests are for."""

    @property
    def shown(self) -> str:
        """The address, for people."""
        return self.mirror.address.url

    def fetch(self, *branches: str) -> dict[str, str]:
        """Bring these branches (`*` stands for any letters) and the base into the clone. Returns the tips by name.

        Raises RepositoryError when the remote cannot be asked, or has no such base."""
        self.clone.mend()
        for _ in range(3):
            tips = self.mirror.heads(self.branch, *branches).tips
            if self.branch not in tips:
                raise RepositoryError(f"{self.shown} has no branch {self.branch} that a pull request could be for")
            wanted = [f"+refs/heads/{name}:{THERE}{name}" for name in tips]
            done = self.mirror.talk("fetch", *_QUIET, self.shown, *wanted, cwd=self.clone.path)
            self.clone.keep()
            if done.returncode == 0 and not done.timed_out:
                # One that moved between the two questions is taken as it came.
                return {n: text(("rev-parse", f"{THERE}{n}"), cwd=self.clone.path) for n in tips}
            if "find remote ref" not in done.stderr.decode(errors="replace"):
                break  # else a branch went away meanwhile: look again
        raise self.mirror.error("fetch", done)

    def tip_of(self, branch: str) -> str:
        """Where the remote has *branch* now; empty when it has none of that name. Raises RepositoryError."""
        return self.mirror.heads(branch).tips.get(branch, "")

    def push(self, branch: str, commit: str, before: str) -> bool:
        """Make the remote's *branch* be *commit* (empty: none at all), if it still is *before* (empty: not there).

        False when it is something else by now: it is then left as it is. Raises RepositoryError when the remote refuses.
        """
        ref = f"refs/heads/{branch}"
        plain = ("-c", "push.followTags=false", "-c", "push.gpgSign=false", "-c", "push.default=nothing")
        quiet = ("--no-verify", "--no-follow-tags", "--recurse-submodules=no", "--porcelain")
        lease = f"--force-with-lease={ref}:{before}"
        done = self.mirror.talk(*plain, "push", *quiet, lease, self.shown, f"{commit}:{ref}", cwd=self.clone.path)
        if done.returncode == 0 and not done.timed_out:
            return True
        now = self.tip_of(branch)
        if now != before:
            return now == commit  # it arrived, and only the answer was lost; else somebody was quicker
        refused = [line.split("\t")[-1] for line in done.text.splitlines() if line.startswith("!")]
        said = "\n".join(w for w in (*refused, done.stderr.decode(errors="replace").strip()) if w)
        raise self.mirror.error(f"push to branch {branch} of", done, said)

    def talk(self, *arguments: str) -> processes.Finished:
        """git in the clone, with what it needs to fetch what a partial clone lacks."""
        return self.mirror.talk(*arguments, cwd=self.clone.path)


def find(
    target: Target, clone: SharedClone, remote: Remote | None, options: PullRequestSettings, *, named: bool
) -> Origin:
    """The origin of a run over *remote*, or over the checkout *target*. Raises StomperError with the way out."""
    address = remote.mirror.address if remote else address_of(target)
    place = connect.place_for(address, options)
    given = remote.mirror.credentials.token if remote else ""
    token = given or token_of(place, options, named=named)
    if remote and (given or not address.takes_token):
        mirror = remote.mirror
    else:
        user = _USERS[place.kind]
        keys = Credentials(address, token, user, "the token") if address.takes_token else Credentials(address)
        mirror = Mirror(address, keys)
    forge = connect.forge_at(address, options, token)
    branch = options.base or (remote.branch if remote else target.branch)
    if not branch:
        branch = mirror.heads().default
    if not branch:
        raise RepositoryError("no branch is checked out, and origin tells no default one: set pr.base")
    git(("check-ref-format", "--branch", branch), cwd=target.root)
    return Origin(mirror, clone, forge, branch)


def address_of(target: Target) -> Address:
    """Where `origin` of a checkout is, without credentials. Raises SettingsError when it has none to go to."""
    url = text(("remote", "get-url", "origin"), cwd=target.root, ok=(0, 2, 128))
    if not url:
        raise SettingsError(
            f'land = "pr": {target.root} has no remote `origin`: add it, or give the repository\'s address'
        )
    plain = _USER_IN_ADDRESS.sub(r"\1", url)  # CI runners put their token into it
    if not repository_url.is_address(plain) or plain.startswith("file:"):
        raise SettingsError(f'land = "pr": origin is {plain}, which is on no forge; use land = "branch"')
    return repository_url.parse(plain)


def token_of(place: Place, options: PullRequestSettings, *, named: bool) -> str:
    """The token in the environment; *named* when its variable is named by the run, not by the repository's settings.

    Raises SettingsError when there is none, or none that may go to this place."""
    names = (options.token_env,) if options.token_env else TOKENS[place.kind]
    for name in names:
        if token := os.environ.get(name, "").strip():
            connect.refuse_stranger(place, name, options, named=named)
            return token
    raise SettingsError(f'land = "pr" needs a token: set {" or ".join(names)}, or name its variable by pr.token_env')
