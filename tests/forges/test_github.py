"""Pull requests at GitHub, through a stub that holds every request to GitHub's published schemas."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from stomper.config import repository_url
from stomper.forges.base import Forge, ForgeError, RequestState
from stomper.forges.registry import forge_of
from stomper.forges.retries import Patience
from tests.support.clock import Clock
from tests.support.forges.github import GitHubStub
from tests.support.forges.repository import repository
from tests.support.forges.server import Fault, ForgeServer, serving
from tests.support.forging import FILES, NOON, WANTED, kept_secret, patient

PULLS = "/repos/acme/tool/pulls"


@pytest.fixture
def stub(tmp_path: Path) -> GitHubStub:
    """A repository with two branches that are ahead."""
    return GitHubStub.over(repository(tmp_path))


@pytest.fixture
def server(stub: GitHubStub) -> Iterator[ForgeServer]:
    """It served; neither a request nor an answer may be against the schemas."""
    with serving(stub) as running:
        yield running
    assert stub.violations == []


@pytest.fixture
def clock() -> Clock:
    """Time for the pauses."""
    return Clock()


@pytest.fixture
def forge(server: ForgeServer, stub: GitHubStub, clock: Clock) -> Forge:
    """What Stomper makes of it."""
    return opened(server, stub.token, patient(clock))


def opened(server: ForgeServer, token: str, patience: Patience) -> Forge:
    """The forge that a server is."""
    address = repository_url.parse("https://github.example/acme/tool.git")
    return forge_of(address, token, api=f"{server.api}/v3", patience=patience)


def test_create_opens_one(forge: Forge, stub: GitHubStub) -> None:
    """What is opened is what was wanted, and has the branch's head."""
    made = forge.create(WANTED)
    assert (made.number, made.state, made.branch, made.base) == (1, RequestState.OPEN, "stomper/all", "main")
    assert made.head == stub.store.tip("refs/heads/stomper/all")
    assert (made.title, made.body, made.draft, made.own) == ("Repair 3 errors", "One table\n", False, True)
    assert made.url == "https://github.example/acme/tool/pull/1"
    assert forge.notes == []


def test_create_takes_up_the_one_that_is_open(forge: Forge, stub: GitHubStub) -> None:
    """Where one from the branch is open, it is updated; one of a fork's branch of that name is not it."""
    stub.store.open("stomper/all", "main", "of a fork", "", fork="eve", ref="refs/heads/other")
    stub.store.open("stomper/all", "main", "old title", "old")
    made = forge.create(WANTED)
    assert (made.number, stub.store.held[2].title, stub.store.held[2].body) == (2, WANTED.title, WANTED.body)
    assert stub.store.held[1].title == "of a fork"


def test_what_is_so_already_is_not_written_again(forge: Forge, stub: GitHubStub, server: ForgeServer) -> None:
    """An update that changes nothing sends nothing but questions, labels and reviewers included."""
    wanted = replace(WANTED, draft=True, labels=("lint",), reviewers=("ann", "acme/core"))
    made = forge.create(wanted)
    stub.store.held[1].body = "One table\r\n"  # as a forge may keep it
    before = len(server.writes())
    assert forge.update(made.number, wanted).number == made.number
    assert server.writes()[before:] == []
    assert forge.update(made.number, replace(wanted, title="Repair 2 errors")).title == "Repair 2 errors"
    assert server.writes()[before:] == [f"PATCH /v3{PULLS}/1"]


def test_labels_and_reviewers_are_added(forge: Forge, stub: GitHubStub) -> None:
    """Those of others stay, the author is not asked, and who has given a review is not asked again."""
    held = stub.store.open("stomper/all", "main", "t", "b")
    held.labels, held.reviewers, held.reviewed = ["theirs"], ["bob"], ["ann"]
    forge.create(replace(WANTED, labels=("lint", "Theirs"), reviewers=("ann", "stomper-bot", "acme/core")))
    assert (held.labels, held.reviewers, held.teams) == (["theirs", "lint"], ["bob"], ["core"])
    assert forge.notes == []


