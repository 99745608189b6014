"""What the command line says to a repository or a file it cannot work with: one message, never a traceback."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from stomper.errors import RepositoryError
from tests.support.command_line import ALSO_FIX, BOTH, STOMPER, UNUSED, jobs, refused, stomper
from tests.support.repositories import MakeRepo, git, open_run, write
from tests.support.runs import commit


@BOTH
def test_not_a_repository(tmp_path: Path, verb: str) -> None:
    """A folder outside any repository is refused with the way out."""
    folder = tmp_path / "plain"
    folder.mkdir()
    assert refused(stomper(folder, verb), str(folder), "not in a git repository", "git init")


@ALSO_FIX
def test_bare_repository(tmp_path: Path, verb: str) -> None:
    """A bare repository is refused with the way out."""
    root = tmp_path / "bare.git"
    git(tmp_path, "init", "--quiet", "--bare", str(root))
    assert refused(stomper(root, verb), str(root), "bare repository", "clone it")


@ALSO_FIX
def test_no_commits(tmp_path: Path, verb: str) -> None:
    """A repository without a commit is refused with the way out."""
    root = tmp_path / "new"
    git(tmp_path, "init", "--quiet", str(root))
    assert refused(stomper(root, verb), str(root), "no commits yet")


@ALSO_FIX
def test_a_pattern_that_no_file_matches(make_repo: MakeRepo, verb: str) -> None:
    """It is misspelt, more likely than not: nothing to fix would be no answer."""
    root = make_repo({"a.py": "import os\n"})
    assert refused(stomper(root, verb, "--include", "scr/"), "include: no file of", "matches scr/")


@ALSO_FIX
def test_a_pattern_that_no_named_file_matches(make_repo: MakeRepo, verb: str) -> None:
    """As where the shell has filled in a pattern that was not quoted."""
    root = make_repo({"a.py": "import os\n", "b.py": "import os\n"})
    assert refused(
        stomper(root, verb, "b.py", "--include", "a.py"), "include: no file of b.py", "quoted", "matches a.py"
    )


@ALSO_FIX
def test_a_named_file_that_git_does_not_track(make_repo: MakeRepo, verb: str) -> None:
    """Nothing of it is looked at: that is said, with the way to."""
    root = make_repo({"a.py": "x = 1\n", ".gitignore": "*.gen.py\n"})
    write(root, {"new.py": "import os\n", "b.gen.py": "import os\n"})
    for name in ("new.py", "b.gen.py"):
        assert refused(stomper(root, verb, name), f"{name}: git does not track it; --on-disk")


def test_check_in_a_process_of_its_own(tmp_path: Path) -> None:
    """The installed command ends an error with exit code 2 and one message on stderr."""
    done = subprocess.run((STOMPER, "check"), cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert refused(done, str(tmp_path), "not in a git repository")


@ALSO_FIX
def test_unmerged_index(make_repo: MakeRepo, verb: str) -> None:
    """A repository in the middle of a conflict is refused, and the conflict stays."""
    root = make_repo({"a.py": "x = 1\n"})
    git(root, "switch", "--quiet", "-c", "side")
    write(root, {"a.py": "x = 2\n"})
    git(root, "commit", "--quiet", "-am", "side")
    git(root, "switch", "--quiet", "main")
    write(root, {"a.py": "x = 3\n"})
    git(root, "commit", "--quiet", "-am", "main")
    subprocess.run(("git", "merge", "--quiet", "side"), cwd=root, check=False, capture_output=True)
    assert refused(stomper(root, verb), "unmerged files", "git status")
    assert git(root, "status", "--short") == "UU a.py"


def test_a_rebase_under_way(make_repo: MakeRepo) -> None:
    """It is named with the way out of it, which is not to switch to a branch."""
    root = make_repo({"a.py": "x = 1\n"})
    git(root, "commit", "--quiet", "--allow-empty", "-m", "second")
    git(root, "-c", "sequence.editor=sed -i 1s/pick/edit/", "rebase", "--quiet", "-i", "--keep-empty", "HEAD~1")
    assert refused(stomper(root, "fix"), "a rebase under way", "git rebase --continue")


@ALSO_FIX
def test_corrupt_repository(make_repo: MakeRepo, verb: str) -> None:
    """A repository whose HEAD names a commit that is gone is refused without a traceback."""
    root = make_repo({"a.py": UNUSED})
    (root / ".git" / "refs" / "heads" / "main").write_text(f"{'1' * 40}\n")
    assert refused(stomper(root, verb), str(root))


@pytest.mark.parametrize("ref", ["no-such-branch", "--all", "HEAD..HEAD", "HEAD:a.py", ""])
def test_unknown_since(make_repo: MakeRepo, ref: str) -> None:
    """A `--since` that is no commit is refused with its name; an empty one is none."""
    root = make_repo({"a.py": UNUSED})
    done = stomper(root, "check", f"--since={ref}")
    assert refused(done, f"--since {ref}", "no such commit") if ref else done.returncode == 1


def test_missing_path(make_repo: MakeRepo) -> None:
    """A path that does not exist is refused with its name."""
    root = make_repo({"a.py": UNUSED})
    assert refused(stomper(root, "check", "a.py", "no/such.py"), "no/such.py", "no such file or folder")


@pytest.mark.parametrize("given", ["..", "../outside.py"])
def test_path_outside(make_repo: MakeRepo, given: str) -> None:
    """A path outside the repository is refused with its name."""
    root = make_repo({"a.py": UNUSED})
    write(root.parent, {"outside.py": UNUSED})
    assert refused(stomper(root, "check", given), given, "outside the repository")


def test_configuration_that_git_cannot_read(make_repo: MakeRepo) -> None:
    """git's own words, which name the file and the line."""
    root = make_repo({"a.py": UNUSED})
    with (root / ".git" / "config").open("a") as config:
        config.write("[include]\npath = /\n")
    assert refused(stomper(root, "check"), "bad config", "line")


