"""Repositories by their address: fetched into a mirror, repaired in a checkout of our own, pushed by a fast-forward."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

import pytest

from stomper.errors import RepositoryError, SettingsError
from stomper.models import Status
from tests.support.git_http import GitServer
from tests.support.remotes import FIXED, UNUSED, bare, commit_on, count, file_at, hold, hook, repair_at
from tests.support.repositories import git
from tests.support.runs import only

MESS = {"a.py": UNUSED, "b.py": UNUSED}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A remote with two files to repair."""
    return bare(tmp_path / "remote", MESS)


def refs(place: Path) -> list[str]:
    """The references of the remote by name."""
    return git(place, "for-each-ref", "--format=%(refname)").splitlines()


@pytest.mark.parametrize("way", [pytest.param("file", marks=pytest.mark.slow), "http"])
@pytest.mark.parametrize("partial", [False, True])
def test_fixes_are_pushed_to_the_branch(place: Path, way: str, partial: bool) -> None:
    """One commit for each file on the remote's own branch, and nothing else goes there."""
    with GitServer(place.parent) as server:
        address = place.as_uri() if way == "file" else server.url(place.name)
        landing = repair_at(address, partial=partial)
    assert len(landing.landed) == 2
    assert count(place) == 3
    assert file_at(place, "a.py").strip() == FIXED.strip()
    assert refs(place) == ["refs/heads/main"]


def test_a_mirror_is_fetched_and_never_cloned_again(place: Path, fenced: Path) -> None:
    """The second run fetches what is new into the mirror of the first, and works in the same checkout."""
    repair_at(place.as_uri())
    (mirror,) = fenced.glob("remotes/*/mirror.git")
    inode = mirror.stat().st_ino
    commit_on(place, "c.py", UNUSED)
    landing = repair_at(place.as_uri())
    assert [entry.path for entry in landing.landed] == ["c.py"]
    assert [p.stat().st_ino for p in fenced.glob("remotes/*/mirror.git")] == [inode]
    assert len(list(fenced.glob("remotes/*/checkouts/*.lock"))) == 1


def test_a_branch_by_name(place: Path) -> None:
    """`ref` names the branch that is repaired and pushed to; one that is not there is said."""
    commit_on(place, "c.py", UNUSED, "main")
    git(place, "branch", "release", "main~1")
    landing = repair_at(place.as_uri(), ref="release")
    assert len(landing.landed) == 2
    assert (count(place, "release"), count(place)) == (3, 2)
    with pytest.raises(RepositoryError, match="has no branch nowhere"):
        hold(place.as_uri(), ref="nowhere")


def test_land_branch_pushes_a_new_branch(place: Path) -> None:
    """The branch is pushed as it is named; one that is there already is not touched."""
    landing = repair_at(place.as_uri(), land="branch", settings={"branch_name": "tidy", "sandbox": "none"})
    assert landing.landed
    assert (count(place, "tidy"), count(place)) == (1 + len(landing.landed), 1)
    with pytest.raises(RepositoryError, match="has a branch tidy already"):
        repair_at(place.as_uri(), land="branch", settings={"branch_name": "tidy"})


def test_land_branch_that_somebody_made_meanwhile(place: Path) -> None:
    """A branch of that name that came during the run is left as it is; the patches are kept."""
    landing = repair_at(
        place.as_uri(),
        land="branch",
        settings={"branch_name": "tidy", "sandbox": "none"},
        before_landing=lambda: git(place, "branch", "tidy", "main"),
    )
    assert not landing.landed
    assert "has a branch tidy already" in landing.failure
    assert count(place, "tidy") == 1


def test_land_patch_pushes_nothing(place: Path) -> None:
    """The fixes are files in the state folder, and the remote is as it was."""
    landing = repair_at(place.as_uri(), land="patch")
    assert {o.status for o in landing.outcomes} == {Status.FIXED}
    assert all(Path(o.patch_file).is_file() for o in landing.outcomes)
    assert (count(place), refs(place)) == (1, ["refs/heads/main"])


def test_the_branch_moved_meanwhile(place: Path) -> None:
    """A push that comes too late is fetched, built and proven again on the new tip; theirs stays below ours."""
    theirs: list[str] = []
    landing = repair_at(place.as_uri(), before_landing=lambda: theirs.append(commit_on(place, "c.py", "x = 1\n")))
    assert len(landing.landed) == 2
    assert count(place) == 4
    assert git(place, "rev-parse", "main~2") == theirs[0]


def test_the_same_file_was_repaired_meanwhile(place: Path) -> None:
    """What somebody pushed in the same lines wins."""
    landing = repair_at(place.as_uri(), before_landing=lambda: commit_on(place, "a.py", FIXED))
    assert [entry.path for entry in landing.landed] == ["b.py"]
    assert count(place) == 3


