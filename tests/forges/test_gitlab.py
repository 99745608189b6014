"""Merge requests at GitLab, through a stub that holds every request to what GitLab documents."""

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
from tests.support.forges.gitlab import GitLabStub
from tests.support.forges.repository import repository
from tests.support.forges.server import Fault, ForgeServer, serving
from tests.support.forging import FILES, NOON, WANTED, kept_secret, patient

MERGES = "/api/v4/projects/7/merge_requests"


@pytest.fixture
def stub(tmp_path: Path) -> GitLabStub:
    """A project with two branches that are ahead."""
    return GitLabStub.over(repository(tmp_path))


@pytest.fixture
def server(stub: GitLabStub) -> Iterator[ForgeServer]:
    """It served; neither a request nor an answer may be against the schemas."""
    with serving(stub) as running:
        yield running
    assert stub.violations == []


@pytest.fixture
def clock() -> Clock:
    """Time for the pauses."""
    return Clock()


@pytest.fixture
def forge(server: ForgeServer, stub: GitLabStub, clock: Clock) -> Forge:
    """What Stomper makes of it."""
    return opened(server, stub.token, patient(clock))


def opened(server: ForgeServer, token: str, patience: Patience) -> Forge:
    """The forge that a server is."""
    address = repository_url.parse("git@gitlab.example:acme/tools/tool.git")
    return forge_of(address, token, api=server.api, patience=patience)


def test_create_opens_one(forge: Forge, stub: GitLabStub) -> None:
    """What is opened is what was wanted, and has the branch's head."""
    made = forge.create(WANTED)
    assert (made.number, made.state, made.branch, made.base) == (1, RequestState.OPEN, "stomper/all", "main")
    assert made.head == stub.store.tip("refs/heads/stomper/all")
    assert (made.title, made.body, made.draft, made.own) == ("Repair 3 errors", "One table\n", False, True)
    assert made.url == "https://gitlab.example/acme/tools/tool/-/merge_requests/1"
    assert forge.notes == []


def test_create_takes_up_the_one_that_is_open(forge: Forge, stub: GitLabStub) -> None:
    """Where one from the branch is open, it is updated; one of a fork's branch of that name is not it."""
    stub.store.open("stomper/all", "main", "old title", "old")
    stub.store.open("stomper/all", "main", "of a fork", "", fork="eve", ref="refs/heads/other")
    made = forge.create(WANTED)
    assert (made.number, stub.store.held[1].title, stub.store.held[1].body) == (1, WANTED.title, WANTED.body)
    assert stub.store.held[2].title == "of a fork"


def test_what_is_so_already_is_not_written_again(forge: Forge, stub: GitLabStub, server: ForgeServer) -> None:
    """An update that changes nothing sends nothing but questions, labels and reviewers included."""
    wanted = replace(WANTED, draft=True, labels=("lint",), reviewers=("ann",))
    forge.create(wanted)
    stub.store.held[1].body = "One table\r\n"
    before = len(server.writes())
    forge.update(1, wanted)
    assert server.writes()[before:] == []
    assert forge.update(1, replace(wanted, title="Repair 2 errors")).title == "Repair 2 errors"
    assert server.writes()[before:] == [f"PUT {MERGES}/1"]


def test_labels_and_reviewers_are_added(forge: Forge, stub: GitLabStub) -> None:
    """Those of others stay, and the author is not asked."""
    held = stub.store.open("stomper/all", "main", "t", "b")
    held.labels, held.reviewers = ["theirs"], ["bob"]
    forge.create(replace(WANTED, labels=("lint", "Theirs"), reviewers=("ann", "stomper-bot")))
    assert (held.labels, held.reviewers) == (["theirs", "lint"], ["bob", "ann"])
    assert forge.notes == []


def test_an_unknown_reviewer_is_a_note(forge: Forge, stub: GitLabStub) -> None:
    """The others are asked all the same."""
    forge.create(replace(WANTED, reviewers=("nobody", "ann")))
    assert stub.store.held[1].reviewers == ["ann"]
    assert forge.notes == ["the reviewer nobody was not asked: GitLab knows no user of that name"]


def test_what_is_ignored_is_a_note(forge: Forge, stub: GitLabStub) -> None:
    """GitLab says nothing when a label is forbidden, or when there may be one reviewer only."""
    stub.labels_allowed, stub.most_reviewers = False, 1
    forge.create(replace(WANTED, labels=("lint",), reviewers=("ann", "bob")))
    assert forge.notes == [
        "the labels lint were not set: GitLab ignored them",
        "the reviewers bob were not asked: GitLab ignored them",
    ]


