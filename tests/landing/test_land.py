"""What landing does to the user's repository, and what it leaves alone."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from stomper.errors import RepositoryError
from stomper.fixing.fix_file import process_file
from stomper.git.change_sums import as_words, change_sum
from stomper.landing.land import land
from stomper.models import Status
from tests.support.repositories import MakeRepo, git, open_run, write
from tests.support.runs import RULES, by_path, commit, only, raw, repair, scripted, snapshot, started

UNUSED = "import os\nx = 1\n"
CURED = "x = 1\n"
HOOKS = (
    "applypatch-msg", "pre-commit", "prepare-commit-msg", "commit-msg", "post-commit", "pre-merge-commit", "post-merge",
    "post-checkout", "post-rewrite", "post-index-change", "reference-transaction", "pre-auto-gc", "update",
)  # fmt: skip


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
        "Stomper-Risk: logic",
        "Stomper-Codes: ruff:F401, ruff:F541",
        f"Stomper-Change: {as_words(change_sum(raw(root, 'diff-tree', '-p', 'HEAD~1', 'HEAD')))}",
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
    with pytest.raises(RepositoryError, match="taken is there already"):
        repair(root, land="branch", branch_name="taken")
    assert git(root, "rev-parse", "taken") == git(root, "rev-parse", "HEAD")


def test_a_repository_with_hashes_of_another_kind(tmp_path: Path) -> None:
    """SHA-256 in the place of SHA-1."""
    root = tmp_path / "repo"
    git(tmp_path, "init", "--quiet", "--object-format=sha256", str(root))
    commit(root, "a.py", UNUSED)
    assert only(repair(root)).status is Status.FIXED
    assert raw(root, "cat-file", "blob", "HEAD:a.py") == CURED.encode()


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


@pytest.mark.slow
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


def test_two_runs_over_one_repository(make_repo: MakeRepo) -> None:
    """Both have repaired the same file; the one that lands second finds it done and lands the rest."""
    root = make_repo({"a.py": UNUSED, "b.py": UNUSED})
    first = open_run(root, checkers=RULES, test_validation="none", include=["a.py"])
    second = open_run(root, checkers=RULES, test_validation="none")
    outcomes = []
    for session in (first, second):
        session.collect()
        outcomes.append([process_file(session, job) for job in session.select()[0]])
    assert len(land(first, outcomes[0], contextlib.nullcontext).landed) == 1
    landing = land(
        second, outcomes[1], contextlib.nullcontext, lambda jobs: [process_file(second, job) for job in jobs]
    )
    first.close()
    second.close()
    assert by_path(landing)["a.py"].status is Status.SKIPPED
    assert [entry.path for entry in landing.landed] == ["b.py"]
    assert git(root, "rev-list", "--count", "HEAD") == "3"


def test_many_files_land_with_as_many_processes_as_few(make_repo: MakeRepo) -> None:
    """What landing asks of git and the checkers it asks of all files at once."""
    counts = []
    for size in (2, 12):
        root = make_repo({f"{n}.py": f"import os\nvalue = {n}\n" for n in range(size)}, f"of-{size}")
        session = open_run(root, checkers=RULES, test_validation="none")
        session.collect()
        outcomes = [process_file(session, job) for job in session.select()[0]]
        with started() as lines:
            assert len(land(session, outcomes, contextlib.nullcontext).landed) == size
        session.close()
        counts.append(len(lines))
    assert counts[0] == counts[1]
