"""A remote repository that a run works on: a checkout of Stomper's own, and the push that lands."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from stomper.config import repository_url
from stomper.config.parameters import FixParameters
from stomper.errors import RepositoryError, SettingsError
from stomper.git.credentials import Credentials, from_environment
from stomper.git.mirrors import Mirror, only_in
from stomper.git.plumbing import git
from stomper.state.locks import Lock

_MOST = 64  # runs at once over one address


@dataclass(frozen=True)
class Remote:
    """One run's hold on an address: nobody else works in its checkout until `close`."""

    mirror: Mirror
    branch: str
    root: Path
    held: Lock

    @property
    def shown(self) -> str:
        """The address, for people."""
        return self.mirror.address.url

    def tip_of(self, branch: str) -> str:
        """Where the remote has *branch* now; empty when it has none of that name. Raises RepositoryError."""
        return self.mirror.heads(branch).tips.get(branch, "")

    def follow(self) -> None:
        """Fetch, and bring the checkout to where the remote has the branch by now. Raises RepositoryError."""
        _bring(self.mirror, self.root, self.branch, self.mirror.fetch(self.branch))

    def push(self, commit: str, branch: str, before: str) -> bool:
        """Move the remote's *branch* from *before* (empty: it is new) to *commit*. False when it is elsewhere by now.

        From there alone, and nothing else goes along. Raises RepositoryError when the remote does not take it.
        """
        now = self.tip_of(branch)
        if now == before:
            plain = ("-c", "push.followTags=false", "-c", "push.gpgSign=false")
            quiet = ("--no-verify", "--no-follow-tags", "--recurse-submodules=no", "--porcelain")
            refspec = f"{commit}:refs/heads/{branch}"
            # Not to overwrite, but to push nothing to a branch that was taken back meanwhile.
            lease = f"--force-with-lease=refs/heads/{branch}:{before}"
            done = self.mirror.talk(*plain, "push", *quiet, lease, self.shown, refspec, cwd=self.root)
            if done.returncode == 0 and not done.timed_out:
                return True
            now = self.tip_of(branch)
            if now == before:
                words = "\n".join(w for w in (_refusal(done.text), done.stderr.decode(errors="replace").strip()) if w)
                raise self.mirror.error(f"push to branch {branch} of", done, words)
        return now == commit  # it arrived, and only the answer was lost; else somebody was quicker

    def arrived(self, commit: str) -> None:
        """The checkout follows what was pushed."""
        _reset(self.mirror, self.root, self.branch, commit)

    def doubt(self) -> None:
        """Have the next run look at the mirror more closely."""
        self.mirror.doubt()

    def close(self) -> None:
        """Let others have the checkout."""
        self.held.release()


def opened(parameters: FixParameters, token: str = "") -> Remote | None:
    """The remote repository of *parameters*, fetched and checked out; None for a path. *token* is that of `token_block`.

    Raises StomperError in clear words, without credentials.
    """
    given = [name for name in ("ref", "partial", "token_env", "token_block") if getattr(parameters, name)]
    if not repository_url.is_address(parameters.repository):
        if given:
            raise SettingsError(f"{', '.join(given)}: only for a repository by its address, and this is a path")
        return None
    if parameters.uncommitted:
        raise SettingsError(f"{', '.join(parameters.uncommitted)}: only for a checkout of yours: give its path")
    address = repository_url.parse(parameters.repository)
    mirror = Mirror(address, _credentials(parameters, address, token), parameters.partial)
    heads = mirror.heads(*([parameters.ref] if parameters.ref else []))
    branch = parameters.ref or heads.default
    if not branch:
        raise RepositoryError(f"{address.url} tells no default branch, or is empty: name a branch by ref")
    if parameters.ref and parameters.ref not in heads.tips:
        raise RepositoryError(f"{address.url} has no branch {parameters.ref}")
    tip = mirror.fetch(branch)
    held, slot = _slot(mirror)
    root = slot / address.name
    try:
        try:
            _bring(mirror, root, branch, tip)
        except RepositoryError:  # the mirror is in doubt now: it is looked at closely, and made anew if need be
            _bring(mirror, root, branch, mirror.fetch(branch))
    except BaseException:
        held.release()
        raise
    return Remote(mirror, branch, root, held)


