"""What is in the submodules of a checkout, at the commits that the repository records: from their own objects there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stomper.git.plumbing import WHOLE_INDEX, attempt, git, names


@dataclass(frozen=True)
class Submodule:
    """A submodule at *path* of the repository, of which the checkout has the recorded *commit*."""

    path: str
    commit: str
    checkout: Path


def filled(root: Path, repository: Path, commit: str) -> tuple[list[Submodule], list[str]]:
    """Return the submodules that *commit* of *repository* records and the checkout at *root* has, those within others too;
    and the paths of those whose recorded commit it does not have."""
    found: list[Submodule] = []
    lacking: list[str] = []
    for module in _recorded(root, repository, commit):
        if not (module.checkout / ".git").exists():
            continue  # not filled in the checkout either
        if attempt(("cat-file", "-e", f"{module.commit}^{{commit}}"), cwd=module.checkout).returncode:
            lacking.append(module.path)
            continue
        found.append(module)
        inner, missing = filled(module.checkout, module.checkout, module.commit)
        found += [Submodule(f"{module.path}/{m.path}", m.commit, m.checkout) for m in inner]
        lacking += [f"{module.path}/{path}" for path in missing]
    return found, lacking


def _recorded(root: Path, repository: Path, commit: str) -> Iterator[Submodule]:
    for entry in names(git(("ls-tree", "-r", "-z", commit), cwd=repository)):
        about, _, path = entry.partition("\t")
        mode, _, blob = about.split(" ")
        if mode == "160000":
            yield Submodule(path, blob, root / path)


def export(module: Submodule, folder: Path) -> None:
    """Write the files of *module* to *folder*, as git checks them out. Raises RepositoryError."""
    folder.mkdir(parents=True, exist_ok=True)
    index = folder.with_name(f"{folder.name}.index")
    env = {"GIT_INDEX_FILE": str(index)}
    git((*WHOLE_INDEX, "read-tree", module.commit), cwd=module.checkout, env=env)
    git(
        (*WHOLE_INDEX, "checkout-index", "--all", "--force", f"--prefix={folder}{os.sep}"), cwd=module.checkout, env=env
    )
    index.unlink()
