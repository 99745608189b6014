"""What landing does to the user's repository, byte for byte, and what it leaves alone."""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stomper.errors import RepositoryError
from stomper.landing import Landing, land
from stomper.models import Outcome, Status
from stomper.process import process_file
from tests.conftest import MakeRepo, git, open_run, write
from tests.test_process import RULES, only, repair, scripted

UNUSED = "import os\nx = 1\n"
CURED = "x = 1\n"
HOOKS = (
    "applypatch-msg", "pre-commit", "prepare-commit-msg", "commit-msg", "post-commit", "pre-merge-commit", "post-merge",
    "post-checkout", "post-rewrite", "post-index-change", "reference-transaction", "pre-auto-gc", "update",
)  # fmt: skip


def snapshot(folder: Path) -> dict[str, str]:
    """Every file under *folder* with its mode, time of change and content; links by where they point.

    Without the times of git's objects, which git itself renews when it meets the same content again.
    """
    found = {}
    for path in sorted(folder.rglob("*")):
        name, about = os.fspath(path.relative_to(folder)), path.lstat()
        if path.is_symlink():
            found[name] = f"link {path.readlink()}"
        elif path.is_file():
            changed = 0 if name.startswith(".git/objects/") else about.st_mtime_ns
            found[name] = f"{about.st_mode:o} {changed} {hashlib.sha256(path.read_bytes()).hexdigest()}"
    return found


def raw(root: Path, *arguments: str) -> bytes:
    """What git printed, as bytes."""
    return subprocess.run(("git", *arguments), cwd=root, check=True, capture_output=True).stdout


def commit(root: Path, name: str, content: str) -> str:
    """Commit one file in *root*. Returns the commit."""
    write(root, {name: content})
    git(root, "add", "--", name)
    git(root, "commit", "--quiet", "-m", f"user edits {name}", "--", name)
    return git(root, "rev-parse", "HEAD")


def by_path(landing: Landing) -> dict[str, Outcome]:
    """The outcomes by their paths."""
    return {o.path: o for o in landing.outcomes}


def land_with(root: Path, limit: Callable[[], contextlib.AbstractContextManager[None]]) -> Landing:
    """A run whose move of the branch happens inside *limit*."""
    session = open_run(root, checkers=RULES, test_validation="none")
    try:
        session.collect()
        return land(session, [process_file(session, job) for job in session.select()[0]], limit)
    finally:
        session.close()


def test_one_fix_is_one_commit(make_repo: MakeRepo) -> None:
    """Each repaired file is one commit, on top of the base, that touches only that file."""
    root = make_repo({"a.py": UNUSED, "pkg/b.py": UNUSED, "c.py": "x = 1\n"})
    base = git(root, "rev-parse", "HEAD")
    landing = repair(root)
    commits = git(root, "rev-list", "--reverse", f"{base}..HEAD").split()
    assert [entry.commit for entry in landing.landed] == commits
    touched = [git(root, "show", "--name-status", "--format=", c) for c in commits]
    assert sorted(touched) == ["M\ta.py", "M\tpkg/b.py"]
    assert git(root, "rev-list", "--merges", "HEAD") == ""
    assert {p: o.commit for p, o in by_path(landing).items()} == {e.path: e.commit for e in landing.landed}


def test_commit_message_and_author(make_repo: MakeRepo) -> None:
    """The message is a Conventional Commit with trailers git can read, by the user's own identity."""
    root = make_repo({"a.py": "import os\nimport sys\n\nprint(f'x')\n"})
    session = open_run(root, checkers=RULES, test_validation="none")
    session.collect()
    land(session, [process_file(session, job) for job in session.select()[0]], contextlib.nullcontext)
    session.close()
    assert git(root, "log", "-1", "--format=%s") == "fix: resolve F401, F541 in a.py"
    trailers = git(root, "log", "-1", "--format=%(trailers:only,unfold)").splitlines()
    assert trailers == [
        f"Stomper-Run: {session.run_id}",
        "Stomper-Agent: ruff",
        "Stomper-Codes: ruff:F401, ruff:F541",
    ]
    assert "- ruff F401: 2\n- ruff F541: 1" in git(root, "log", "-1", "--format=%b")
    who = "Tester <tester@example.invalid>"
    assert git(root, "log", "-1", "--format=%an <%ae>|%cn <%ce>") == f"{who}|{who}"