def test_a_branch_that_never_stands_still(place: Path) -> None:
    """After a few times it is given up, and the patches are kept."""
    counter = place / "counter"
    work = place.with_name(f"{place.name}.work")
    # Before it takes our push, the remote takes one of somebody else's: from within, without the hook.
    script = (
        f'test -n "$INNER" && exit 0\nn=$(cat {counter} 2>/dev/null || echo 0); echo $((n+1)) > {counter}\n'
        f"unset GIT_DIR GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES\ncd {work} || exit 1\n"
        "git fetch --quiet origin && git checkout --quiet --detach origin/main\n"
        "date +%N > moved.txt && git add moved.txt && git commit --quiet -m moved\n"
        "INNER=1 git push --quiet origin HEAD:refs/heads/main\n"
    )
    hook(place, "pre-receive", script)
    landing = repair_at(place.as_uri())
    assert not landing.landed
    assert counter.read_text().strip() == "5"
    assert all("moved 5 times" in o.reason and Path(o.patch_file).is_file() for o in landing.outcomes)


def test_a_hook_that_refuses(place: Path) -> None:
    """What the remote's hook says is told, nothing lands, and the proven patches are kept."""
    hook(place, "pre-receive", "echo 'main is protected: open a request' >&2\nexit 1")
    landing = repair_at(place.as_uri())
    assert not landing.landed
    assert "cannot push to branch main of file://" in landing.failure
    assert "main is protected: open a request" in landing.failure
    assert "pre-receive hook declined" in landing.failure
    assert all(Path(o.patch_file).is_file() for o in landing.outcomes)
    assert count(place) == 1
    hook(place, "pre-receive", "exit 0")
    assert len(repair_at(place.as_uri()).landed) == 2


def test_no_right_to_push(place: Path) -> None:
    """Who may read and not write is told so, and the patches are kept."""
    git(place, "config", "http.receivepack", "false")
    with GitServer(place.parent) as server:
        landing = repair_at(server.url(place.name))
    assert not landing.landed
    assert "cannot push to branch main of http://127.0.0.1" in landing.failure
    assert "it did not let us in with git's own credentials" in landing.failure
    assert all(Path(o.patch_file).is_file() for o in landing.outcomes)


def test_a_push_whose_answer_was_lost(place: Path) -> None:
    """The remote took the commits, but the push says that it failed: they have landed, once."""
    hook(place, "post-receive", 'kill -9 "$(ps -o ppid= -p $$ | tr -d " ")"')
    landing = repair_at(place.as_uri())
    assert len(landing.landed) == 2
    assert count(place) == 3


def damage(mirror: Path, how: str) -> None:
    """Break a mirror."""
    if how == "HEAD":
        (mirror / "HEAD").unlink()
    elif how == "packs":
        shutil.rmtree(mirror / "objects")
        (mirror / "objects").mkdir()
    elif how == "refs":
        shutil.rmtree(mirror / "refs")
        (mirror / "packed-refs").write_text("nonsense\n")
    elif how == "half":
        shutil.rmtree(mirror)
        (mirror / "objects").mkdir(parents=True)
    elif how == "locked":
        (mirror / "packed-refs.lock").touch()
        (mirror / "shallow.lock").touch()


@pytest.mark.parametrize("how", ["HEAD", "packs", "refs", "half", "locked"])
def test_a_broken_mirror_is_made_anew(place: Path, fenced: Path, how: str) -> None:
    """Whatever is wrong with the mirror, the next run has a sound one, and lands."""
    hold(place.as_uri()).close()
    (mirror,) = fenced.glob("remotes/*/mirror.git")
    damage(mirror, how)
    assert len(repair_at(place.as_uri()).landed) == 2
    assert git(mirror, "fsck") == ""


def test_a_file_of_the_mirror_rotted(place: Path, fenced: Path) -> None:
    """An object whose bytes are wrong is found when the checkout is made, and the mirror is made anew."""
    git(place, "config", "gc.auto", "0")
    hold(place.as_uri()).close()
    (mirror,) = fenced.glob("remotes/*/mirror.git")
    for file in mirror.glob("objects/??/*"):
        file.chmod(0o644)
        file.write_bytes(b"rot")
    for pack in mirror.glob("objects/pack/*.pack"):
        pack.chmod(0o644)
        pack.write_bytes(pack.read_bytes()[:40] + b"rot" * 30)
    for checkout in fenced.glob("remotes/*/checkouts/0"):
        shutil.rmtree(checkout)
    assert len(repair_at(place.as_uri()).landed) == 2


def test_a_broken_checkout_is_made_anew(place: Path) -> None:
    """What was left in Stomper's checkout by a dead run is not worked on."""
    remote = hold(place.as_uri())
    remote.close()
    (remote.root / ".git" / "index").write_bytes(b"nonsense")
    (remote.root / ".git" / "index.lock").touch()
    (remote.root / ".git" / "refs" / "heads" / "main.lock").touch()
    (remote.root / "a.py").write_text("left = 1\n")
    (remote.root / "new.py").write_text("left = 1\n")
    landing = repair_at(place.as_uri())
    assert sorted(entry.path for entry in landing.landed) == ["a.py", "b.py"]


