"""Where the work of a run is done: worktrees that agents work in, and others in which what they did is proven."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from stomper.config.settings import Settings
from stomper.environment.passed_variables import passed_variables
from stomper.environment.python import Environment
from stomper.git.worktree import Worktree
from stomper.git.worktree_pool import Pool
from stomper.git.worktrees import SharedClone


def make_pools(clone: SharedClone, trees: Path, settings: Settings, warnings: list[str]) -> tuple[Pool, Pool]:
    """The worktrees in which fixes are proven, and those that agents work in, in the folder *trees*; none is made yet.

    What cannot be used again after an agent had it is told in *warnings*."""

    def tell(tree: Worktree, why: str) -> None:
        who = ", ".join(tree.had_by) or "somebody"
        warnings.append(f"{who} left a worktree that cannot be used again, and got another one: {why.splitlines()[0]}")

    size = settings.max_parallel_files + 1
    return Pool(clone, trees, size=size), Pool(clone, trees / "agents", size=size, lost=tell)


def environment_of(root: Path, settings: Settings) -> Environment:
    """The target's environment, with the variables that checkers and tests are given beside. Raises SettingsError."""
    found = Environment.detect(root, python=settings.python)
    return replace(found, passed=passed_variables(root, settings.worktree.env, settings.worktree.env_files))


def put_right(clone: SharedClone, tree: Worktree) -> list[str]:
    """Undo what whoever works in *tree* has made of what all worktrees share, and return it in words."""
    if not tree.had_by:
        return []
    who, said = ", ".join(tree.had_by), []
    if mended := clone.mend():
        said.append(f"{who} wrote to git's files of the private clone ({', '.join(mended)}): that was undone")
    if tree.redirected:
        said.append(f"{who} replaced the .git of its worktree: that was made anew")
    return said


def trees_folder(folder: Path, memory_folder: Path | None) -> Path:
    """Where the worktrees of a run are: in its *folder*, or in memory."""
    trees = folder / "worktrees"
    if memory_folder:
        trees.symlink_to(memory_folder)  # where the sweep after a crash finds it
    return trees.resolve()
