"""Landing by pull requests: one for each campaign, kept up to date, and never over what people did."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stomper.errors import StomperError
from stomper.forges.base import ForgeError
from stomper.models import Status
from tests.support.campaigns import (
    BOTH,
    BOTH_AT_NIGHT,
    CREATE,
    FIXED,
    MESS,
    UNUSED,
    Place,
    calls,
    only,
    outcome,
    serve,
)
from tests.support.forges.server import Fault
from tests.support.repositories import git, write
from tests.support.runs import command, scripted, snapshot


@pytest.fixture(params=["github"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A repository with two files to repair, at a forge."""
    with serve(tmp_path / "remote", MESS, request.param) as served:
        monkeypatch.setenv("FORGE_TOKEN", served.stub.token)
        yield served


@BOTH
def test_fixes_become_one_pull_request(place: Place) -> None:
    """The branch of the campaign has a commit for each file, main is as it was, and the pull request says what it is."""
    before = place.tip("main")
    report = place.run(pr={"labels": ["bot"], "reviewers": ["ann"]})
    assert (report.exit_code, report.failure) == (0, "")
    request = only(report)
    assert (request.done, request.number, request.branch) == ("opened", 1, "stomper/fixes")
    assert request.files == ("a.py", "b.py")
    held = place.one
    assert (held.branch, held.base, held.labels, held.reviewers) == ("stomper/fixes", "main", ["bot"], ["ann"])
    assert held.title == "fix: resolve 2 errors in 2 files"
    assert "| `F401` | 2 | 2 |" in held.body
    assert place.files() == ["a.py", "b.py"]
    assert place.tip("main") == before
    assert git(place.bare, "rev-list", "--count", "main..stomper/fixes") == "2"
    assert {o.commit for o in report.outcomes} == set(git(place.bare, "rev-list", "main..stomper/fixes").splitlines())


@BOTH_AT_NIGHT
def test_a_second_run_changes_nothing(place: Place) -> None:
    """The same state leads to the same branch: nothing is pushed, the pull request stays as it is."""
    place.run()
    tip, body = place.tip(), place.one.body
    report = place.run()
    assert only(report).done == "unchanged"
    assert (place.tip(), place.one.body, report.exit_code) == (tip, body, 0)


@pytest.mark.slow
def test_what_was_cleaned_up_is_named_whoever_proves_it_again(place: Place, tmp_path: Path) -> None:
    """A second run on another machine builds the commits anew, and they say all that they do."""
    brought = {"a.py": "from typing import List\n\nx: List[int] = []\n", "b.py": "y = 1\n"}
    place.commit("main", {**brought, "ruff.toml": 'target-version = "py311"\nlint.select = ["UP006", "F401"]\n'})
    rules: dict[str, Any] = {"checkers": {"ruff": {}}, "select": ["UP006"]}
    place.run(**rules)
    before = place.tip()
    (tmp_path / "state").rename(tmp_path / "forgotten")
    place.commit("main", {"c.py": "z = 1\n"})
    report = place.run(**rules)
    assert place.tip() != before
    assert [attempt.reused for attempt in outcome(report, "a.py").attempts] == [True]
    assert "cleaned up after UP006: F401" in git(place.bare, "log", "-1", "--format=%B", "stomper/fixes")


def test_what_is_on_the_branch_is_not_bought_again(place: Place, tmp_path: Path) -> None:
    """On another machine, where nothing is remembered, a second run asks no agent for what the branch has; a new error
    is all that it pays for."""
    agent = command(tmp_path / "repo", "fix")
    place.run(agents=agent)
    assert calls(tmp_path) == 2
    place.commit("main", {"c.py": UNUSED})
    (tmp_path / "state").rename(tmp_path / "forgotten")
    report = place.run(agents=agent)
    assert calls(tmp_path) == 3
    assert (only(report).done, only(report).files, len(place.requests)) == ("updated", ("a.py", "b.py", "c.py"), 1)
    assert [outcome(report, name).agent for name in ("a.py", "b.py", "c.py")] == ["mine"] * 3
    assert "3 calls of agents" in place.one.body
    assert git(place.bare, "merge-base", "main", "stomper/fixes") == place.tip("main")


@BOTH_AT_NIGHT
def test_the_base_moved(place: Place) -> None:
    """The commits are made anew on the new base; a fix whose lines are others by now is asked for again."""
    place.run()
    place.commit("main", {"a.py": "import sys\n" + UNUSED, "d.txt": "more\n"})
    report = place.run()
    assert only(report).done == "updated"
    assert git(place.bare, "merge-base", "main", "stomper/fixes") == place.tip("main")
    assert git(place.bare, "show", "stomper/fixes:a.py").strip() == FIXED.strip()