def test_the_checkout_follows(make_repo: MakeRepo) -> None:
    """After landing on the current branch the files, the index and HEAD agree."""
    root = make_repo({"a.py": UNUSED})
    repair(root)
    assert (root / "a.py").read_text() == CURED
    assert git(root, "status", "--short", "--branch") == "## main"


def test_users_unfinished_work_is_untouched(make_repo: MakeRepo) -> None:
    """Dirty, staged, deleted and untracked files, stash, hooks and configuration are the same after the run."""
    root = make_repo(
        {"a.py": UNUSED, "dirty.txt": "1\n", "staged.txt": "1\n", "gone.txt": "1\n", ".gitignore": "*.log\n"}
    )
    write(root, {"dirty.txt": "stashed\n"})
    git(root, "stash", "--quiet")
    write(root, {"dirty.txt": "2\r\n", "staged.txt": "2\n", "untracked.py": UNUSED, "x.log": "ignored", "dir/u": b"\0"})
    git(root, "add", "staged.txt")
    write(root, {"staged.txt": "3\n"})
    (root / "gone.txt").unlink()
    git(root, "config", "alias.hi", "status")
    untouched = ("dirty.txt", "staged.txt", "untracked.py", "x.log", "dir/u", ".git/config", ".git/refs/stash")

    def state() -> tuple[object, ...]:
        files = {k: v for k, v in snapshot(root).items() if k in untouched or k.startswith((".git/hooks", ".git/info"))}
        commands = (("stash", "list"), ("diff", "--cached", "--binary"), ("diff", "--binary"), ("status", "--short"))
        return (files, *(raw(root, *c) for c in commands))

    before = state()
    landing = repair(root)
    assert [entry.path for entry in landing.landed] == ["a.py"]
    assert state() == before
    assert "gone.txt" in git(root, "status", "--short")


def test_dirty_file_is_skipped(make_repo: MakeRepo) -> None:
    """A file with uncommitted changes is skipped with the way out, its changes kept; the others land."""
    root = make_repo({"a.py": UNUSED, "b.py": UNUSED})
    write(root, {"b.py": UNUSED + "y = 2\n"})
    landing = repair(root)
    assert by_path(landing)["b.py"].status is Status.SKIPPED
    assert "uncommitted changes" in by_path(landing)["b.py"].reason
    assert [entry.path for entry in landing.landed] == ["a.py"]
    assert (root / "b.py").read_text() == UNUSED + "y = 2\n"


def test_file_edited_during_the_run(make_repo: MakeRepo) -> None:
    """A file the user begins to edit during the run is not landed, the edit stays and the patch is kept."""
    root = make_repo({"a.py": UNUSED, "b.py": UNUSED})
    landing = repair(root, before_landing=lambda: write(root, {"b.py": "mine = 1\n"}))
    outcome = by_path(landing)["b.py"]
    assert outcome.status is Status.FAILED
    assert "edited during the run" in outcome.reason
    assert Path(outcome.patch_file).is_file()
    assert (root / "b.py").read_text() == "mine = 1\n"
    assert [entry.path for entry in landing.landed] == ["a.py"]