def test_draft_and_ready(forge: Forge, stub: GitLabStub) -> None:
    """It is a matter of the title, which is told without it."""
    made = forge.create(replace(WANTED, draft=True))
    assert (made.draft, made.title, stub.store.held[1].title) == (True, WANTED.title, f"Draft: {WANTED.title}")
    assert not forge.update(1, WANTED).draft
    assert stub.store.held[1].title == WANTED.title
    assert forge.update(1, replace(WANTED, draft=True)).draft


def test_auto_merge_waits_for_a_pipeline(forge: Forge, stub: GitLabStub, clock: Clock) -> None:
    """Without one GitLab would merge at once, so it is not asked for, and a note says so."""
    wanted = replace(WANTED, auto_merge=True)
    forge.create(wanted)
    assert (stub.store.held[1].state, stub.store.held[1].auto_merge) == ("open", False)
    assert "it has no pipeline under way" in forge.notes[0]
    assert clock.now - NOON == 7
    stub.pipeline = "running"
    forge.update(1, wanted)
    assert (stub.store.held[1].state, stub.store.held[1].auto_merge) == ("open", True)


def test_close_says_why_once(forge: Forge, stub: GitLabStub, server: ForgeServer) -> None:
    """A second time changes nothing; nor does the comment stand twice when only the answer was lost."""
    forge.create(WANTED)
    server.fail(Fault("POST", "/notes$", executed=True, cut=True))
    forge.close(1, "Nothing is left.")
    forge.close(1, "Nothing is left.")
    assert (stub.store.held[1].state, stub.store.held[1].comments) == ("closed", ["Nothing is left."])


def test_the_newest_of_a_branch(forge: Forge, stub: GitLabStub) -> None:
    """In any state, but none of a fork."""
    assert forge.latest_of("stomper/all") is None
    for merged in (False, True):
        stub.store.end(stub.store.open("stomper/all", "main", "t", "b").number, merged=merged)
    stub.store.open("stomper/all", "main", "of a fork", "", fork="eve", ref="refs/heads/other")
    found = forge.latest_of("stomper/all")
    assert found is not None
    assert (found.number, found.state) == (2, RequestState.MERGED)


def test_a_branch_of_an_odd_name(forge: Forge, stub: GitLabStub) -> None:
    """It is found again among those of names that look like it."""
    odd = "stomper/ü&a=b#+%2Fx"
    for number, name in enumerate((odd, "stomper/ü", "stomper/ü&a=b")):
        stub.store.branch(name, "other")
        assert forge.create(replace(WANTED, branch=name)).number == number + 1
    found = forge.latest_of(odd)
    assert found is not None
    assert (found.number, found.branch) == (1, odd)
    assert forge.create(replace(WANTED, branch=odd)).number == 1


def test_open_requests_are_all_of_them(forge: Forge, stub: GitLabStub) -> None:
    """Over several pages, the oldest first, those of forks as such."""
    for number in range(5):
        stub.store.open(f"b{number}", "main", "t", "", fork="eve" if number == 3 else "", ref="refs/heads/other")
    stub.store.end(2)
    found = forge.open_requests()
    assert [(one.number, one.own) for one in found] == [(1, True), (3, True), (4, False), (5, True)]


def test_files_are_all_of_them(forge: Forge, stub: GitLabStub) -> None:
    """Over several pages, with the old names of renamed ones; what is not listed is a note."""
    stub.store.open("stomper/all", "main", "t", "")
    assert forge.files_of(1) == FILES
    assert forge.notes == []
    stub.most_files = 2
    assert len(forge.files_of(1)) < len(FILES)
    assert forge.notes == ["!1 changes 5 files, and GitLab lists 2 of them"]


@pytest.mark.parametrize(
    ("status", "words", "expected"),
    [
        (401, "401 Unauthorized", "the token is not accepted (401 Unauthorized)"),
        (403, "insufficient_scope", "it needs the scope api and the role Developer"),
        (404, "404 Project Not Found", "it is not there, or the token has no access"),
        (409, "Conflict", "it was refused: Conflict"),
        (422, "is invalid", "it was refused: is invalid"),
    ],
)
def test_a_refusal_is_told(forge: Forge, server: ForgeServer, status: int, words: str, expected: str) -> None:
    """With the forge's words and the next step, and it is not tried again."""
    server.fail(Fault("POST", "/merge_requests$", status, words, times=9))
    with pytest.raises(ForgeError, match="could not open a merge request from stomper/all") as raised:
        forge.create(WANTED)
    assert expected in str(raised.value)
    assert server.writes() == [f"POST {MERGES}"]


def test_the_words_of_each_field_are_told(forge: Forge) -> None:
    """GitLab's messages have several shapes."""
    with pytest.raises(ForgeError, match="it was refused: source_branch: does not exist"):
        forge.create(replace(WANTED, branch="missing"))


