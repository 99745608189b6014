"""A small bare repository with branches that are ahead of main."""

from __future__ import annotations

import subprocess
from pathlib import Path


def repository(folder: Path) -> Path:
    """Its path. `stomper/all` renames a.py and changes four files, `other` changes one."""
    bare, work = folder / "forge.git", folder / "forge.work"
    subprocess.run(("git", "init", "-q", "--bare", "-b", "main", str(bare)), check=True)
    subprocess.run(("git", "clone", "-q", str(bare), str(work)), check=True, capture_output=True)

    def git(*argv: str) -> None:
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
        subprocess.run(("git", "-C", str(work), *identity, *argv), check=True, capture_output=True)

    def commit(branch: str, start: str) -> None:
        git("add", "-A")
        git("commit", "-q", "-m", f"work on {branch}, from {start}")
        git("push", "-q", "origin", f"HEAD:refs/heads/{branch}")

    for name in "abcdé":
        (work / f"{name}.py").write_text(f"name = {name!r}\n" * 9, encoding="utf-8")
    git("checkout", "-q", "-b", "main")
    commit("main", "nothing")
    git("checkout", "-q", "-b", "stomper/all")
    git("mv", "a.py", "renamed a.py")
    for name in "bcdé":
        (work / f"{name}.py").write_text("changed = 1\n", encoding="utf-8")
    commit("stomper/all", "main")
    git("checkout", "-q", "-b", "other", "main")
    (work / "b.py").write_text("other = 1\n", encoding="utf-8")
    commit("other", "main")
    return bare