@pytest.mark.parametrize("place", ["default", "hooksPath"])
def test_hooks_of_the_target_are_not_run(make_repo: MakeRepo, place: str) -> None:
    """No hook of the user's repository is run by landing."""
    root = make_repo({"a.py": UNUSED})
    folder = root / ".git" / "hooks" if place == "default" else root.parent / "shared-hooks"
    folder.mkdir(exist_ok=True)
    log = root.parent / "hooks.log"
    for name in HOOKS:
        (folder / name).write_text(f"#!/bin/sh\necho {name} >> '{log}'\nexit 1\n")
        (folder / name).chmod(0o755)
    if place == "hooksPath":
        git(root, "config", "core.hooksPath", str(folder))
    landing = repair(root)
    assert len(landing.landed) == 1
    assert not log.exists()


def test_land_branch_leaves_the_checkout(make_repo: MakeRepo) -> None:
    """With `land = "branch"` only the new branch is added: files, index, HEAD and the current branch stay."""
    root = make_repo({"a.py": UNUSED})
    git(root, "status")
    base, before = git(root, "rev-parse", "HEAD"), snapshot(root)
    landing = repair(root, land="branch", branch_name="fixes/today")
    after = snapshot(root)
    added = {name for name in after.keys() - before.keys() if not name.startswith(".git/objects/")}
    assert added == {".git/refs/heads/fixes/today", ".git/logs/refs/heads/fixes/today"}
    assert {name: after.get(name) for name in before} == before
    assert git(root, "rev-parse", "HEAD", "fixes/today^").split() == [base, base]
    assert git(root, "rev-parse", "fixes/today") == landing.landed[-1].commit
    assert raw(root, "show", "fixes/today:a.py") == CURED.encode()


def test_land_branch_has_a_name_of_its_own(make_repo: MakeRepo) -> None:
    """Without `branch_name` the branch is named after the run."""
    root = make_repo({"a.py": UNUSED})
    repair(root, land="branch")
    assert len(git(root, "branch", "--list", "stomper/*").splitlines()) == 1


def test_land_branch_takes_a_dirty_checkout(make_repo: MakeRepo) -> None:
    """With `land = "branch"` an edit during the run is no obstacle: the checkout is not touched."""
    root = make_repo({"a.py": UNUSED})
    landing = repair(root, land="branch", branch_name="f", before_landing=lambda: write(root, {"a.py": "mine = 1\n"}))
    assert only(landing).status is Status.FIXED
    assert (root / "a.py").read_text() == "mine = 1\n"


def test_land_branch_does_not_overwrite(make_repo: MakeRepo) -> None:
    """A branch of that name that is there already is not moved, and the error names it."""
    root = make_repo({"a.py": UNUSED})
    git(root, "branch", "taken")
    with pytest.raises(RepositoryError, match="taken"):
        repair(root, land="branch", branch_name="taken")
    assert git(root, "rev-parse", "taken") == git(root, "rev-parse", "HEAD")


def test_land_branch_from_a_detached_head(make_repo: MakeRepo) -> None:
    """With `land = "branch"` a detached HEAD is fine, and stays where it is."""
    root = make_repo({"a.py": UNUSED})
    git(root, "checkout", "--quiet", "--detach")
    base = git(root, "rev-parse", "HEAD")
    assert only(repair(root, land="branch", branch_name="f")).status is Status.FIXED
    assert (git(root, "rev-parse", "HEAD"), git(root, "rev-parse", "f^")) == (base, base)


def test_land_patch_writes_nothing_to_the_target(make_repo: MakeRepo, fenced: Path) -> None:
    """With `land = "patch"` the patches are files in the state folder, which apply, and the repository is the same."""
    root = make_repo({"a.py": UNUSED, "b.py": UNUSED})
    git(root, "status")
    before = snapshot(root)
    landing = repair(root, land="patch")
    files = [Path(o.patch_file) for o in landing.outcomes]
    assert snapshot(root) == before
    assert landing.landed == ()
    assert [o.status for o in landing.outcomes] == [Status.FIXED, Status.FIXED]
    assert sorted(p for p in (fenced / "patches").rglob("*") if p.is_file()) == sorted(files)
    git(root, "apply", *map(str, files))
    assert ((root / "a.py").read_text(), (root / "b.py").read_text()) == (CURED, CURED)