def _refusal(porcelain: str) -> str:
    """Why git says that the push was not taken."""
    lines = [line.split("\t") for line in porcelain.splitlines() if line.startswith("!")]
    return "\n".join(words[-1] for words in lines)


def _credentials(parameters: FixParameters, address: repository_url.Address, token: str) -> Credentials:
    if parameters.token_env and parameters.token_block:
        raise SettingsError("token_env and token_block are two places for one token: give one of them")
    if parameters.token_env:
        return from_environment(parameters.token_env, address, parameters.token_user)
    if parameters.token_block:
        return Credentials(address, token, parameters.token_user, f"the token in the block {parameters.token_block}")
    return Credentials(address)


def _slot(mirror: Mirror) -> tuple[Lock, Path]:
    """The first checkout that no other run is in, held."""
    for number in range(_MOST):
        held = Lock(mirror.folder / "checkouts" / f"{number}.lock")
        if held.acquire():
            return held, mirror.folder / "checkouts" / str(number)
    raise RepositoryError(f"{mirror.address.url}: {_MOST} runs are at it already")


def _bring(mirror: Mirror, root: Path, branch: str, tip: str) -> None:
    """Make the checkout at *root* exactly *tip* of *branch*, and anew when that does not work in the one that is there."""
    if root.is_dir():
        try:
            _reset(mirror, root, branch, tip)
        except RepositoryError:
            shutil.rmtree(root)
        else:
            return
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    object_format = git(("rev-parse", "--show-object-format"), cwd=mirror.path).decode().strip()
    git(("init", "--quiet", f"--object-format={object_format}"), cwd=root)
    (root / ".git" / "objects" / "info" / "alternates").write_text(f"{mirror.path / 'objects'}\n")
    try:
        _reset(mirror, root, branch, tip)
    except RepositoryError:
        mirror.doubt()  # what it lacks is missing or broken in the mirror
        raise


def _reset(mirror: Mirror, root: Path, branch: str, tip: str) -> None:
    """What git ignores stays: environments that a set-up command made are made once."""
    for lock in (root / ".git").glob("*.lock"):
        lock.unlink()
    for key, value in mirror.settings():
        git(("config", key, value), cwd=root, env=only_in(root))
    _copy_refs(mirror, root)
    git(("symbolic-ref", "HEAD", f"refs/heads/{branch}"), cwd=root)
    done = mirror.talk("reset", "--hard", "--quiet", tip, cwd=root)  # a partial clone fetches the files now
    if done.returncode or done.timed_out:
        raise mirror.error("check out", done)
    git(("clean", "-ffdq"), cwd=root)


def _copy_refs(mirror: Mirror, root: Path) -> None:
    """The remote's branches as `origin/…` and its tags, as the mirror has them."""
    listing = mirror.own("for-each-ref", "--format=%(objectname) %(refname)", "refs/heads", "refs/tags")
    wanted = {}
    for line in listing.stdout.decode("utf-8", "surrogateescape").splitlines():
        commit, _, name = line.partition(" ")
        wanted[name.replace("refs/heads/", "refs/remotes/origin/", 1)] = commit
    there = git(("for-each-ref", "--format=%(refname)", "refs/remotes/origin", "refs/tags"), cwd=root)
    gone = [n for n in there.decode("utf-8", "surrogateescape").splitlines() if n not in wanted]
    # First what is gone: a branch `a` stands in the way of one called `a/b`.
    for words in ([f"delete {n}" for n in gone], [f"update {n} {commit}" for n, commit in wanted.items()]):
        git(("update-ref", "--stdin"), cwd=root, stdin="\n".join([*words, ""]).encode("utf-8", "surrogateescape"))