@pytest.mark.slow
def test_a_run_of_some_files_keeps_the_others(place: Place) -> None:
    """What is on the branch of files that were not asked for stays on it, proven again; nothing is closed for them."""
    place.run()
    place.commit("main", {"c.py": UNUSED})
    report = place.run(paths=["c.py"])
    assert (only(report).done, only(report).files) == ("updated", ("a.py", "b.py", "c.py"))
    assert [o.path for o in report.outcomes] == ["c.py"]
    place.commit("main", {"c.py": FIXED, "a.py": "import os\nimport os.path\nprint(2)\n", "b.py": "import json as j\n"})
    tip = place.tip()
    report = place.run(paths=["c.py"])
    assert (only(report).done, place.tip(), place.one.state) == ("left as it is", tip, "open")


@pytest.mark.slow
def test_a_fix_of_another_file_that_does_not_hold_now_is_told(place: Place) -> None:
    """A run of some files makes the branch anew without it, and says so."""
    place.run()
    place.commit("main", {"c.py": UNUSED, "b.py": "import json as os\n\nprint('another file by now')\n"})
    report = place.run(paths=["c.py"])
    assert only(report).files == ("a.py", "c.py")
    (said,) = [w for w in report.warnings if "taken off branch stomper/fixes" in w]
    assert said.startswith("the fix of b.py was taken off")


def test_groups_by_folder_within_the_limits(tmp_path: Path, place: Place) -> None:
    """A pull request for each folder, no more than `max_open` at once and `max_files` in each; the rest waits, kept."""
    place.commit("main", {f"{folder}/{n}.py": UNUSED for folder in ("one", "t w o") for n in range(3)})
    report = place.run(pr={"group_by": "folder", "max_open": 2, "max_files": 2})
    assert [r.branch.split(".")[1] for r in report.pull_requests] == ["one", "t-w-o"]
    assert [len(r.files) for r in report.pull_requests] == [2, 2]
    waiting = [o for o in report.outcomes if o.status is Status.WAITING]
    assert {o.path for o in waiting} == {"a.py", "b.py", "one/2.py", "t w o/2.py"}
    assert all(Path(o.patch_file).is_file() for o in waiting)
    assert "pr.max_open = 2" in outcome(report, "a.py").reason
    assert "pr.max_files = 2" in outcome(report, "one/2.py").reason
    agent = command(tmp_path / "repo", "fix")
    report = place.run(pr={"group_by": "folder", "max_open": 2, "max_files": 3}, agents=agent)
    assert [len(r.files) for r in report.pull_requests] == [3, 3]
    assert (outcome(report, "a.py").status, calls(tmp_path)) == (Status.SKIPPED, 2)  # what could not be opened anyhow


@pytest.mark.slow
@pytest.mark.parametrize("group_by", ["all", "folder"])
def test_what_relies_on_a_fix_elsewhere_is_not_proposed(tmp_path: Path, place: Place, group_by: str) -> None:
    """Two fixes that pass the tests only together: proposed in one pull request, and not in two that are merged apart."""
    sum_of_both = "from one import a\nfrom two import b\n\n\ndef test_sum():\n    assert a.VALUE + b.VALUE == 2\n"
    module = "import os\n\nVALUE = 1\n"
    place.commit("main", {"one/a.py": module, "two/b.py": module, "test_sum.py": sum_of_both})
    rules = [{"path": path, "action": "replace", "old": module, "new": f"VALUE = {value}\n"}
             for path, value in (("one/a.py", 2), ("two/b.py", 0))]  # fmt: skip
    agents = scripted(tmp_path / "repo", *rules, max_attempts=1)
    report = place.run(pr={"group_by": group_by}, agents=agents, test_validation="final", paths=["one", "two"])
    proposed = {path for request in report.pull_requests for path in request.files}
    assert proposed == ({"one/a.py", "two/b.py"} if group_by == "all" else set())


@pytest.mark.slow
def test_groups_by_code_and_owners(place: Place) -> None:
    """A file goes with its most frequent code, or with who owns it by the last pattern that matches."""
    place.commit("main", {"c.py": 'import os\nimport sys\nprint(f"x")\n', "d.py": 'print(f"x")\n'})
    place.commit("main", {"CODEOWNERS": "* @core\na.py @ann # hers\n"})
    by_code = place.run(pr={"campaign": "codes", "group_by": "code"})
    assert {r.branch: r.files for r in by_code.pull_requests} == {
        "stomper/codes.F401": ("a.py", "b.py", "c.py"),
        "stomper/codes.F541": ("d.py",),
    }
    by_owner = place.run(pr={"group_by": "codeowners", "skip_files_in_open": False})
    assert sorted(r.files for r in by_owner.pull_requests) == [("a.py",), ("b.py", "c.py", "d.py")]
    assert {held.title.partition("(")[2] for held in place.requests.values()} >= {"@\u2060ann)", "@\u2060core)"}