def test_tip_moved_during_the_run(make_repo: MakeRepo) -> None:
    """A commit the user makes meanwhile stays, and the fixes are rebuilt on top of it."""
    root = make_repo({"a.py": UNUSED, "b.py": UNUSED})
    tips: list[str] = []
    landing = repair(root, before_landing=lambda: tips.append(commit(root, "user.py", "y = 1\n")))
    assert len(landing.landed) == 2
    assert git(root, "rev-parse", "HEAD~2") == tips[0]
    assert (root / "user.py").read_text() == "y = 1\n"
    assert git(root, "status", "--short") == ""


def test_same_file_committed_meanwhile(make_repo: MakeRepo) -> None:
    """A file the user commits to meanwhile is a conflict: not landed, its patch kept; the others land."""
    root = make_repo({"a.py": UNUSED, "b.py": UNUSED})
    theirs = "import os\nx = 2\n"
    landing = repair(root, before_landing=lambda: commit(root, "b.py", theirs))
    outcome = by_path(landing)["b.py"]
    assert outcome.status is Status.FAILED
    assert outcome.reason.startswith("conflict:")
    assert "-import os" in Path(outcome.patch_file).read_text()
    assert [entry.path for entry in landing.landed] == ["a.py"]
    assert (root / "b.py").read_text() == theirs


def test_file_deleted_meanwhile(make_repo: MakeRepo) -> None:
    """A file the user deletes in a commit meanwhile is a conflict and does not come back."""
    root = make_repo({"a.py": UNUSED, "b.py": UNUSED})

    def delete() -> None:
        git(root, "rm", "--quiet", "b.py")
        git(root, "commit", "--quiet", "-m", "delete")

    landing = repair(root, before_landing=delete)
    assert by_path(landing)["b.py"].reason.startswith("conflict:")
    assert not (root / "b.py").exists()
    assert git(root, "ls-tree", "--name-only", "HEAD") == "a.py"


def test_tip_moves_after_the_proof(make_repo: MakeRepo) -> None:
    """A commit between the proof and the move of the branch is not lost: the fixes are built and proven again."""
    root = make_repo({"a.py": UNUSED})
    tips: list[str] = []

    @contextlib.contextmanager
    def limit() -> Iterator[None]:
        if not tips:
            tips.append(commit(root, "user.py", "y = 1\n"))
        yield

    landing = land_with(root, limit)
    assert only(landing).status is Status.FIXED
    assert git(root, "rev-parse", "HEAD^") == tips[0]


def test_tip_never_stands_still(make_repo: MakeRepo) -> None:
    """When the branch moves again and again the run gives up with the reason and the patch kept, and loses nothing."""
    root = make_repo({"a.py": UNUSED})
    tips: list[str] = []

    @contextlib.contextmanager
    def limit() -> Iterator[None]:
        tips.append(commit(root, "user.py", f"y = {len(tips)}\n"))
        yield

    outcome = only(land_with(root, limit))
    assert outcome.status is Status.FAILED
    assert "the branch moved" in outcome.reason
    assert Path(outcome.patch_file).is_file()
    assert git(root, "rev-parse", "HEAD") == tips[-1]


def test_user_switched_to_another_branch(make_repo: MakeRepo) -> None:
    """When the user is on another branch by now, the branch of the run moves and the checkout stays."""
    root = make_repo({"a.py": UNUSED})
    landing = repair(root, before_landing=lambda: git(root, "switch", "--quiet", "-c", "elsewhere"))
    assert git(root, "rev-parse", "main") == only(landing).commit
    assert git(root, "rev-parse", "elsewhere") == git(root, "rev-parse", "main^")
    assert git(root, "status", "--short", "--branch") == "## elsewhere"
    assert (root / "a.py").read_text() == UNUSED


