"""Which forge an address is at, and what is refused before anything is sent."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stomper.config import repository_url
from stomper.forges.base import ForgeError
from stomper.forges.hosts import Place, place_of
from stomper.forges.registry import forge_of
from stomper.forges.retries import Refusal

NAME = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,8}", fullmatch=True)


@pytest.mark.parametrize(
    ("address", "kind", "path", "api"),
    [
        ("https://github.com/acme/tool.git", "github", "acme/tool", "https://api.github.com"),
        ("https://github.com/acme/tool/", "github", "acme/tool", "https://api.github.com"),
        ("git@github.com:acme/tool.git", "github", "acme/tool", "https://api.github.com"),
        ("git@github.com:/acme/tool.git", "github", "acme/tool", "https://api.github.com"),
        ("ssh://git@github.com/acme/tool.git", "github", "acme/tool", "https://api.github.com"),
        ("ssh://git@ssh.github.com:443/acme/tool.git", "github", "acme/tool", "https://api.github.com"),
        ("https://acme.ghe.com/acme/tool", "", "", ""),
        ("https://github.acme.example/acme/tool", "github", "acme/tool", "https://github.acme.example/api/v3"),
        ("https://github.acme.example:8443/a/b", "github", "a/b", "https://github.acme.example:8443/api/v3"),
        ("ssh://git@github.acme.example:7999/a/b.git", "github", "a/b", "https://github.acme.example/api/v3"),
        ("https://gitlab.com/acme/tools/deep/tool.git", "gitlab", "acme/tools/deep/tool", "https://gitlab.com"),
        ("git@gitlab.com:acme/tools/tool.git", "gitlab", "acme/tools/tool", "https://gitlab.com"),
        ("ssh://git@gitlab.acme.example:2222/a/b.git", "gitlab", "a/b", "https://gitlab.acme.example"),
        ("https://GitLab.acme.example:8443/a/b.git", "gitlab", "a/b", "https://gitlab.acme.example:8443"),
    ],
)
def test_an_address_tells_its_forge(address: str, kind: str, path: str, api: str) -> None:
    """By the name of its host; the port of ssh is not that of the API."""
    where = repository_url.parse(address)
    if not kind:
        with pytest.raises(ForgeError, match=r"set pr\.forge to github or gitlab"):
            place_of(where)
    else:
        assert place_of(where) == Place(kind, path, api)


def test_a_kind_and_an_api_that_are_given_count() -> None:
    """For hosts whose name does not tell."""
    where = repository_url.parse("ssh://git@code.example/acme/tool.git")
    assert place_of(where, kind="gitlab") == Place("gitlab", "acme/tool", "https://code.example")
    assert place_of(where, kind="github", api="https://api.example/v3/").api == "https://api.example/v3"
    below = repository_url.parse("https://code.example/gitlab/acme/tool.git")
    assert place_of(below, kind="gitlab", api="https://code.example/gitlab").path == "acme/tool"
    ghe = repository_url.parse("https://acme.ghe.com/acme/tool")
    assert place_of(ghe, kind="github").api == "https://api.acme.ghe.com"


@given(st.lists(NAME, min_size=2, max_size=5))
def test_all_ways_to_write_an_address_are_one_place(names: list[str]) -> None:
    """A project's path is the same however git reaches it."""
    path = "/".join(names)
    ways = (f"https://gitlab.com/{path}", f"https://gitlab.com/{path}.git", f"git@gitlab.com:{path}.git")
    places = {place_of(repository_url.parse(way)) for way in (*ways, f"ssh://git@gitlab.com:22/{path}.git/")}
    assert places == {Place("gitlab", path, "https://gitlab.com")}


@pytest.mark.parametrize(
    ("address", "more", "expected"),
    [
        ("file:///srv/tool.git", {}, "a repository on a disk has no pull requests"),
        ("https://code.example/acme/tool", {}, "the name code.example does not tell its forge"),
        ("https://code.example/acme/tool", {"kind": "gitea"}, "there is no forge of the kind gitea"),
        ("https://github.com/acme", {}, "this is not owner/name at GitHub"),
        ("https://github.com/acme/tools/tool", {}, "this is not owner/name at GitHub"),
        ("https://gitlab.com/tool", {}, "this is not group/name at GitLab"),
        ("http://gitlab.example/acme/tool", {}, "a token is not sent over http"),
        ("https://github.com/acme/tool", {"api": "http://api.example/v3"}, "a token is not sent over http"),
        ("https://github.com/acme/tool", {"api": "api.example"}, "pr.api is not the address of an API"),
        ("https://github.com/acme/tool", {"api": "https://me:pass@api.example"}, "pr.api is not the address of an API"),
    ],
)
def test_what_is_at_no_forge_is_told(address: str, more: dict[str, str], expected: str) -> None:
    """Before anything is sent, and without what an address may hold."""
    with pytest.raises(ForgeError, match=expected) as raised:
        forge_of(repository_url.parse(address), "t0ken", kind=more.get("kind", ""), api=more.get("api", ""))
    assert "pass" not in str(raised.value)


def test_a_token_is_needed() -> None:
    """The message names what it needs, and where it is given."""
    with pytest.raises(ForgeError, match=r"a token with contents and pull requests: write: set pr\.token_env"):
        forge_of(repository_url.parse("https://github.com/acme/tool"), "")


@pytest.mark.parametrize(("host", "library"), [("github.com", "github"), ("gitlab.com", "gitlab")])
def test_without_the_extra(monkeypatch: pytest.MonkeyPatch, host: str, library: str) -> None:
    """The message says what to install."""
    monkeypatch.delitem(sys.modules, f"stomper.forges.{library}", raising=False)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ForgeError, match=r"pip install 'stomper-prefect\[pr\]'"):
        forge_of(repository_url.parse(f"https://{host}/acme/tool"), "t0ken")


def test_the_room_loads_without_the_libraries() -> None:
    """They are loaded when a forge is asked for."""
    code = "import sys, stomper.forges; print(sorted({'github', 'gitlab', 'requests'} & set(sys.modules)))"
    done = subprocess.run((sys.executable, "-c", code), check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("status", "words", "headers", "limited"),
    [
        (429, "", {}, True),
        (403, "You have exceeded a secondary rate limit", {}, True),
        (403, "", {"x-ratelimit-remaining": "0"}, True),
        (403, "", {"retry-after": "1"}, True),
        (403, "Resource not accessible by integration", {"x-ratelimit-remaining": "4000"}, False),
        (503, "", {"retry-after": "1"}, False),
    ],
)
def test_what_is_a_limit(status: int, words: str, headers: dict[str, str], limited: bool) -> None:
    """GitHub says it by 403 as well."""
    assert Refusal(status, words, headers).limited is limited
