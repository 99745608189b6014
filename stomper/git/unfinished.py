"""What a user has begun with a branch and not ended: while that goes on, nobody else moves the branch."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from stomper.git.plumbing import text

_NOT_IN_FILES = "refs/heads/.invalid"  # what git writes where its references are in tables
_HEADS = {"MERGE_HEAD": "merge", "CHERRY_PICK_HEAD": "cherry-pick", "REVERT_HEAD": "revert"}


def unfinished(git_dir: Path, branch: str) -> str:
    """Return what is under way with *branch* in any checkout of the repository *git_dir*, in words; empty for nothing."""
    return next((words for own_dir in _own_dirs(git_dir) for words in _in_checkout(own_dir, branch)), "")


def checkouts_of(git_dir: Path, branch: str, *, but: Path | None = None) -> list[Path]:
    """Return what git keeps for each checkout that has *branch* checked out, except for that of *but*. A bare repository
    has a HEAD as well, and is none."""
    there = [own_dir for own_dir in _own_dirs(git_dir) if head_of(own_dir) == f"refs/heads/{branch}"]
    others = [own_dir for own_dir in there if but is None or own_dir.resolve() != but.resolve()]
    return [own_dir for own_dir in others if own_dir != git_dir or not _is_bare(git_dir)]


def root_of(own_dir: Path) -> str:
    """Return where the checkout is that git keeps *own_dir* for, as people know it."""
    pointer = _text(own_dir / "gitdir")
    return str(Path(pointer).parent) if pointer else str(own_dir.parent if own_dir.name == ".git" else own_dir)


def head_of(own_dir: Path) -> str:
    """Return the full name of the branch that is checked out there, or the commit where there is none.

    git can be told to have HEAD be a link to the branch."""
    with contextlib.suppress(OSError):
        return str((own_dir / "HEAD").readlink())
    head = _text(own_dir / "HEAD").removeprefix("ref: ")
    return text(("symbolic-ref", "--quiet", "HEAD"), cwd=own_dir, ok=(0, 1)) if head == _NOT_IN_FILES else head


def _is_bare(git_dir: Path) -> bool:
    asked = ("config", "--file", str(git_dir / "config"), "--type=bool", "--get", "core.bare")
    return text(asked, cwd=git_dir, ok=(0, 1)) == "true"


def _own_dirs(git_dir: Path) -> Iterator[Path]:
    yield git_dir
    with contextlib.suppress(OSError):
        yield from sorted(place for place in (git_dir / "worktrees").iterdir() if place.is_dir())


def _in_checkout(own_dir: Path, branch: str) -> Iterator[str]:
    where, name = root_of(own_dir), f"refs/heads/{branch}"
    for folder in ("rebase-merge", "rebase-apply"):
        if _text(own_dir / folder / "head-name") == name or name in _text(own_dir / folder / "update-refs").split("\n"):
            yield f"{branch} is being rebased in {where}: `git rebase --continue` or `--abort` ends that"
    if _text(own_dir / "BISECT_START").removeprefix("refs/heads/") == branch:
        yield f"{branch} is being bisected in {where}: `git bisect reset` ends that"
    if head_of(own_dir) != name:
        return
    if (own_dir / "rebase-apply" / "applying").exists():
        yield f"patches are being applied to {branch} in {where}: `git am --continue` or `--abort` ends that"
    for file, what in _HEADS.items():
        if (own_dir / file).exists():
            yield f"a {what} into {branch} is under way in {where}: `git {what} --continue` or `--abort` ends that"
    # Of several commits, between two of them, there is no head.
    if todo := _text(own_dir / "sequencer" / "todo").split():
        what = "revert" if todo[0] == "revert" else "cherry-pick"
        yield f"a {what} into {branch} is under way in {where}: `git {what} --continue` or `--abort` ends that"


def _text(file: Path) -> str:
    """Return what is in *file*, without the end of its last line; nothing where it cannot be read."""
    try:
        return file.read_text(encoding="utf-8", errors="surrogateescape").rstrip("\n")
    except OSError:
        return ""