def test_branch_deleted_meanwhile(make_repo: MakeRepo) -> None:
    """A branch that was deleted during the run does not come back: the error names it."""
    root = make_repo({"a.py": UNUSED})

    def delete() -> None:
        git(root, "switch", "--quiet", "-c", "elsewhere")
        git(root, "branch", "--quiet", "-D", "main")

    with pytest.raises(RepositoryError, match="main was deleted"):
        repair(root, before_landing=delete)
    assert git(root, "branch", "--format=%(refname:short)") == "elsewhere"


def test_culprit_is_dropped_by_bisection(make_repo: MakeRepo) -> None:
    """The one fix that breaks a test is found and dropped with the reason and its patch; the rest lands."""
    body = "import os\n\n\ndef double(x):\n    return x + x\n"
    names = ("one", "two", "three", "four")
    check = "\n\n\n".join(f"def test_{n}():\n    assert {n}.double(2) == 4" for n in names)
    imports = "".join(f"import {n}\n" for n in sorted(names))
    root = make_repo({**{f"{n}.py": body for n in names}, "test_all.py": f"{imports}\n\n{check}\n"})
    rules = (
        {"path": "three.py", "action": "wrong_fix"},
        *({"path": f"{n}.py", "action": "drop_lines"} for n in names if n != "three"),
    )
    landing = repair(root, agents=scripted(root, *rules, max_attempts=1), test_validation="final")
    culprit = by_path(landing)["three.py"]
    assert culprit.status is Status.FAILED
    assert "test_three" in culprit.reason
    assert "+    return not x + x" in Path(culprit.patch_file).read_text()
    assert sorted(entry.path for entry in landing.landed) == ["four.py", "one.py", "two.py"]
    assert (root / "three.py").read_text() == body


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"import os\r\nx = 1\r\ny = 2\r\n", b"x = 1\r\ny = 2\r\n"),
        (b"import os\nx = 1", b"x = 1"),
        (b"\xef\xbb\xbfimport os\nx = 1\n", b"\xef\xbb\xbfx = 1\n"),
        (b"\xef\xbb\xbfimport os\r\nx = 1", b"\xef\xbb\xbfx = 1"),
        ("import os\nx = 'naïve ☃ \u2028'\n".encode(), "x = 'naïve ☃ \u2028'\n".encode()),
        (b"import os\nx = 1  \n\x0c\ny = 2\t\n", b"x = 1  \n\x0c\ny = 2\t\n"),
        (b"import os\nx = '''a\r\nb'''\n", b"x = '''a\r\nb'''\n"),
    ],
    ids=["crlf", "no final newline", "bom", "bom crlf no final newline", "non-ascii", "form feed", "mixed endings"],
)
def test_bytes_are_preserved(make_repo: MakeRepo, before: bytes, after: bytes) -> None:
    """Line endings, a byte order mark and the end of the file stay as they are, in the commit and in the checkout."""
    root = make_repo({"a.py": before})
    landing = repair(root)
    assert only(landing).status is Status.FIXED
    assert raw(root, "cat-file", "blob", "HEAD:a.py") == after
    assert (root / "a.py").read_bytes() == after
    assert git(root, "status", "--short") == ""


@pytest.mark.parametrize("way", ["core.autocrlf", "attribute"])
def test_converted_line_endings(make_repo: MakeRepo, way: str) -> None:
    """Where git converts line endings, the commit has LF and the checkout CRLF, as before."""
    files = {".gitattributes": "*.py text eol=crlf\n"} if way == "attribute" else {}
    root = make_repo({**files, "a.py": UNUSED})
    if way == "core.autocrlf":
        git(root, "config", "core.autocrlf", "true")
    (root / "a.py").unlink()
    git(root, "checkout", "--quiet", "--", "a.py")
    assert (root / "a.py").read_bytes() == b"import os\r\nx = 1\r\n"
    assert only(repair(root)).status is Status.FIXED
    assert raw(root, "cat-file", "blob", "HEAD:a.py") == CURED.encode()
    assert (root / "a.py").read_bytes() == b"x = 1\r\n"
    assert git(root, "status", "--short") == ""