def test_an_unknown_reviewer_is_a_note(forge: Forge, stub: GitHubStub) -> None:
    """The others are asked all the same."""
    forge.create(replace(WANTED, reviewers=("nobody", "ann")))
    assert stub.store.held[1].reviewers == ["ann"]
    assert len(forge.notes) == 1
    assert forge.notes[0].startswith("the reviewer nobody was not asked: Reviews may only be requested from")


def test_forbidden_labels_are_a_note(forge: Forge, server: ForgeServer) -> None:
    """The pull request is there, and the note says why it lacks them."""
    server.fail(Fault("POST", "/labels$", 403, "Resource not accessible by integration"))
    assert forge.create(replace(WANTED, labels=("lint",))).number == 1
    assert forge.notes == ["the labels lint were not set: Resource not accessible by integration"]


def test_a_repository_without_drafts(forge: Forge, stub: GitHubStub) -> None:
    """It is opened as an ordinary one, and a note says so."""
    stub.drafts = False
    assert not forge.create(replace(WANTED, draft=True)).draft
    why = "Validation Failed; Draft pull requests are not supported in this repository."
    assert forge.notes == [f"the pull request is no draft, since this repository has none: {why}"]


def test_draft_and_ready(forge: Forge, stub: GitHubStub) -> None:
    """It is switched both ways."""
    assert forge.create(replace(WANTED, draft=True)).draft
    assert not forge.update(1, WANTED).draft
    assert forge.update(1, replace(WANTED, draft=True)).draft
    assert stub.store.held[1].draft
    assert forge.notes == []


def test_auto_merge(forge: Forge, stub: GitHubStub, server: ForgeServer) -> None:
    """It is set once, by a method that the repository allows."""
    wanted = replace(WANTED, auto_merge=True)
    forge.create(wanted)
    forge.update(1, wanted)
    assert stub.store.held[1].auto_merge
    asked = [r.raw for r in server.requests if r.path == "/graphql"]
    assert len(asked) == 1
    assert b'"mergeMethod": "REBASE"' in asked[0]


def test_auto_merge_that_is_not_allowed(forge: Forge, stub: GitHubStub) -> None:
    """It is a note."""
    stub.auto_merge = False
    forge.create(replace(WANTED, auto_merge=True))
    assert forge.notes == ["auto-merge of #1 was not set: Pull request Auto merge is not allowed for this repository"]


def test_close_says_why_once(forge: Forge, stub: GitHubStub, server: ForgeServer) -> None:
    """A second time changes nothing; nor does the comment stand twice when only the answer was lost."""
    forge.create(WANTED)
    server.fail(Fault("POST", "/comments$", executed=True, cut=True))
    forge.close(1, "Nothing is left.")
    forge.close(1, "Nothing is left.")
    assert (stub.store.held[1].state, stub.store.held[1].comments) == ("closed", ["Nothing is left."])


def test_the_newest_of_a_branch(forge: Forge, stub: GitHubStub) -> None:
    """In any state, but none of a fork."""
    assert forge.latest_of("stomper/all") is None
    for merged in (False, True):
        stub.store.end(stub.store.open("stomper/all", "main", "t", "b").number, merged=merged)
    stub.store.open("stomper/all", "main", "of a fork", "", fork="eve", ref="refs/heads/other")
    found = forge.latest_of("stomper/all")
    assert found is not None
    assert (found.number, found.state) == (2, RequestState.MERGED)
    assert forge.latest_of("stomper/al") is None


def test_a_branch_of_an_odd_name(forge: Forge, stub: GitHubStub) -> None:
    """It is found again among those of names that look like it."""
    odd = "stomper/ü&a=b#+%2Fx"
    for number, name in enumerate((odd, "stomper/ü", "stomper/ü&a=b")):
        stub.store.branch(name, "other")
        assert forge.create(replace(WANTED, branch=name)).number == number + 1
    found = forge.latest_of(odd)
    assert found is not None
    assert (found.number, found.branch) == (1, odd)
    assert forge.create(replace(WANTED, branch=odd)).number == 1