@ALSO_FIX
def test_a_folder_that_is_gone(tmp_path: Path, verb: str) -> None:
    """Removed while a shell was in it."""
    (here := tmp_path / "here").mkdir()
    argv = ("sh", "-c", f'rmdir "{here}" && exec "{STOMPER}" {verb}')
    assert refused(subprocess.run(argv, cwd=here, capture_output=True, text=True, check=False), "folder", "is gone")


def test_landing_on_a_detached_head(make_repo: MakeRepo) -> None:
    """Landing on no branch is refused with the way out, and lands nothing; `check` does not mind."""
    root = make_repo({"a.py": UNUSED})
    git(root, "checkout", "--quiet", "--detach")
    with pytest.raises(RepositoryError, match=r"detached HEAD.*git switch.*--land branch"):
        open_run(root)
    assert git(root, "rev-list", "--count", "--all") == "1"
    assert jobs(root) == ["a.py"]


@pytest.mark.parametrize("verb", ["merge", "cherry-pick"])
def test_landing_in_the_middle_of_a_merge(make_repo: MakeRepo, verb: str) -> None:
    """git would refuse to move the branch in the end: that is said before anybody is paid; `check` does not mind."""
    root = make_repo({"a.py": UNUSED})
    git(root, "switch", "--quiet", "--create", "other")
    commit(root, "a.py", UNUSED + "y = 1\n")
    git(root, "switch", "--quiet", "main")
    commit(root, "a.py", UNUSED + "y = 2\n")
    subprocess.run(("git", verb, "other"), cwd=root, check=False, capture_output=True)
    write(root, {"a.py": UNUSED})
    git(root, "add", "a.py")
    with pytest.raises(RepositoryError, match=rf"a {verb} under way.*git status.*--land branch"):
        open_run(root)
    open_run(root, land="branch").close()
    assert jobs(root) == ["a.py"]


def test_landing_on_a_branch_checked_out_twice(make_repo: MakeRepo) -> None:
    """Landing on a branch that two worktrees have checked out is refused with both places; `check` does not mind."""
    root = make_repo({"a.py": UNUSED})
    second = root.parent / "second"
    git(root, "worktree", "add", "--quiet", "--force", str(second), "main")
    with pytest.raises(RepositoryError, match=rf"main.*{root}, {second}.*--land branch"):
        open_run(root)
    assert git(root, "rev-list", "--count", "--all") == "1"
    assert jobs(second) == ["a.py"]


def test_shallow_clone(make_repo: MakeRepo) -> None:
    """A shallow clone is checked as any other; a `--since` beyond its history is refused with the way out."""
    origin = make_repo({"a.py": UNUSED}, "origin")
    write(origin, {"b.py": UNUSED})
    git(origin, "add", "b.py")
    git(origin, "commit", "--quiet", "-m", "more")
    root = origin.parent / "shallow"
    git(origin.parent, "clone", "--quiet", "--depth=1", f"file://{origin}", str(root))
    assert jobs(root) == ["a.py", "b.py"]
    assert refused(stomper(root, "check", "--since", "HEAD~1"), "HEAD~1", "shallow", "--unshallow")


def test_submodule(make_repo: MakeRepo) -> None:
    """In a repository with a submodule only its own files are checked; the submodule is a repository of its own."""
    library = make_repo({"lib.py": UNUSED}, "library")
    root = make_repo({"a.py": UNUSED})
    git(root, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library), "vendor")
    git(root, "commit", "--quiet", "-m", "submodule")
    assert jobs(root) == ["a.py"]
    assert jobs(root / "vendor") == ["lib.py"]


def test_sparse_checkout(make_repo: MakeRepo) -> None:
    """A sparse checkout is checked."""
    root = make_repo({"in/a.py": UNUSED, "out/b.py": UNUSED})
    git(root, "sparse-checkout", "set", "in")
    assert "in/a.py" in jobs(root)


