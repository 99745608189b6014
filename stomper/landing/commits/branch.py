"""The one step in which a branch moves from the tip that was proven on: the user's, the run's own, or one of a remote."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

from stomper.errors import RepositoryError
from stomper.fixing.session import Session
from stomper.git.plumbing import git, text
from stomper.git.remotes import Remote
from stomper.git.repository import read_changes
from stomper.git.unfinished import checkouts_of, root_of, unfinished
from stomper.landing.transaction.staging import Move
from stomper.landing.transaction.transaction import Ending, carry_out
from stomper.state import paths
from stomper.state.locks import Lock
from stomper.system import processes

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


def move(session: Session, proven_tip: str, commit: str) -> Ending:
    """Bring the commits in and move the branch from *proven_tip* to *commit*: all of it, or nothing. Raises StomperError."""
    session.journal("fetching", commit)
    if session.remote:
        _fetch(session)
        return _push(session, session.remote, proven_tip, commit)
    if session.settings.land == "branch":
        _fetch(session)
        return _move_own_branch(session, proven_tip, commit)
    if tip(session) != proven_tip:
        return Ending("behind")
    with ThreadPoolExecutor(1, "fetch") as beside:  # the new files are made meanwhile
        return _move_checked_out(session, proven_tip, commit, beside.submit(_fetch, session))


def _fetch(session: Session) -> None:
    """Bring what was built into the user's repository; no reference leads there yet."""
    own = ("-c", "protocol.file.allow=always")  # it is our own clone, on this machine
    with processes.finishing():
        git((*own, "fetch", *_QUIET, str(session.clone.path), "refs/stomper/built"), cwd=session.target.root)


def _move_checked_out(session: Session, proven_tip: str, commit: str, fetched: Future[None]) -> Ending:
    target, branch = session.target, session.target.branch
    session.journal("moving", f"{branch} {proven_tip} {commit}")
    wanted = Move(
        target.root,
        target.own_dir,
        target.git_dir,
        branch,
        proven_tip,
        commit,
        read_changes(session.clone.path, proven_tip, commit),
        message=f"stomper: land run {session.run_id}",
        objects=session.clone.path / "objects",
    )
    ending = carry_out(wanted, paths.landing_lock(str(target.git_dir)), ready=fetched.result)
    if ending.state == "moved":
        session.journal("moved", f"{branch} {proven_tip} {commit}")
    return ending


def _move_own_branch(session: Session, proven_tip: str, commit: str) -> Ending:
    """Move the run's own branch, which no checkout has."""
    root, name = session.target.root, session.lands_on
    git(("check-ref-format", "--branch", name), cwd=root)
    if why := unfinished(session.target.git_dir, name):
        return Ending("refused", why=why)
    if there := checkouts_of(session.target.git_dir, name):
        return Ending("refused", why=f"{name} is checked out in {root_of(there[0])} by now")
    session.journal("moving", f"{name} {proven_tip} {commit}")
    # The run's own branch is not there before its first landing; it overwrites nobody's.
    before = "0" * len(commit) if not session.landed else proven_tip
    git(("update-ref", "-m", "stomper", f"refs/heads/{name}", commit, before), cwd=root)
    session.journal("moved", f"{name} {proven_tip} {commit}")
    return Ending("moved")


def _push(session: Session, remote: Remote, proven_tip: str, commit: str) -> Ending:
    """Move the branch where it is at home; the checkout, which is ours, follows it."""
    own, name = session.settings.land == "branch", session.lands_on
    git(("check-ref-format", "--branch", name), cwd=session.target.root)
    before = "" if own and not session.landed else proven_tip
    session.journal("moving", f"{name} {proven_tip} {commit}")
    if not remote.push(commit, name, before):
        if own:
            raise RepositoryError(f"{remote.shown} has a branch {name} already, which is not this run's")
        remote.follow()
        return Ending("behind")
    if not own:
        remote.arrived(commit)
    session.journal("moved", f"{name} {proven_tip} {commit}")
    return Ending("moved")


def repository_lock(session: Session) -> Lock:
    """The lock of this repository on this machine, held."""
    lock = Lock(paths.landing_lock(str(session.target.git_dir)))
    if not lock.acquire(timeout_s=_LOCK_WAIT_S):
        raise RepositoryError(f"another run has been landing in {session.target.root} for an hour")
    return lock