def test_executable_bit_is_preserved(make_repo: MakeRepo) -> None:
    """A script stays executable, in the commit and in the checkout."""
    root = make_repo({"a.py": "#!/usr/bin/env python3\n" + UNUSED})
    (root / "a.py").chmod(0o755)
    git(root, "commit", "--quiet", "-am", "mode")
    assert only(repair(root)).status is Status.FIXED
    assert git(root, "ls-tree", "HEAD", "a.py").startswith("100755 ")
    assert os.access(root / "a.py", os.X_OK)


@pytest.mark.parametrize(
    "name",
    [
        "with space.py", "quo\"te's.py", "new\nline.py", "-dash.py", "--help.py", "naïve-☃.py", "tab\t.py", "back\\slash.py",
        ":colon.py", "[ab]*?.py", "{x},y.py", "#hash.py", "!bang.py", "$HOME.py", " lead.py", "-d/in folder/-f.py",
    ],
)  # fmt: skip
def test_any_name_lands(make_repo: MakeRepo, name: str) -> None:
    """A file of any name is repaired and lands under exactly that name."""
    root = make_repo({name: UNUSED})
    landing = repair(root)
    assert [(o.path, o.status) for o in landing.outcomes] == [(name, Status.FIXED)]
    assert raw(root, "show", "--name-only", "--format=", "-z", "HEAD") == name.encode() + b"\0"
    assert (root / name).read_text() == CURED
    assert git(root, "rev-list", "--count", "HEAD") == "2"
    assert len(git(root, "log", "-1", "--format=%(trailers:key=Stomper-Run)").splitlines()) == 1


def test_all_odd_names_together(make_repo: MakeRepo) -> None:
    """Many odd names in one run are one commit each and one patch file each."""
    names = ["a b.py", "a_b.py", "a\nb.py", "a\tb.py", "ä.py", "ö.py"]
    root = make_repo(dict.fromkeys(names, UNUSED))
    landing = repair(root, land="patch")
    assert {o.path for o in landing.outcomes} == set(names)
    assert len({o.patch_file for o in landing.outcomes}) == len(names)


@pytest.mark.parametrize("land_as", ["commit", "branch", "patch"])
def test_no_traces_in_the_target(make_repo: MakeRepo, land_as: str) -> None:
    """No worktree, ref, alternate or file of the run's own is left in the repository, and `git fsck` is clean."""
    root = make_repo({"a.py": UNUSED, "b.py": UNUSED})
    git(root, "tag", "v1")
    repair(root, land=land_as, branch_name="fixes")
    refs = git(root, "for-each-ref", "--format=%(refname)").split()
    assert refs == ["refs/heads/fixes"] * (land_as == "branch") + ["refs/heads/main", "refs/tags/v1"]
    assert len(git(root, "worktree", "list").splitlines()) == 1
    for name in ("worktrees", "FETCH_HEAD", "MERGE_HEAD", "index.lock", "objects/info/alternates", "refs/stomper"):
        assert not (root / ".git" / name).exists()
    assert raw(root, "fsck", "--full", "--strict", "--no-dangling", "--no-progress") == b""
    assert git(root, "remote") == ""


def test_landing_is_repeatable(make_repo: MakeRepo) -> None:
    """A second run over a repaired repository finds nothing and commits nothing."""
    root = make_repo({"a.py": UNUSED})
    repair(root)
    tip = git(root, "rev-parse", "HEAD")
    landing = repair(root)
    assert (landing.outcomes, landing.landed) == ((), ())
    assert git(root, "rev-parse", "HEAD") == tip


