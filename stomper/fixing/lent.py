"""What the worktrees of a run have of the checkout beside what git tracks of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from stomper import progress
from stomper.checkers.base import Checker
from stomper.checkers.mypy import MypyChecker
from stomper.checkers.ruff import RuffChecker
from stomper.environment.carried import Carried, carried, may_hold_secrets
from stomper.environment.configuration_above import configuration_above
from stomper.git.submodules import export, filled
from stomper.git.worktree_pool import Pool
from stomper.git.worktrees import SharedClone
from stomper.system.lent_files import LentFiles

_FEW = 5


def only_read(checkers: Sequence[Checker]) -> bool:
    """Return whether *checkers* run nothing of the repository, and look for nothing that it depends on."""
    return all(isinstance(checker, RuffChecker | MypyChecker) for checker in checkers)


@dataclass(frozen=True)
class Lent:
    """What was copied: the *files* of which each worktree has one of its own, as they lie aside, and all of it in
    *words*."""

    files: tuple[Path, ...]
    words: str


def lend(
    clone: SharedClone,
    base: str,
    patterns: Sequence[str],
    folder: Path,
    *,
    judges: Pool,
    agents: Pool | None,
    tools: bool,
) -> Lent:
    """Copy to *folder* what git does not carry of the checkout, for the worktrees of both pools, which share no file: those
    of *agents*, if there are such that run programs, are given nothing that may hold secrets.

    Where no *tools* but ruff and mypy are run in the others, nobody misses folders of packages. Raises StomperError."""
    root = clone.target.root
    chosen, (modules, lacking) = carried(root, patterns), filled(root, clone.path, base)
    if modules or chosen.shared:
        progress.emit(
            progress.StageBegan("carry", detail=", ".join([*chosen.shared, *(m.path for m in modules)][:_FEW]))
        )
    for module in modules:
        export(module, folder / "submodules" / module.path)
    outer = [m.path for m in modules if not any(m.path.startswith(f"{other.path}/") for other in modules)]
    lent = judges.files = LentFiles(folder / "judges")
    lent.take(root, chosen.files, chosen.shared if tools else ())
    copies = [lent]
    if agents:
        agents.files = LentFiles(folder / "agents")
        agents.files.take(root, chosen.for_agents, chosen.shared)
        copies.append(agents.files)
    for path in outer:
        for files in copies:
            files.take_folder(folder / "submodules" / path, path, root)
    above = configuration_above(root)
    for pool in filter(None, (judges, agents)):
        pool.beside = above
    if chosen.files or chosen.shared:
        clone.exclude((*chosen.files, *chosen.shared))
    return Lent(lent.own, _told(chosen, lacking, lent, above))


def _told(chosen: Carried, lacking: Sequence[str], files: LentFiles, above: Iterable[str]) -> str:
    said = [f"{path}{' (not for agents)' * may_hold_secrets(path)}" for path in chosen.files[:_FEW]]
    if len(chosen.files) > _FEW:
        said.append(f"{len(chosen.files) - _FEW} more")
    said += [f"{path}/" for path in files.shared]
    if said:
        said[-1] += f": {files.files} file(s), {_size(files.size)} in {files.seconds:.1f} s"
    said += [f"../{name}" for name in above]
    if chosen.too_much:
        said.append(f"not {chosen.too_much[0]} and {len(chosen.too_much) - 1} more, which are too much to copy")
    said += [f"not the submodule {path}: the checkout lacks the commit that is recorded" for path in lacking]
    return ", ".join(said)


def _size(number: int) -> str:
    return f"{number / 1e6:.1f} MB" if number >= 1e5 else f"{number / 1e3:.1f} kB"
