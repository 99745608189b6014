"""Taking back what a run landed: one revert for each of its commits, all of them or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stomper.checkers.selection import matches_code
from stomper.config.loading import load
from stomper.errors import RepositoryError, StomperError
from stomper.fixing.session import Session
from stomper.git.repository import check_landing, git, identity, names, open_target, text, uncommitted
from stomper.git.worktrees import build_commits
from stomper.landing.commits import branch, build
from stomper.models import Landed
from stomper.system import processes

_FIELDS = (
    "%H",
    "%s",
    *(f"%(trailers:key=Stomper-{k},valueonly,separator=%x2C)" for k in ("Run", "Agent", "Codes", "Undo")),
)


@dataclass(frozen=True)
class Wanted:
    """Which commits of a run are to be taken back: all, or those of these files, codes (or prefixes) or agents."""

    run_id: str
    files: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Commit:
    id: str
    subject: str
    agents: tuple[str, ...]
    codes: tuple[str, ...]
    paths: tuple[str, ...]


def undo(root: Path, wanted: Wanted) -> list[Landed]:
    """Revert on the current branch what *wanted* names; the reverts, in their order. The checkout follows.

    Raises StomperError when there is nothing to take back, when later commits changed the same lines, or when a file
    has uncommitted changes: then nothing is changed at all.
    """
    target = open_target(root)
    check_landing(target, "commit")
    chosen = _chosen(target.root, wanted)
    if dirty := uncommitted(target.root) & {p for c in chosen for p in c.paths}:
        raise RepositoryError(f"{', '.join(sorted(dirty))}: commit or stash the changes there first")
    settings = load(target.root, flags={"land": "commit", "test_validation": "none"})
    session = Session.open(target, settings, only_check=True)
    try:
        built = _reverts(session, chosen, wanted.run_id)
        ids = [commit for commit, _ in built]
        signed = build.signed(session, ids, target.head)
        with branch.repository_lock(session), processes.finishing():
            ending = branch.move(session, target.head, signed[-1])
        if ending.state != "moved":
            whys = {"behind": f"branch {target.branch} moved meanwhile", "refused": ending.why}
            files = "; ".join(f"{path}: {why}" for path, why in ending.files.items())
            raise RepositoryError(f"{whys.get(ending.state, files)}: nothing was taken back; run it again")
    finally:
        session.close()
    return [
        Landed(commit=new, path=c.paths[0], subject=f"revert: {c.subject}")
        for new, (_, c) in zip(signed, built, strict=True)
    ]


def _chosen(root: Path, wanted: Wanted) -> list[_Commit]:
    """The commits to revert, the newest first."""
    asked = ("log", f"--format={'%x1f'.join(_FIELDS)}%x1e", "--fixed-strings", "--grep", "Stomper-", "HEAD")
    listing = git(asked, cwd=root).decode("utf-8", "surrogateescape")
    entries = [entry.strip("\n").split("\x1f") for entry in listing.split("\x1e") if entry.strip("\n")]
    undone = {sha for entry in entries for sha in entry[5].split(",")}
    ours = [e for e in entries if e[2] == wanted.run_id and not e[5] and e[0] not in undone]
    if not ours:
        runs = list(dict.fromkeys(e[2] for e in entries if e[2] and not e[5] and e[0] not in undone))
        there = f"; runs with commits there: {', '.join(runs[:10])}" if runs else ""
        raise StomperError(f"no commit of run {wanted.run_id!r} on this branch that is not taken back already{there}")
    chosen = []
    for sha, subject, _, agents, codes, _ in ours:
        touched = git(("diff-tree", "--no-commit-id", "--name-only", "-r", "-z", sha), cwd=root)
        paths = tuple(names(touched))
        commit = _Commit(
            sha,
            subject,
            tuple(agents.split(" + ")),
            tuple(c.strip().partition(":")[2] for c in codes.split(",")),
            paths,
        )
        if _matches(commit, wanted):
            chosen.append(commit)
    if not chosen:
        raise StomperError(f"none of the {len(ours)} commit(s) of run {wanted.run_id} is of that file, code or agent")
    return chosen


def _matches(commit: _Commit, wanted: Wanted) -> bool:
    return (
        (not wanted.files or bool(set(wanted.files) & set(commit.paths)))
        and (not wanted.codes or any(matches_code(code, wanted.codes) for code in commit.codes))
        and (not wanted.agents or bool(set(wanted.agents) & set(commit.agents)))
    )


def _reverts(session: Session, chosen: Sequence[_Commit], run_id: str) -> list[tuple[str, _Commit]]:
    author, committer = identity(session.target.root)
    tip = session.target.head
    built = []
    for commit in chosen:
        with session.pool.lease(tip) as tree:
            backwards = session.clone.diff(commit.id, f"{commit.id}^")
            try:
                tree.apply(backwards, three_way=True)
            except RepositoryError:
                later = ("log", "--oneline", "-5", f"{commit.id}..{session.target.head}", "--", *commit.paths)
                raise RepositoryError(
                    f"{commit.id[:8]} ({commit.subject}) cannot be taken back: later commits build on it:\n"
                    f"{text(later, cwd=session.target.root)}\nnothing was changed"
                ) from None
            patch = tree.patch(tip)
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