def test_linked_worktree_as_the_target(make_repo: MakeRepo) -> None:
    """A run in a linked worktree lands on that worktree's branch and leaves the main checkout alone."""
    root = make_repo({"a.py": UNUSED})
    linked = root.parent / "linked"
    git(root, "worktree", "add", "--quiet", "-b", "side", str(linked))
    assert only(repair(linked)).status is Status.FIXED
    assert git(linked, "rev-list", "--count", "main..side") == "1"
    assert git(root, "status", "--short", "--branch") == "## main"
    assert ((root / "a.py").read_text(), (linked / "a.py").read_text()) == (UNUSED, CURED)
    assert git(linked, "status", "--short") == ""


def test_shallow_clone_as_the_target(make_repo: MakeRepo) -> None:
    """A fix lands in a shallow clone, which stays shallow and sound."""
    origin = make_repo({"a.py": UNUSED}, "origin")
    commit(origin, "b.py", "y = 1\n")
    root = origin.parent / "shallow"
    git(origin.parent, "clone", "--quiet", "--depth=1", f"file://{origin}", str(root))
    assert only(repair(root)).status is Status.FIXED
    assert git(root, "rev-parse", "--is-shallow-repository") == "true"
    assert git(root, "rev-list", "--count", "HEAD") == "2"
    assert raw(root, "fsck", "--no-dangling", "--no-progress") == b""


def test_signing_does_not_stop_landing(make_repo: MakeRepo) -> None:
    """Landing works, without asking for a key, where the user signs commits."""
    root = make_repo({"a.py": UNUSED})
    git(root, "config", "commit.gpgSign", "true")
    git(root, "config", "gpg.program", "/nonexistent/gpg")
    assert only(repair(root)).status is Status.FIXED


def test_merge_configuration_does_not_stop_landing(make_repo: MakeRepo) -> None:
    """`merge.ff = false` and `merge.autoStash` of the user do not change how the branch is moved."""
    root = make_repo({"a.py": UNUSED})
    git(root, "config", "merge.ff", "false")
    git(root, "config", "merge.autoStash", "true")
    assert only(repair(root)).status is Status.FIXED
    assert git(root, "rev-list", "--merges", "HEAD") == ""


def test_signature_checks_do_not_stop_landing(make_repo: MakeRepo) -> None:
    """`merge.verifySignatures` of the user, which is about what others send, does not keep fixes out."""
    root = make_repo({"a.py": UNUSED})
    git(root, "config", "merge.verifySignatures", "true")
    assert only(repair(root)).status is Status.FIXED
    assert git(root, "rev-list", "--count", "HEAD") == "2"


def test_name_that_is_not_utf8(make_repo: MakeRepo) -> None:
    """A file whose name is not UTF-8 does not keep the others from landing."""
    root = make_repo({"caf\udce9.py": UNUSED, "a.py": UNUSED})
    landing = repair(root)
    assert "a.py" in [entry.path for entry in landing.landed]
    assert git(root, "status", "--short") == ""


def test_submodules_stay(make_repo: MakeRepo) -> None:
    """A fix lands in a repository with a submodule, whose entry and checkout stay as they are."""
    library = make_repo({"lib.py": UNUSED}, "library")
    root = make_repo({"a.py": UNUSED})
    git(root, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library), "vendor")
    git(root, "commit", "--quiet", "-m", "submodule")
    before = git(root, "submodule", "status")
    assert only(repair(root)).path == "a.py"
    assert git(root, "submodule", "status") == before
    assert (root / "vendor" / "lib.py").read_text() == UNUSED
    assert git(root, "status", "--short") == ""


def test_index_flags_stay(make_repo: MakeRepo) -> None:
    """Files marked assume-unchanged or skip-worktree keep their marks."""
    root = make_repo({"a.py": UNUSED, "b.txt": "1\n", "c.txt": "1\n"})
    git(root, "update-index", "--assume-unchanged", "b.txt")
    git(root, "update-index", "--skip-worktree", "c.txt")
    before = git(root, "ls-files", "-v")
    assert only(repair(root)).status is Status.FIXED
    assert git(root, "ls-files", "-v") == before
