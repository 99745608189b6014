"""Worktrees have what the checkout has beside what git tracks, and agents none of what may be secret."""

from __future__ import annotations

from pathlib import Path

from stomper.git.worktree import Worktree
from tests.support.repositories import MakeRepo, git, open_run, write
from tests.support.runs import RULES

LOCAL = ("-c", "protocol.file.allow=always")
LIB = "import os\n\nVALUE = 1\n"
TEST = (
    "import pathlib\n\nfrom lib import inner\nfrom pkg._version import version\n\n\n"
    "def test_all():\n    assert (inner.VALUE, version) == (1, '1.0')\n    assert pathlib.Path('.env').read_text()\n"
)


def checkout(make_repo: MakeRepo) -> Path:
    """A checkout whose tests need a generated file, variables, and a submodule with another within."""
    inner = make_repo({"deep.py": "DEEP = 1\n"}, "inner")
    outer = make_repo({"inner.py": LIB}, "outer")
    root = make_repo({"pkg/__init__.py": "import os\n", "test_all.py": TEST, ".gitignore": "_version.py\n.env\n"})
    for above, name, module in ((outer, "deepest", inner), (root, "lib", outer)):
        git(above, *LOCAL, "submodule", "--quiet", "add", str(module), name)
        git(above, "commit", "--quiet", "-m", "a submodule")
    git(root, *LOCAL, "submodule", "--quiet", "update", "--init", "--recursive")
    write(root, {"pkg/_version.py": "version = '1.0'\n", ".env": "TOKEN=abc\n"})
    return root


def carried_in(tree: Worktree) -> list[str]:
    """What of it is in a worktree."""
    names = ("lib/inner.py", "lib/deepest/deep.py", "pkg/_version.py", ".env")
    return [name for name in names if (tree.path / name).is_file()]


def test_a_worktree_is_as_the_checkout(make_repo: MakeRepo) -> None:
    """The tests pass there; nothing of it is part of a patch, whatever was done to it, and all is there again after that."""
    root = checkout(make_repo)
    before = git(root, "status", "--porcelain", "--ignored")
    session = open_run(root, checkers=RULES)
    assert session.baselines.at(session.base).words == "passed · 1 passed"
    for _ in range(2):
        with session.pool.lease(session.base) as tree:
            assert carried_in(tree) == ["lib/inner.py", "lib/deepest/deep.py", "pkg/_version.py", ".env"]
            for name in carried_in(tree):
                (tree.path / name).chmod(0o644)
                (tree.path / name).write_text("mine\n")
            assert tree.patch(session.base) is None
    with session.pool.lease(session.base) as tree:
        assert (tree.path / "lib/inner.py").read_text() == LIB
        assert (tree.path / ".env").read_text() == "TOKEN=abc\n"
    session.close()
    assert git(root, "status", "--porcelain", "--ignored") == before
    assert (root / ".env").read_text() == "TOKEN=abc\n"
    assert (root / "lib/inner.py").read_text() == LIB


def test_it_is_told(make_repo: MakeRepo) -> None:
    """With what it took."""
    session = open_run(checkout(make_repo), checkers=RULES)
    said = session.carried
    session.close()
    assert said.startswith(".env (not for agents), pkg/_version.py, lib/: 5 file(s), ")
    assert said.endswith(" s")


def test_nobody_aims_at_what_was_carried(make_repo: MakeRepo) -> None:
    """Checkers look at it as they do in the checkout; it is reported as left out, and no file of the run."""
    session = open_run(checkout(make_repo), checkers=RULES)
    session.collect()
    jobs, left_out = session.select()
    session.close()
    assert [job.path for job in jobs] == ["pkg/__init__.py"]
    assert left_out.vendored == {"lib/": 1}
