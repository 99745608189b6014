"""What is lent is there in each folder, whatever was done to it, and nothing leads back to where it was copied from."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from stomper.system.lent_files import LentFiles
from tests.support.repositories import write

FILES = {"node_modules/a/index.js": "a\n", "node_modules/a/lib/x.js": "x\n", "node_modules/b/index.js": "b\n"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout with a folder to share and a file to copy."""
    place = tmp_path / "root"
    write(place, {**FILES, ".env": "A=1\n", "packages/c/index.js": "c\n"})
    (place / "node_modules" / ".bin").mkdir()
    (place / "node_modules" / ".bin" / "a").symlink_to("../a/index.js")
    (place / "node_modules" / "c").symlink_to("../packages/c")
    (place / "node_modules" / "d").symlink_to(place / "packages" / "c")
    return place


@pytest.fixture
def lent(root: Path, tmp_path: Path) -> LentFiles:
    """It, copied."""
    files = LentFiles(tmp_path / "home")
    files.take(root, [".env", "gone"], ["node_modules"])
    return files


def seen(folder: Path) -> dict[str, str]:
    """All in *folder*: contents, and where links lead."""
    found = {}
    for place, folders, files in os.walk(folder):
        for name in (*files, *folders):
            path = Path(place, name)
            if path.is_symlink():
                found[str(path.relative_to(folder))] = f"-> {path.readlink()}"
            elif path.is_file():
                found[str(path.relative_to(folder))] = path.read_text(encoding="utf-8")
    return found


A = "node_modules/a"
ACTS = {
    "a shared file written in place": f"chmod u+w {A}/index.js; echo mine > {A}/index.js",
    "a shared file replaced": f"rm -f {A}/index.js; echo mine > {A}/index.js",
    "a shared file gone": f"rm -f {A}/index.js",
    "one more": f"echo evil > {A}/evil.js",
    "a link to elsewhere": "rm -rf node_modules; ln -s /etc node_modules",
    "a file for a folder": f"rm -rf {A}; echo mine > {A}",
    "a link on the way": f"rm -rf {A}; ln -s b {A}",
    "all of it gone": "rm -rf node_modules",
    "a copy written to": "echo mine > .env",
    "a copy that is a link": "rm .env; ln -s /etc/passwd .env",
}


@pytest.mark.parametrize("act", ACTS)
def test_whatever_was_done_it_is_lent_whole_again(root: Path, lent: LentFiles, tmp_path: Path, act: str) -> None:
    """In the folder where it was done and in every other; where it was copied from nothing has changed."""
    before, one, other = seen(root), tmp_path / "one", tmp_path / "other"
    for tree in (one, other):
        tree.mkdir()
        lent.lend(tree)
    wanted = seen(one)
    assert {path: text for path, text in wanted.items() if not text.startswith("->")} == {**FILES, ".env": "A=1\n"}
    subprocess.run(("sh", "-c", ACTS[act]), cwd=one, check=True)
    for tree in (one, other):
        lent.lend(tree)
        assert seen(tree) == wanted
    assert seen(root) == before


def test_links_lead_nowhere_but_into_the_folder(lent: LentFiles, tmp_path: Path) -> None:
    """Also one that was written down with the whole name of the checkout."""
    write(tmp_path / "tree", {"packages/c/index.js": "of the worktree\n"})
    lent.lend(tmp_path / "tree")
    for name in ("c", "d"):
        assert (tmp_path / "tree/node_modules" / name / "index.js").read_text(encoding="utf-8") == "of the worktree\n"


def test_what_is_shared_takes_no_room_again(lent: LentFiles, tmp_path: Path) -> None:
    """Its files are the same ones in all folders, and read-only; nobody shares a copy."""
    trees = [tmp_path / str(number) for number in range(3)]
    for tree in trees:
        lent.lend(tree)
    for path in FILES:
        assert len({(tree / path).stat().st_ino for tree in trees}) == 1
        assert not (trees[0] / path).stat().st_mode & 0o222
    assert len({(tree / ".env").stat().st_ino for tree in trees}) == 3


def test_what_tells_it_from_another(root: Path, tmp_path: Path) -> None:
    """The content of a copy, and the times of what is shared."""

    def digest(name: str) -> str:
        files = LentFiles(tmp_path / name)
        files.take(root, [".env"], ["node_modules"])
        return files.digest()

    first = digest("first")
    assert digest("again") == first
    write(root, {".env": "A=2\n"})
    second = digest("second")
    write(root, {"node_modules/b/index.js": "another\n"})
    assert len({first, second, digest("third")}) == 3
