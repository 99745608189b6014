"""The one step in which the user's branch moves: bring the commits in, then fast-forward from the tip that was proven."""

from __future__ import annotations

from stomper.errors import RepositoryError
from stomper.fixing.session import Session
from stomper.git.remotes import Remote
from stomper.git.repository import git, names, text, uncommitted
from stomper.state import paths
from stomper.state.locks import Lock

_LOCK_WAIT_S = 3600.0
_QUIET = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules")


def tip(session: Session) -> str:
    """The commit to build on: the branch's tip now. Its objects are visible to the clone, which borrows them."""
    if session.campaign:
        return session.campaign.base
    if session.settings.land == "branch" or not session.target.branch:
        return session.base
    name = f"refs/heads/{session.target.branch}"
    now = text(("rev-parse", "--verify", "--quiet", name), cwd=session.target.root, ok=(0, 1))
    if not now:
        raise RepositoryError(f"branch {session.target.branch} was deleted during the run: nothing was landed")
    return now


def move(session: Session, proven_tip: str, commit: str) -> bool:
    """Bring the commits in and move the branch from *proven_tip* to *commit*. False when the tip is another by now, or
    the user edits one of the files."""
    root, branch = session.target.root, session.target.branch
    session.journal("fetching", commit)
    own = ("-c", "protocol.file.allow=always")  # it is our own clone, on this machine
    git((*own, "fetch", *_QUIET, str(session.clone.path), "refs/stomper/built"), cwd=root)
    if session.remote:
        return _push(session, session.remote, proven_tip, commit)
    if session.settings.land == "branch":
        name = session.lands_on
        git(("check-ref-format", "--branch", name), cwd=root)
        session.journal("moving", f"{name} {proven_tip} {commit}")
        # The run's own branch is not there before its first landing; it overwrites nobody's.
        before = "0" * len(commit) if not session.landed else proven_tip
        git(("update-ref", "-m", "stomper", f"refs/heads/{name}", commit, before), cwd=root)
        session.journal("moved", f"{name} {proven_tip} {commit}")
        return True
    if tip(session) != proven_tip:
        return False
    session.journal("moving", f"{branch} {proven_tip} {commit}")
    head = text(("symbolic-ref", "--quiet", "HEAD"), cwd=root, ok=(0, 1))
    if head != f"refs/heads/{branch}":
        # The user is on another branch by now: the branch moves, the checkout is none of ours.
        git(("update-ref", "-m", "stomper", f"refs/heads/{branch}", commit, proven_tip), cwd=root)
    else:
        plain = ("-c", "merge.autoStash=false", "-c", "merge.verifySignatures=false")
        try:
            git((*plain, "merge", "--ff-only", "--quiet", "--no-autostash", commit), cwd=root)
        except RepositoryError:
            # The user was quicker: another tip, or edits in the way. What is left is tried again.
            if tip(session) != proven_tip or _in_the_way(session, proven_tip, commit):
                return False
            raise
    session.journal("moved", f"{branch} {proven_tip} {commit}")
    return True


def _push(session: Session, remote: Remote, proven_tip: str, commit: str) -> bool:
    """Move the branch where it is at home; the checkout, which is ours, follows it."""
    own, name = session.settings.land == "branch", session.lands_on
    git(("check-ref-format", "--branch", name), cwd=session.target.root)
    before = "" if own and not session.landed else proven_tip
    session.journal("moving", f"{name} {proven_tip} {commit}")
    if not remote.push(commit, name, before):
        if own:
            raise RepositoryError(f"{remote.shown} has a branch {name} already, which is not this run's")
        remote.follow()
        return False
    if not own:
        remote.arrived(commit)
    session.journal("moved", f"{name} {proven_tip} {commit}")
    return True


def _in_the_way(session: Session, proven_tip: str, commit: str) -> bool:
    asked = ("diff-tree", "-r", "--name-only", "-z", "--no-renames", proven_tip, commit)
    return bool(uncommitted(session.target.root) & set(names(git(asked, cwd=session.clone.path))))


def repository_lock(session: Session) -> Lock:
    """The lock of this repository on this machine, held."""
    lock = Lock(paths.landing_lock(str(session.target.git_dir)))
    if not lock.acquire(timeout_s=_LOCK_WAIT_S):
        raise RepositoryError(f"another run has been landing in {session.target.root} for an hour")
    return lock
