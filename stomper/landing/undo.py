"""Taking back what a run landed: one revert for each of its commits, all of them or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stomper.checkers.selection import matches_code
from stomper.config.loading import load
from stomper.errors import RepositoryError, StomperError
from stomper.fixing.session import Session
from stomper.git import effects, history
from stomper.git.repository import Target, check_landing, identity, open_target, uncommitted
from stomper.git.worktrees import build_commits
from stomper.landing import run_commits
from stomper.landing.commits import branch, build
from stomper.landing.run_commits import RunCommit
from stomper.models import Landed, Patch
from stomper.system import processes


@dataclass(frozen=True)
class Wanted:
    """Which commits of a run are to be taken back: all, or those of these files, codes (or prefixes) or agents."""

    run_id: str
    files: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()


@dataclass(frozen=True)
class Undone:
    """The reverts, in their order, and a line for each commit of the run that is none to take back."""

    reverts: tuple[Landed, ...]
    passed_over: tuple[str, ...] = ()


def undo(root: Path, wanted: Wanted) -> Undone:
    """Revert on the current branch what *wanted* names; the checkout follows.

    Raises StomperError when there is nothing to take back, when later commits changed the same lines, when a revert would
    do anything but take its commit back, or when a file has uncommitted changes: then nothing is changed at all.
    """
    target = open_target(root)
    check_landing(target, "commit")
    found = run_commits.standing(target, wanted.run_id)
    chosen = _chosen(found.commits, wanted)
    if dirty := uncommitted(target.root) & {p for c in chosen for p in c.paths}:
        raise RepositoryError(f"{', '.join(sorted(dirty))}: commit or stash the changes there first")
    settings = load(target.root, flags={"land": "commit", "test_validation": "none"})
    session = Session.open(target, settings, only_check=True)
    try:
        built = _reverts(session, chosen, wanted.run_id)
        signed = build.signed(session, [commit for commit, _ in built], target.head)
        with branch.repository_lock(session), processes.finishing():
            ending = branch.move(session, target.head, signed[-1])
        if ending.state != "moved":
            whys = {"behind": f"branch {target.branch} moved meanwhile", "refused": ending.why}
            files = "; ".join(f"{path}: {why}" for path, why in ending.files.items())
            raise RepositoryError(f"{whys.get(ending.state, files)}: nothing was taken back; run it again")
        session.store.journal(wanted.run_id, "undone", str(len(built)))
    finally:
        session.close()
    reverts = [
        Landed(commit=new, path=min(c.paths), subject=f"revert: {c.subject}")
        for new, (_, c) in zip(signed, built, strict=True)
    ]
    return Undone(tuple(reverts), found.passed_over)


def _chosen(commits: Sequence[RunCommit], wanted: Wanted) -> list[RunCommit]:
    chosen = [c for c in commits if _matches(c, wanted)]
    if not chosen:
        raise StomperError(
            f"none of the {len(commits)} commit(s) of run {wanted.run_id} is of that file, code or agent"
        )
    for commit in chosen:
        run_commits.refuse_mixed(commit, wanted.run_id)
        if len(commit.runs) > 1 and not _is_all_of(commit, wanted):
            raise StomperError(
                f"{commit.shown} holds other fixes of the run as well: undo all of the run, or take back what you want by "
                "hand; nothing was changed"
            )
    return chosen


def _matches(commit: RunCommit, wanted: Wanted) -> bool:
    return (
        (not wanted.files or bool(set(wanted.files) & commit.paths))
        and (not wanted.codes or any(matches_code(code, wanted.codes) for code in commit.codes))
        and (not wanted.agents or bool(set(wanted.agents) & commit.agents))
    )


def _is_all_of(commit: RunCommit, wanted: Wanted) -> bool:
    """Return whether all that a squash holds is among what is *wanted*."""
    return (
        (not wanted.files or commit.paths <= set(wanted.files))
        and (not wanted.codes or all(matches_code(code, wanted.codes) for code in commit.codes))
        and (not wanted.agents or commit.agents <= set(wanted.agents))
    )


def _reverts(session: Session, chosen: Sequence[RunCommit], run_id: str) -> list[tuple[str, RunCommit]]:
    """The reverts, on top of each other in the private clone, each proven to take back its commit and nothing else."""
    author, committer = identity(session.target.root)
    tip = session.target.head
    built = []
    for commit in chosen:
        patch = _backwards(session, commit, tip)
        _prove(session, commit, patch, tip)
        if patch is None:
            continue  # it was taken back by hand
        words = f"revert: {commit.subject}\n\nThis takes back {commit.id}.\n\n"
        trailers = f"Stomper-Run: {run_id}\nStomper-Undo: {commit.id}\n"
        message = f"{words}{trailers}".encode("utf-8", "surrogateescape")
        tip = build_commits(session.clone, tip, [(patch, message)], author=author, committer=committer)[-1]
        built.append((tip, commit))
    if not built:
        raise StomperError(f"everything of run {run_id} is taken back already")
    return built


def _backwards(session: Session, commit: RunCommit, tip: str) -> Patch | None:
    """Return what takes *commit* back at *tip*; None when nothing is left of it there."""
    with session.pool.lease(tip) as tree:
        try:
            tree.apply(session.clone.diff(commit.id, commit.parent), three_way=True)
        except RepositoryError:
            raise RepositoryError(
                f"{commit.shown} cannot be taken back: later commits build on it:\n"
                f"{_later(session.target, commit)}\nnothing was changed"
            ) from None
        return tree.patch(tip)


def _later(target: Target, commit: RunCommit) -> str:
    """The last commits to the same files, for people."""
    asked = ("--max-count=5", f"{commit.id}..{target.head}", "--", *sorted(commit.paths))
    found = history.read(target.root, history.listed(target.root, *asked))
    return "\n".join(f"{c.id[:8]} {c.subject}" for c in found)


def _prove(session: Session, commit: RunCommit, patch: Patch | None, tip: str) -> None:
    """Raise RepositoryError where *patch* on *tip* leaves something of *commit*, or does anything beside taking it back:
    how git merges files is also up to attributes and drivers."""
    clone = session.clone.path
    changed = effects.filled(clone, patch.changes) if patch else {}
    done = effects.unchanged(clone, tip, sorted(commit.paths - changed.keys())) | changed
    for path, change in done.items():
        if path not in commit.paths or not effects.takes_back(change, commit.changes[path]):
            raise RepositoryError(
                f"{commit.shown} cannot be taken back safely: in {path} git would merge more or less than that; nothing was "
                f"changed. `git revert {commit.id[:8]}` lets you look at it"
            )