def test_a_failure_of_the_forge_is_tried_again_twice(forge: Forge, server: ForgeServer, clock: Clock) -> None:
    """A third one is an error."""
    server.fail(Fault("POST", "/merge_requests$", 502, times=2))
    assert forge.create(WANTED).number == 1
    server.fail(Fault("GET", "/merge_requests$", 500, times=3))
    with pytest.raises(ForgeError, match="a failure of its own"):
        forge.open_requests()
    assert clock.now - NOON == 6


def test_a_failure_that_says_when_is_waited_for(forge: Forge, server: ForgeServer, clock: Clock) -> None:
    """As long as it says."""
    server.fail(Fault("GET", "/merge_requests$", 503, headers={"Retry-After": "30"}))
    assert forge.open_requests() == []
    assert clock.now - NOON == 30


def test_a_lost_answer_does_not_open_a_second(forge: Forge, stub: GitLabStub, server: ForgeServer) -> None:
    """The one that was opened is found."""
    server.fail(Fault("POST", "/merge_requests$", executed=True, cut=True))
    assert forge.create(WANTED).number == 1
    assert list(stub.store.held) == [1]


@pytest.mark.parametrize("headers", [{"Retry-After": "20"}, {"RateLimit-Reset": f"{NOON + 19:.0f}"}])
def test_a_short_limit_is_waited_for(forge: Forge, server: ForgeServer, clock: Clock, headers: dict[str, str]) -> None:
    """As long as the forge says, and by nobody else."""
    server.fail(Fault("GET", "/merge_requests$", 429, "Retry later", headers))
    assert forge.open_requests() == []
    assert clock.now - NOON == 20


def test_a_long_limit_is_an_error(forge: Forge, server: ForgeServer, clock: Clock) -> None:
    """Which says until when, and nothing is waited for."""
    headers = {"RateLimit-Reset": f"{NOON + 600:.0f}"}
    server.fail(Fault("GET", "/merge_requests$", 429, "Retry later", headers, times=9))
    with pytest.raises(ForgeError, match="rate limit until 12:10 UTC: Retry later"):
        forge.open_requests()
    assert clock.now == NOON


def test_the_tokens_own_limits_are_explained(
    server: ForgeServer, stub: GitLabStub, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the token of the job a note says that no pipeline will start; it is sent as such a token."""
    monkeypatch.setenv("CI_JOB_TOKEN", stub.token)
    forge = opened(server, stub.token, patient(clock))
    forge.create(WANTED)
    assert len(forge.notes) == 1
    assert "CI_JOB_TOKEN" in forge.notes[0]
    assert server.requests[0].headers["job-token"] == stub.token


def test_the_token_is_told_to_nobody(
    forge: Forge, stub: GitLabStub, server: ForgeServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither by errors, with all that hangs on to them, nor by the library's own log."""
    with kept_secret(stub.token, caplog) as errors:
        for fault in (
            Fault("GET", "/merge_requests$", 401, f"Bad: {stub.token}"),
            Fault("GET", "/merge_requests$", 422, stub.token),
            Fault("GET", "/merge_requests$", 429, stub.token, {"Retry-After": "900"}),
            Fault("GET", "/merge_requests$", 500, stub.token, times=3),
            Fault("GET", "/merge_requests$", cut=True, times=3),
        ):
            server.fail(fault)
            with pytest.raises(ForgeError) as raised:
                forge.open_requests()
            errors.append(raised.value)
    assert stub.token not in repr(forge)


def test_the_stub_refuses_what_is_not_documented(server: ForgeServer, stub: GitLabStub) -> None:
    """An unknown path, field or parameter, a wrong type and a missing field are violations."""
    import requests

    def send(method: str, path: str, **more: object) -> int:
        headers = {"PRIVATE-TOKEN": stub.token}
        return requests.request(method, f"{server.api}{path}", headers=headers, timeout=9, **more).status_code  # type: ignore[arg-type]

    good = {"title": "t", "source_branch": "stomper/all", "target_branch": "main"}
    assert send("GET", "/api/v4/projects/7/nothing") == 404
    assert send("GET", MERGES, params={"order": "up"}) == 400
    assert send("GET", MERGES, params={"state": "open"}) == 400
    assert send("POST", MERGES, json={**good, "draft": True}) == 400
    assert send("POST", MERGES, json={**good, "reviewer_ids": ["ann"]}) == 400
    assert send("POST", MERGES, json={"title": "t", "source_branch": "stomper/all"}) == 400
    assert len(stub.violations) == 6
    assert send("POST", MERGES, json=good) == 201
    stub.violations = stub.violations[6:]