def test_open_requests_are_all_of_them(forge: Forge, stub: GitHubStub) -> None:
    """Over several pages, the oldest first, those of forks as such."""
    for number in range(5):
        stub.store.open(f"b{number}", "main", "t", "", fork="eve" if number == 3 else "", ref="refs/heads/other")
    stub.store.end(2)
    found = forge.open_requests()
    assert [(one.number, one.own) for one in found] == [(1, True), (3, True), (4, False), (5, True)]


def test_files_are_all_of_them(forge: Forge, stub: GitHubStub) -> None:
    """Over several pages, with the old names of renamed ones."""
    stub.store.open("stomper/all", "main", "t", "")
    assert forge.files_of(1) == FILES
    assert forge.notes == []


def test_files_that_are_not_listed_are_a_note(forge: Forge, stub: GitHubStub) -> None:
    """GitHub ends its list at 3,000."""
    stub.store.open("stomper/all", "main", "t", "")
    stub.most_files = 2
    assert len(forge.files_of(1)) == 2
    assert forge.notes == ["#1 changes 5 files, and GitHub lists 2 of them (at most 3000)"]


@pytest.mark.parametrize(
    ("status", "words", "expected"),
    [
        (401, "Bad credentials", "the token is not accepted (Bad credentials)"),
        (
            403,
            "GitHub Actions is not permitted to create or approve pull requests",
            "contents and pull requests: write",
        ),
        (404, "Not Found", "it is not there, or the token has no access (Not Found)"),
        (409, "Conflict", "it was refused: Conflict"),
        (422, "Validation Failed", "it was refused: Validation Failed"),
        (418, "I am a teapot", "it answered 418 (I am a teapot)"),
    ],
)
def test_a_refusal_is_told(forge: Forge, server: ForgeServer, status: int, words: str, expected: str) -> None:
    """With the forge's words and the next step, and it is not tried again."""
    server.fail(Fault("POST", "/pulls$", status, words, times=9))
    with pytest.raises(ForgeError, match="could not open a pull request from stomper/all") as raised:
        forge.create(WANTED)
    assert expected in str(raised.value)
    assert server.writes() == [f"POST /v3{PULLS}"]


def test_a_failure_of_the_forge_is_tried_again_twice(forge: Forge, server: ForgeServer, clock: Clock) -> None:
    """A third one is an error."""
    server.fail(Fault("POST", "/pulls$", 502, times=2))
    assert forge.create(WANTED).number == 1
    server.fail(Fault("GET", "/pulls$", 500, times=3))
    with pytest.raises(ForgeError, match="a failure of its own"):
        forge.open_requests()
    assert clock.now - NOON == 6


def test_a_failure_that_says_when_is_waited_for(forge: Forge, server: ForgeServer, clock: Clock) -> None:
    """As long as it says."""
    server.fail(Fault("GET", "/pulls$", 503, headers={"Retry-After": "30"}))
    assert forge.open_requests() == []
    assert clock.now - NOON == 30


def test_a_lost_answer_does_not_open_a_second(forge: Forge, stub: GitHubStub, server: ForgeServer) -> None:
    """The one that was opened is found."""
    server.fail(Fault("POST", "/pulls$", executed=True, cut=True))
    assert forge.create(WANTED).number == 1
    assert list(stub.store.held) == [1]


def test_no_answer_at_all(forge: Forge, server: ForgeServer) -> None:
    """Three times."""
    server.fail(Fault("*", ".", cut=True, times=3))
    with pytest.raises(ForgeError, match="no answer came"):
        forge.open_requests()


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (429, {"Retry-After": "20"}),
        (403, {"Retry-After": "20"}),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{NOON + 19:.0f}"}),
        (429, {"Retry-After": "Fri, 15 Jan 2027 12:00:20 GMT"}),
    ],
)
def test_a_short_limit_is_waited_for(
    forge: Forge, server: ForgeServer, clock: Clock, status: int, headers: dict[str, str]
) -> None:
    """As long as the forge says."""
    server.fail(Fault("GET", "/pulls$", status, "slow down", headers))
    assert forge.open_requests() == []
    assert clock.now - NOON == 20


