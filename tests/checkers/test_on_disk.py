"""`--on-disk`: the files that a hook is given by name, as they lie in the checkout."""

from __future__ import annotations

import contextlib
import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from stomper.cli import app
from stomper.config.parameters import FixParameters
from stomper.errors import RepositoryError
from stomper.run.check import check as check_files
from tests.support.repositories import MakeRepo, git, write

UNUSED = "import os\n"


def check(root: Path, *names: str) -> list[str]:
    """The files in which `stomper check --on-disk` finds an error."""
    with contextlib.chdir(root):
        done = CliRunner().invoke(app, ["check", "--on-disk", "--json", *names], catch_exceptions=False)
    assert done.stderr == ""
    found = [job["path"] for job in json.loads(done.stdout)["jobs"]]
    assert done.exit_code == bool(found)
    return sorted(found)


def test_named_files_are_checked_staged_or_not(make_repo: MakeRepo) -> None:
    """As they lie there: committed, staged, edited, or unknown to git, and ignored by it; no file that is not named."""
    root = make_repo(dict.fromkeys(("committed.py", "mended.py", "other.py"), UNUSED) | {".gitignore": "ignored.py\n"})
    write(root, {"staged.py": UNUSED, "half.py": UNUSED})
    git(root, "add", "staged.py", "half.py")
    write(root, {"half.py": "x = 1\n", "mended.py": "x = 1\n", "new.py": UNUSED})
    found = ["committed.py", "new.py", "staged.py"]
    before = git(root, "status", "--porcelain")
    assert check(root, *found, "mended.py", "half.py") == found
    assert git(root, "status", "--porcelain") == before


def test_without_names_all_that_git_tracks_is_checked(make_repo: MakeRepo) -> None:
    """What lies about in the checkout is not; in a folder that is named it is."""
    root = make_repo({"a.py": UNUSED, "src/b.py": "x = 1\n"})
    write(root, {"src/b.py": UNUSED, "src/new.py": UNUSED, "new.py": UNUSED})
    assert check(root) == ["a.py", "src/b.py"]
    assert check(root, "src") == ["src/b.py", "src/new.py"]


def test_files_beside_the_named_ones_are_there_as_on_disk(make_repo: MakeRepo) -> None:
    """First-party imports are sorted by what there is: a module that git does not know is not committed with the file."""
    root = make_repo({"ruff.toml": 'lint.select = ["I"]\n', "a.py": "import zz\n\nimport here\n", "here.py": "x = 1\n"})
    assert check(root, "a.py") == []
    (root / "here.py").unlink()
    assert check(root, "a.py") == ["a.py"]
    git(root, "rm", "--quiet", "--cached", "here.py")
    write(root, {"here.py": "x = 1\n"})
    assert check(root, "a.py") == ["a.py"]


def test_what_a_hook_may_be_given_besides(make_repo: MakeRepo) -> None:
    """Deleted files, staged or not, are not there to be checked; others than Python have no errors of ruff's."""
    root = make_repo({"gone.py": UNUSED, "removed.py": UNUSED, "README.md": "# It\n", "a.py": "x = 1\n"})
    (root / "gone.py").unlink()
    git(root, "rm", "--quiet", "removed.py")
    assert check(root, "gone.py", "removed.py", "README.md", "a.py") == []


@pytest.mark.parametrize(
    ("name", "words"),
    [("nowhere.py", "no such file"), ("../outside.py", "outside the repository"), ("ignored.py", "ignored by")],
)
def test_a_name_that_cannot_be_checked_is_an_error(make_repo: MakeRepo, name: str, words: str) -> None:
    """It is said, not passed over: a misspelt one, a strange one, and one that checkers would leave out."""
    root = make_repo({"a.py": "x = 1\n", ".gitignore": "ignored.py\n"})
    write(root, {"../outside.py": UNUSED, "ignored.py": UNUSED})
    asked = FixParameters(repository=str(root), paths=["a.py", name], on_disk=True)
    with pytest.raises(RepositoryError, match=words):
        check_files(asked)


def test_in_a_subfolder_and_before_the_first_commit(make_repo: MakeRepo) -> None:
    """Names are those of the folder that the command is called in; a repository needs no commit for this."""
    root = make_repo({"a.py": "x = 1\n"})
    git(root, "update-ref", "-d", "HEAD")
    git(root, "rm", "-q", "-f", "a.py")
    write(root, {"src/a.py": UNUSED, "src/b.py": "x = 1\n"})
    assert check(root / "src", "a.py", "b.py") == ["src/a.py"]
    git(root, "add", "--all")
    assert check(root) == ["src/a.py"]
    shutil.rmtree(root / "src")
    assert check(root) == []