@pytest.mark.parametrize(
    ("place", "status"),
    [
        ("github", 403),
        ("gitlab", 409),
        *(pytest.param("github", status, marks=pytest.mark.slow) for status in (409, 422, 500)),
        *(pytest.param("gitlab", status, marks=pytest.mark.slow) for status in (403, 422, 500)),
    ],
    indirect=["place"],
)
def test_the_forge_refuses_after_the_push(place: Place, status: int) -> None:
    """Nothing is lost: the branch is pushed, the patches are kept, the run says so; the next one opens it, for free."""
    place.api.faults.append(Fault("POST", CREATE, status, "No.", times=99))
    report = place.run()
    assert (report.exit_code, place.requests) == (2, {})
    assert "branch stomper/fixes is pushed, but its pull request failed" in report.failure
    assert all(Path(o.patch_file).is_file() for o in report.outcomes)
    place.api.faults.clear()
    tip = place.tip()
    report = place.run()
    assert (report.exit_code, only(report).done, place.tip()) == (0, "opened", tip)


@BOTH
def test_the_forge_cannot_be_asked_at_first(place: Place) -> None:
    """Then nothing is begun."""
    place.api.faults.append(Fault("GET", CREATE, 403, "No.", times=99))
    with pytest.raises(ForgeError):
        place.run()
    assert place.branches() == []


def test_a_checkout_is_not_touched(place: Place, tmp_path: Path) -> None:
    """Over a path, everything in it stays as it is, bit for bit, the refs and objects too."""
    root = tmp_path / "mine"
    git(tmp_path, "clone", "--quiet", str(place.bare), str(root))
    git(root, "remote", "set-url", "origin", place.address.replace("http://", "http://user:secret@"))
    write(root, {"notes.txt": "mine\n"})
    place.commit("main", {"c.py": UNUSED})
    before = snapshot(root)
    report = place.run(path=root)
    assert snapshot(root) == before
    assert (only(report).files, report.exit_code) == (("a.py", "b.py", "c.py"), 0)
    assert any("that is what was worked on" in warning for warning in report.warnings)


def test_what_stands_against_it_is_said_at_once(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No origin, one on a disk, one of no forge, no token, an API elsewhere: before anything is done."""
    root = tmp_path / "mine"
    git(tmp_path, "clone", "--quiet", str(place.bare), str(root))
    with pytest.raises(StomperError, match="on no forge"):
        place.run(path=root)
    git(root, "remote", "remove", "origin")
    with pytest.raises(StomperError, match="no remote `origin`"):
        place.run(path=root)
    git(root, "remote", "add", "origin", place.address)
    with pytest.raises(StomperError, match="does not tell its forge"):
        place.run(path=root, pr={"forge": "", "api": ""})
    with pytest.raises(StomperError, match="STOMPER_PR__API"):
        place.run(path=root, pr={"api": "https://evil.example/api/v3"})
    monkeypatch.delenv("FORGE_TOKEN")
    with pytest.raises(StomperError, match="needs a token: set FORGE_TOKEN"):
        place.run(path=root)
    for name in ("GH_TOKEN", "GITHUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(StomperError, match="set GH_TOKEN or GITHUB_TOKEN"):
        place.run(path=root, pr={"token_env": ""})


@pytest.mark.slow
def test_cosmetic_commits_for_git_blame(place: Place) -> None:
    """What was merged and changes nothing but looks is put into `.git-blame-ignore-revs`, by its name in main."""
    rules = {"ruff": {"args": ["--select", "W291,F401"]}}
    place.commit("main", {"w.py": "x = 1 \n"})
    place.run(checkers=rules)
    work = place.checkout("main")
    git(work, "cherry-pick", "--allow-empty", "origin/main..origin/stomper/fixes")
    git(work, "push", "--quiet", "origin", "main")
    cosmetic = git(work, "log", "-1", "--format=%H", "--", "w.py")
    place.one.head, place.one.state, place.one.merged = place.tip(), "closed", True
    place.commit("main", {"c.py": UNUSED})
    place.run(checkers=rules, pr={"blame_ignore_revs": True})
    listed = git(place.bare, "show", "stomper/fixes:.git-blame-ignore-revs").splitlines()
    assert [line for line in listed if not line.startswith("#")] == [cosmetic]
    tip = place.tip()
    assert only(place.run(checkers=rules, pr={"blame_ignore_revs": True})).done == "unchanged"
    assert place.tip() == tip


@pytest.mark.slow
def test_odd_names(place: Place) -> None:
    """Names that forges would act on, or that are no words, are shown as code, and land."""
    names = ["@ann fixes #1|`x`.py", "new\nline.py", "é ñ.py"]
    place.commit("main", dict.fromkeys(names, UNUSED))
    report = place.run()
    assert set(only(report).files) == {*names, *MESS}
    assert "`@ann fixes #1\\|'x'.py`" in place.one.body
    said = git(place.bare, "log", "--format=%s", "main..stomper/fixes")
    assert "@ann" not in said and "#1" not in said
    assert only(place.run()).done == "unchanged"