def test_two_runs_at_once(place: Path, fenced: Path) -> None:
    """Each has a checkout of its own; the one that pushes first wins, and nothing is done twice."""
    both = threading.Barrier(2, timeout=60)
    landed: list[str] = []

    def run() -> None:
        landing = repair_at(place.as_uri(), before_landing=both.wait)
        landed.extend(entry.path for entry in landing.landed)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert sorted(landed) == ["a.py", "b.py"]
    assert count(place) == 3
    assert len(list(fenced.glob("remotes/*/checkouts/*.lock"))) == 2


def test_branches_come_and_go(place: Path) -> None:
    """`since` knows the remote's branches, and one that was replaced by a folder of branches is no trouble."""
    git(place, "branch", "old", "main")
    hold(place.as_uri()).close()
    git(place, "branch", "-D", "old")
    git(place, "branch", "old/new", "main")
    commit_on(place, "c.py", UNUSED)
    landing = repair_at(place.as_uri(), since="origin/old/new")
    assert [entry.path for entry in landing.landed] == ["c.py"]


def test_history_that_was_rewritten(place: Path) -> None:
    """The checkout follows a branch that somebody moved by force."""
    repair_at(place.as_uri())
    git(place, "update-ref", "refs/heads/main", "main~2")
    assert len(repair_at(place.as_uri()).landed) == 2
    assert count(place) == 3


def test_what_cannot_be_reached(tmp_path: Path) -> None:
    """No repository, nobody listening: said by the address, before anything is made."""
    with pytest.raises(RepositoryError, match=r"cannot look at file:///.*/none\.git: there is no such repository"):
        hold((tmp_path / "none.git").as_uri())
    with GitServer(tmp_path) as server:
        with pytest.raises(RepositoryError, match="there is no such repository, or not for git's own credentials"):
            hold(server.url("none.git"))
        gone = server.url("none.git")
    with pytest.raises(RepositoryError, match=r"cannot look at http://127.0.0.1.*: it cannot be reached"):
        hold(gone)


def test_an_empty_repository(tmp_path: Path) -> None:
    """There is nothing to repair in it, and it says so."""
    git(tmp_path, "init", "--quiet", "--bare", "empty.git")
    with pytest.raises(RepositoryError, match="tells no default branch, or is empty"):
        hold((tmp_path / "empty.git").as_uri())


def test_no_room_left(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full is said with the folder that is on it, and leaves no half mirror."""
    real = shutil.which("git")
    (tmp_path / "bin").mkdir()
    fake = tmp_path / "bin" / "git"
    fake.write_text(
        f'#!/bin/sh\ncase "$*" in *" fetch "*) echo "fatal: write error: No space left on device" >&2; exit 128;; esac\n'
        f'exec {real} "$@"\n'
    )
    fake.chmod(0o755)
    with monkeypatch.context() as patched:
        patched.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
        with pytest.raises(RepositoryError, match=f"there is no room left in {tmp_path / 'state'}"):
            hold(place.as_uri())
    assert not list((tmp_path / "state").glob("remotes/*/half-*"))
    assert len(repair_at(place.as_uri()).landed) == 2


def test_many_fetches_are_packed_together(place: Path, fenced: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mirror does not gather packs for ever, and what checkouts borrow stays."""
    monkeypatch.setattr("stomper.git.mirrors._MANY_PACKS", 0)
    for number in range(3):
        commit_on(place, f"c{number}.py", UNUSED)
        hold(place.as_uri()).close()
    (mirror,) = fenced.glob("remotes/*/mirror.git")
    assert len(list(mirror.glob("objects/pack/*.pack"))) == 1
    assert len(repair_at(place.as_uri()).landed) == 5


def test_what_is_only_for_addresses(tmp_path: Path, place: Path) -> None:
    """A branch for a path, or uncommitted work at an address, is a mistake that is said."""
    with pytest.raises(SettingsError, match="ref: only for a repository by its address"):
        hold(str(tmp_path), ref="main")
    with pytest.raises(SettingsError, match="give its path"):
        hold(place.as_uri(), changed=True)


def test_one_file_of_a_partial_clone(place: Path) -> None:
    """A partial mirror holds less than the history."""
    commit_on(place, "a.py", "import sys\n")
    with GitServer(place.parent) as server:
        remote = hold(server.url(place.name), partial=True)
    remote.close()
    old = git(place, "rev-parse", "main~1:a.py")
    missing = git(remote.mirror.path, "rev-list", "--objects", "--missing=print", "main")
    assert f"?{old}" in missing
    assert only(repair_at(place.as_uri(), paths=["a.py"])).path == "a.py"
