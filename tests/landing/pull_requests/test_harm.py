"""What must never come of pull requests: a set that was not proven, people's work lost, a token at the wrong host."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from stomper.campaigns import seals
from stomper.campaigns.campaign import Campaign, Carried
from stomper.config.parameters import FixParameters
from stomper.errors import SettingsError
from stomper.fixing.session import Session
from stomper.landing.approval import Answer
from stomper.landing.pull_requests import carried_fixes
from stomper.models import Outcome, Status
from stomper.run.open import plan
from tests.support.campaigns import FIXED, UNUSED, Place, only, outcome, serve
from tests.support.repositories import MakeRepo, git, write

pytestmark = pytest.mark.slow

# Holds for both fixes together, and for none of them, but for no single one.
TOGETHER = (
    "import pathlib\n\n\ndef test_alike():\n"
    "    assert len({'import os' in pathlib.Path(n).read_text() for n in ('x/a.py', 'y/b.py')}) == 1\n"
)
PAIR = {"x/a.py": UNUSED, "y/b.py": UNUSED, "test_alike.py": TOGETHER}


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A repository whose two fixes hold only together."""
    monkeypatch.setenv("FORGE_TOKEN", "ghp_token_of_the_tests")
    with serve(tmp_path / "remote", PAIR) as served:
        yield served


@pytest.mark.parametrize("limit", [{"max_files": 1}, {"max_open": 1, "group_by": "folder"}])
def test_what_a_limit_left_of_a_set_is_proven_by_itself(pair: Place, limit: dict[str, object]) -> None:
    """Where a limit takes one of two fixes out, the other one is not proposed on the proof of both."""
    report = pair.run(pr=limit, test_validation="final")
    assert (pair.branches(), pair.requests) == ([], {})
    assert report.exit_code == 1
    assert outcome(report, "x/a.py").status is not Status.FIXED
    assert "test_alike" in outcome(report, "x/a.py").reason


def test_both_of_a_pair_are_proposed(pair: Place) -> None:
    """Without a limit the pair is in one pull request."""
    report = pair.run(test_validation="final")
    assert (report.exit_code, pair.files()) == (0, ["x/a.py", "y/b.py"])


MESS = {"a.py": UNUSED, "b.py": UNUSED}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A repository with two files to repair, at a forge."""
    monkeypatch.setenv("FORGE_TOKEN", "ghp_token_of_the_tests")
    with serve(tmp_path / "remote", MESS) as served:
        yield served


def everything(_shown: Sequence[Outcome], _timeout_s: float) -> Answer:
    """A yes to all of it."""
    return Answer("everything")


def test_what_was_approved_once_stays_proposed(place: Place) -> None:
    """A later run asks about what is new alone; that nobody answers takes nothing out of the pull request."""
    report = place.run(approve=True, ask=everything)
    assert (only(report).done, only(report).files, report.exit_code) == ("opened", ("a.py", "b.py"), 0)
    tip = place.tip()
    report = place.run(approve=True)
    assert (place.tip(), place.one.state, report.exit_code) == (tip, "open", 0)
    place.commit("main", {"c.py": UNUSED})
    shown: list[str] = []

    def ask(outcomes: Sequence[Outcome], _: float) -> Answer | None:
        shown.extend(o.path for o in outcomes)
        return None

    report = place.run(approve=True, ask=ask)
    assert (shown, place.files(), place.one.state) == (["c.py"], ["a.py", "b.py"], "open")
    assert (outcome(report, "c.py").status, report.exit_code) == (Status.WAITING, 1)


def test_what_is_other_than_what_was_approved_is_asked_about(place: Place) -> None:
    """A fix that is more than what is in the pull request is asked about anew."""
    place.run(approve=True, ask=everything)
    place.commit("main", {"b.py": "import sys\n" + UNUSED})
    shown: list[str] = []

    def ask(outcomes: Sequence[Outcome], _: float) -> Answer | None:
        shown.extend(o.path for o in outcomes)
        return Answer("nothing")

    place.run(approve=True, ask=ask)
    assert shown == ["b.py"]
    assert place.files() == ["a.py"]


def test_a_commit_made_during_the_proof_keeps_the_pull_request_open(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By our look nothing is left for it; somebody pushes to its branch before it is closed."""
    place.run()
    place.commit("main", dict.fromkeys(MESS, FIXED))
    theirs: list[str] = []
    plain = carried_fixes.carried

    def late(session: Session, campaign: Campaign, paths: Sequence[str]) -> Carried:
        theirs.append(place.commit("stomper/fixes", {"more.txt": "by hand\n"}))
        return plain(session, campaign, paths)

    monkeypatch.setattr(carried_fixes, "carried", late)
    report = place.run()
    assert place.tip() == theirs[0]
    assert (place.one.state, place.one.comments) == ("open", [])
    assert only(report).done == "left as it is"
    assert "was changed meanwhile" in only(report).notes[0]


