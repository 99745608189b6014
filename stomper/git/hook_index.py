"""The index that git hands to a hook: `git commit -a` and `git commit FILE` commit another one than the checkout's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from stomper.errors import RepositoryError
from stomper.git import redirections
from stomper.git.plumbing import git, names
from stomper.git.repository import Target

VARIABLE = "GIT_INDEX_FILE"


def index_of_hook(target: Target, environ: Mapping[str, str] | None = None) -> Path | None:
    """Return the index that `GIT_INDEX_FILE` names for this checkout; None where that is its own, or another's.

    Raises RepositoryError when it is gone: git would take every file for deleted, so that nothing would be checked."""
    environ = redirections.as_found() if environ is None else environ
    given = environ.get(VARIABLE, "")
    if not given or _is_of_another(target, environ):
        return None
    path = target.root / given  # git reads a relative one from the top of the checkout, wherever it is called
    place = path.parent.resolve() / path.name
    if place == target.own_dir / "index" or _belongs_to_another(target, place.parent):
        return None
    if not place.is_file():
        raise RepositoryError(
            f"{VARIABLE} names {given}, and {place} is not there: it is set for a hook, so outside of one `unset {VARIABLE}`"
        )
    return place


def staged_in(target: Target, index: Path) -> frozenset[str]:
    """Return the paths in which *index* differs from HEAD."""
    compared = ("diff-index", "--cached", "--name-only", "--no-renames", "--no-ext-diff", "-z", target.head)
    asked = compared if target.head else ("ls-files", "-z")
    return frozenset(names(git(asked, cwd=target.root, env={VARIABLE: str(index)})))


def _is_of_another(target: Target, environ: Mapping[str, str]) -> bool:
    """Return whether git's variables are about another repository: a hook may look at several."""
    given = environ.get("GIT_DIR", "")
    return bool(given) and (target.root / given).resolve() not in (target.own_dir, target.root / ".git")


def _belongs_to_another(target: Target, folder: Path) -> bool:
    """Return whether *folder* is git's own folder of another checkout."""
    shared = (folder / "objects").is_dir() or (folder / "commondir").is_file()
    return folder != target.own_dir and shared and (folder / "HEAD").is_file()