@pytest.mark.parametrize("files", [{"README.md": "# hello\n"}, {"a.py": "x = 1\n"}], ids=["no python", "no errors"])
def test_nothing_to_fix(make_repo: MakeRepo, files: dict[str, str | bytes]) -> None:
    """Without Python files or without errors there is nothing to fix, which is success."""
    root = make_repo(files)
    done = stomper(root, "check")
    assert (done.returncode, done.stderr) == (0, "")
    assert jobs(root) == []


def test_odd_content(make_repo: MakeRepo) -> None:
    """Files of any content do not crash `check`, nor hide the errors of the others."""
    odd = {
        "empty": b"",
        "newline": b"\n",
        "nul": b"\0",
        "binary": b"\x7fELF\0\0\x01" * 50,
        "not_utf8": b"# caf\xe9\nx = 1\n",
        "latin1": b"# -*- coding: latin-1 -*-\nx = 'caf\xe9'\n",
        "utf16": b"\xff\xfei\0m\0p\0o\0r\0t\0 \0o\0s\0\n\0",
        "long_line": b"x = '" + b"a" * 2_000_000 + b"'\n",
        "long_line_with_error": b"import os; x = '" + b"a" * 2_000_000 + b"'\n",
        "syntax_error": b"def broken(:\n",
        "cr": b"import os\r",
        "surrogate": b"x = '\xed\xa0\x80'\n",
    }
    root = make_repo({**{f"{name}.py": content for name, content in odd.items()}, "a.py": UNUSED})
    assert {"a.py", "long_line_with_error.py", "syntax_error.py"} <= set(jobs(root))
    done = stomper(root, "check")
    assert (done.returncode, done.stderr) == (1, "")


def test_deeply_nested_file(make_repo: MakeRepo) -> None:
    """A file too deeply nested for a parser ends in a verdict or in a message, never in a traceback."""
    root = make_repo({"deep.py": b"x = " + b"(" * 3000 + b")" * 3000 + b"\n", "a.py": UNUSED})
    done = stomper(root, "check")
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr


def test_unreadable_file(make_repo: MakeRepo) -> None:
    """A file without read permission in the checkout does not crash `check`."""
    root = make_repo({"odd.py": UNUSED, "a.py": UNUSED})
    (root / "odd.py").chmod(0)
    assert "a.py" in jobs(root)


def test_symlinks(make_repo: MakeRepo) -> None:
    """Links, also such that lead nowhere, outside or in a circle, do not crash `check`."""
    root = make_repo({"a.py": UNUSED, "pkg/b.py": UNUSED})
    for number, to in enumerate(("a.py", "missing.py", "/etc/hostname", "link4.py", "pkg", "link3.py")):
        (root / f"link{number}.py").symlink_to(to)
    (root / "folder").symlink_to("pkg")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "-m", "links")
    assert {"a.py", "pkg/b.py"} <= set(jobs(root))


def test_odd_names(make_repo: MakeRepo) -> None:
    """Files of any name do not crash `check`, in words or as JSON."""
    names = ["-x.py", "new\nline.py", "q\"'.py", ":c.py", "é.py", "[b]x[-b].py", "[red].py", " .py"]
    root = make_repo(dict.fromkeys(names, UNUSED))
    assert sorted(jobs(root)) == sorted(names)
    done = stomper(root, "check")
    assert (done.returncode, done.stderr) == (1, "")
    assert "[red].py" in done.stdout


def test_name_that_is_not_utf8(make_repo: MakeRepo) -> None:
    """A file whose name is not UTF-8 does not crash `check`, in words or as JSON."""
    root = make_repo({"caf\udce9.py": UNUSED, "a.py": UNUSED})
    assert "a.py" in jobs(root)
    done = stomper(root, "check")
    assert (done.returncode, done.stderr) == (1, "")


def test_folder_named_like_a_module(make_repo: MakeRepo) -> None:
    """A folder whose name ends in .py does not crash `check`."""
    root = make_repo({"pkg.py/inner.py": UNUSED})
    assert jobs(root) == ["pkg.py/inner.py"]


def test_check_changes_nothing(make_repo: MakeRepo) -> None:
    """`check` leaves the repository's status, refs and objects as they are."""
    root = make_repo({"a.py": UNUSED})
    write(root, {"new.py": UNUSED})
    before = (git(root, "status", "--short"), git(root, "show-ref"), git(root, "count-objects"))
    assert jobs(root) == ["a.py"]
    assert (git(root, "status", "--short"), git(root, "show-ref"), git(root, "count-objects")) == before


@pytest.mark.parametrize("there", ["orders-shop", pytest.param("repairs.json", marks=pytest.mark.slow)])
def test_the_demo_overwrites_nothing(tmp_path: Path, there: str) -> None:
    """A folder that holds something of these names is refused, and stays as it is."""
    write(tmp_path / "mine", {f"{there}/file" if there == "orders-shop" else there: "mine\n"})
    done = stomper(tmp_path, "demo", "--keep", "mine")
    assert refused(done, f"mine/{there} is there already: give --keep another folder")
    assert [p.read_text() for p in (tmp_path / "mine").rglob("*") if p.is_file()] == ["mine\n"]