@pytest.mark.parametrize(
    "said",
    [
        "Stomper-File: no JSON\nStomper-Campaign: fixes 1 of 1\n",
        "Stomper-File: [1]\nStomper-Campaign: fixes 1 of 1\n",
        'Stomper-File: {"path": 3, "codes": []}\nStomper-Campaign: fixes 1 of 1\n',
        'Stomper-File: {"path": "a.py", "codes": [3]}\nStomper-Campaign: fixes 1 of 1\n',
        'Stomper-File: {"path": "a.py", "codes": 3}\nStomper-Campaign: fixes 1 of 1\n',
        f"Stomper-File: {'[' * 100_000}\nStomper-Campaign: fixes 1 of 1\n",
        f"Stomper-File: {{}}\nStomper-Campaign: fixes {'1' * 5000} of {'1' * 5000}\n",
    ],
)
def test_a_seal_that_somebody_else_made(place: Place, said: str) -> None:
    """Whoever knows how can seal what Stomper would never write: it is left to people, and ends no run."""
    work = place.checkout("main")
    write(work, {"a.py": FIXED})
    git(work, "add", "--all")
    tree, before = git(work, "write-tree"), git(work, "rev-parse", "HEAD^{tree}")
    maker, words = b"Eve <eve@example.org> 1 +0000", f"fix: mine\n\n{said}".encode()
    sealed = words + b"Stomper-Seal: %s\n" % seals.seal(tree, before, maker, words).encode()
    head = f"tree {tree}\nparent {git(work, 'rev-parse', 'HEAD')}\n".encode()
    raw = head + b"author %s\ncommitter %s\n\n%s" % (maker, maker, sealed)
    (work.parent / "raw").write_bytes(raw)
    commit = git(work, "hash-object", "-t", "commit", "-w", str(work.parent / "raw"))
    git(work, "push", "--quiet", "origin", f"{commit}:refs/heads/stomper/fixes")
    report = place.run()
    assert place.tip() == commit
    assert "by Eve (fix: mine) is on it" in outcome(report, "a.py").reason


@pytest.mark.parametrize("table", ['forge = "github"', 'forge = "github"\ntoken_env = "ANTHROPIC_API_KEY"'])
def test_a_repository_does_not_decide_where_a_token_goes(
    make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    """That its host is a forge, and which variable holds the token, are words of its own: they send no token there."""
    for name in ("GH_HOST", "GITHUB_SERVER_URL", "GITLAB_HOST", "CI_SERVER_URL", "STOMPER_PR__API"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GH_TOKEN", "ghp_of_the_operator")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-of-the-operator")
    root = make_repo({"stomper.toml": f'land = "pr"\n[pr]\n{table}\n', "a.py": UNUSED})
    git(root, "remote", "add", "origin", "https://forge.example/acme/tool.git")
    parameters = FixParameters(repository=str(root))
    with pytest.raises(SettingsError, match=r"would go to forge\.example"):
        plan(parameters)
    # What the operator names may go there.
    named = parameters.model_copy(update={"settings": {"pr": {"forge": "github", "token_env": "GH_TOKEN"}}})
    assert plan(named).settings.land == "pr"
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://forge.example")
    assert plan(parameters).settings.land == "pr"
    git(root, "remote", "set-url", "origin", "git@github.com:acme/tool.git")
    monkeypatch.delenv("GITHUB_SERVER_URL")
    assert plan(parameters).settings.land == "pr"


def test_what_people_closed_is_not_proposed_again_without_its_branch(place: Place) -> None:
    """Who closes a pull request and deletes its branch has said no as well; a later pull request remembers it."""
    place.run()
    place.stub.store.end(1)
    git(place.bare, "branch", "--quiet", "-D", "stomper/fixes")
    report = place.run()
    assert (len(place.requests), place.branches(), report.exit_code) == (1, [], 1)
    assert "was closed without merging it" in outcome(report, "a.py").reason
    place.commit("main", {"c.py": UNUSED})
    report = place.run()
    assert (only(report).done, only(report).files) == ("opened", ("c.py",))
    report = place.run()
    assert (len(place.requests), only(report).files) == (2, ("c.py",))