@pytest.mark.parametrize(
    ("headers", "until"),
    [
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{NOON + 600:.0f}"}, "12:10"),
        ({"Retry-After": "90"}, "12:01"),
    ],
)
def test_a_long_limit_is_an_error(
    forge: Forge, server: ForgeServer, clock: Clock, headers: dict[str, str], until: str
) -> None:
    """Which says until when, and nothing is waited for."""
    server.fail(Fault("GET", "/pulls$", 403, "API rate limit exceeded", headers, times=9))
    with pytest.raises(ForgeError, match=f"rate limit until {until} UTC: API rate limit exceeded"):
        forge.open_requests()
    assert clock.now == NOON


def test_patience_is_for_all_requests_together(forge: Forge, server: ForgeServer, clock: Clock) -> None:
    """A limit that comes back again and again is not waited for beyond a minute in all."""
    server.fail(Fault("GET", "/pulls$", 429, "secondary rate limit", {"Retry-After": "25"}, times=9))
    with pytest.raises(ForgeError, match="rate limit until 12:01 UTC"):
        forge.open_requests()
    assert clock.now - NOON == 50


def test_what_is_no_api(server: ForgeServer) -> None:
    """An answer that is none of GitHub's is told as such."""
    address = repository_url.parse("https://github.example/acme/tool")
    server.fail(Fault("GET", "", 200, "<html>", times=9))
    with pytest.raises(ForgeError, match="the address of a GitHub API"):
        forge_of(address, "t0ken", api=server.api, patience=Patience(total_s=0)).open_requests()


@pytest.mark.parametrize("how", ["environment", "login"])
def test_the_tokens_own_limits_are_explained(
    server: ForgeServer, stub: GitHubStub, clock: Clock, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """With the token of the workflow, wherever that shows, a note says that no checks will start."""
    if how == "environment":
        monkeypatch.setenv("GITHUB_ACTIONS", "true")
        monkeypatch.setenv("GITHUB_TOKEN", stub.token)
    else:
        stub.store.author = "github-actions[bot]"
    forge = opened(server, stub.token, patient(clock))
    forge.create(WANTED)
    forge.update(1, WANTED)
    assert len(forge.notes) == 1
    assert "starts no workflow" in forge.notes[0]


def test_the_token_is_told_to_nobody(
    forge: Forge, stub: GitHubStub, server: ForgeServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither by errors, with all that hangs on to them, nor by the library's own log."""
    with kept_secret(stub.token, caplog) as errors:
        for fault in (
            Fault("GET", "/pulls$", 401, f"Bad credentials: {stub.token}"),
            Fault("GET", "/pulls$", 422, stub.token),
            Fault("GET", "/pulls$", 429, stub.token, {"Retry-After": "900"}),
            Fault("GET", "/pulls$", 500, stub.token, times=3),
            Fault("GET", "/pulls$", cut=True, times=3),
        ):
            server.fail(fault)
            with pytest.raises(ForgeError) as raised:
                forge.open_requests()
            errors.append(raised.value)
    assert stub.token not in repr(forge)


def test_the_stub_refuses_what_is_not_published(server: ForgeServer, stub: GitHubStub) -> None:
    """An unknown path, field or parameter, a wrong type and a missing field are violations."""
    import requests

    def send(method: str, path: str, **more: object) -> int:
        headers = {"Authorization": f"Bearer {stub.token}"}
        return requests.request(method, f"{server.api}/v3{path}", headers=headers, timeout=9, **more).status_code  # type: ignore[arg-type]

    good = {"title": "t", "head": "stomper/all", "base": "main"}
    assert send("GET", "/repos/acme/tool/nothing") == 404
    assert send("GET", PULLS, params={"order": "up"}) == 422
    assert send("GET", PULLS, params={"state": "opened"}) == 422
    assert send("POST", PULLS, json={**good, "colour": "red"}) == 422
    assert send("POST", PULLS, json={**good, "draft": "yes"}) == 422
    assert send("POST", PULLS, json={"title": "t", "head": "stomper/all"}) == 422
    assert len(stub.violations) == 6
    assert send("POST", PULLS, json=good) == 201
    stub.violations = stub.violations[6:]
