"""A checkout whose fast-forward was cut off half-way, by a loss of power say: put back to what it was before.

What makes this safe: the journal says that the fast-forward was under way, the run is dead, no git works in the
repository, and each file that is put back is byte for byte what the dead run was about to write there.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from stomper.git.repository import git, names, text
from stomper.state.paths import home
from stomper.state.store import Store


def heal(root: Path, store: Store) -> list[str]:
    """Undo what dead runs over *root* left half done. Returns what was done, in words."""
    done = []
    for run_id, _ in store.unfinished(str(root)):
        steps = store.steps(run_id)
        if (home() / "runs" / run_id).exists() or not steps or steps[-1][0] != "moving":
            continue  # it lives, or it was not in the middle of the move
        branch, tip, commit = steps[-1][1].rsplit(" ", 2)
        on_it = text(("symbolic-ref", "--quiet", "HEAD"), cwd=root, ok=(0, 1)) == f"refs/heads/{branch}"
        if not on_it or text(("rev-parse", "HEAD"), cwd=root) != tip or _git_works_in(root):
            continue
        lock = Path(os.fsdecode(git(("rev-parse", "--absolute-git-dir"), cwd=root)).rstrip("\n")) / "index.lock"
        if lock.exists():
            lock.unlink()
            done.append(f"removed {lock}, left by run {run_id} when it was cut off")
        if back := _written(root, tip, commit):
            git(("checkout", "--quiet", tip, "--", *back), cwd=root)
            done.append(f"put back {', '.join(back)}, which run {run_id} was writing when it was cut off")
    return done


def _written(root: Path, tip: str, commit: str) -> Sequence[str]:
    """The files that are not as in *tip* and are exactly as in *commit*."""
    changed = names(git(("diff", "--name-only", "-z", "--no-renames", tip, commit), cwd=root))
    differ = set(names(git(("diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", tip), cwd=root)))
    still = set(names(git(("diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", commit), cwd=root)))
    return [path for path in changed if path in differ and path not in still]


def _git_works_in(root: Path) -> bool:
    """Whether some git runs with this repository as its folder."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            name = (process / "comm").read_text().strip()
            if name.startswith("git") and (process / "cwd").resolve().is_relative_to(root):
                return True
        except OSError:
            continue
    return False
