"""A token goes to one git process and one host, and is seen nowhere else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from stomper.config import repository_url
from stomper.config.parameters import FixParameters
from stomper.errors import RepositoryError, SettingsError
from stomper.git.credentials import Credentials
from tests.support.git_http import GitServer
from tests.support.planted import TOKEN, files_with
from tests.support.remotes import UNUSED, bare, count, hold, repair_at
from tests.support.repositories import git

WRONG = "tok-000000-never-valid"
BY_NAME: dict[str, Any] = {"token_env": "FORGE_TOKEN"}
BY_BLOCK: dict[str, Any] = {"token_block": "forge"}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A remote with two files to repair."""
    return bare(tmp_path / "remote", {"a.py": UNUSED, "b.py": UNUSED})


@contextmanager
def arguments_seen() -> Iterator[set[bytes]]:
    """The argument lists of all processes of this machine while the block runs."""
    seen: set[bytes] = set()
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.002):
            for entry in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    seen.add(entry.read_bytes())
                except OSError:
                    continue

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize("partial", [False, True])
def test_a_token_is_seen_nowhere(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, partial: bool
) -> None:
    """Not in arguments, files, configurations, logs or what git's helpers keep; and the run lands with it."""
    monkeypatch.setenv("FORGE_TOKEN", TOKEN)
    git(tmp_path, "config", "--global", "credential.helper", "store")
    with GitServer(place.parent, token=TOKEN) as server, arguments_seen() as seen:
        git(tmp_path, "config", "--global", f"credential.http://{server.host}.helper", "store")
        landing = repair_at(server.url(place.name), **BY_NAME, partial=partial)
    assert len(landing.landed) == 2
    assert count(place) == 3
    assert server.authorized > 3
    assert any(b"git-remote-http" in words or b"askpass" in words for words in seen)
    assert not [words for words in seen if TOKEN.encode() in words]
    assert files_with(tmp_path, TOKEN) == []
    assert TOKEN not in caplog.text
    assert TOKEN not in landing.outcomes[0].model_dump_json()


def test_a_wrong_token(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Said by the variable's name, without the token; and so is a variable that is not set."""
    monkeypatch.setenv("FORGE_TOKEN", WRONG)
    with GitServer(place.parent, token=TOKEN) as server:
        address = server.url(place.name)
        with pytest.raises(RepositoryError, match="it did not let us in with the token in FORGE_TOKEN") as raised:
            hold(address, **BY_NAME)
        assert WRONG not in str(raised.value)
        with pytest.raises(RepositoryError, match="it did not let us in with git's own credentials"):
            hold(address)
        with pytest.raises(SettingsError, match="the variable NOT_SET is not set"):
            hold(address, **{**BY_NAME, "token_env": "NOT_SET"})


def test_the_token_of_a_block(place: Path) -> None:
    """What the flow read from a Secret block is used, and named by the block."""
    with GitServer(place.parent, token=TOKEN) as server:
        address = server.url(place.name)
        assert len(repair_at(address, token=TOKEN, **BY_BLOCK).landed) == 2
        with pytest.raises(RepositoryError, match="with the token in the block forge"):
            hold(address, token=WRONG, **BY_BLOCK)


def test_gits_own_helper(place: Path, tmp_path: Path) -> None:
    """Where no token is given, git's credential helpers are asked."""
    with GitServer(place.parent, token=TOKEN, user="me") as server:
        (tmp_path / "home" / ".git-credentials").write_text(f"http://me:{TOKEN}@{server.host}\n")
        git(tmp_path, "config", "--global", "credential.helper", "store")
        assert len(repair_at(server.url(place.name)).landed) == 2


def test_another_host_is_not_given_the_token(place: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Who is sent on to another host has no answer to its questions."""
    monkeypatch.setenv("FORGE_TOKEN", TOKEN)
    with GitServer(place.parent, token=TOKEN) as other:
        address = "http://127.0.0.1:9/origin.git"
        git(tmp_path, "config", "--global", f"url.http://{other.host}/.insteadOf", "http://127.0.0.1:9/")
        with pytest.raises(RepositoryError, match="did not let us in"):
            hold(address, **BY_NAME)
        assert other.paths
        assert other.authorized == 0


@pytest.mark.parametrize(
    "text",
    [f"https://{TOKEN}@forge.test/a/b.git", f"https://me:{TOKEN}@forge.test/a", f"ssh://git:{TOKEN}@forge.test/a"],
)
def test_an_address_with_credentials_is_refused(text: str) -> None:
    """By the form and by the flow, and the message does not repeat them."""
    with pytest.raises(ValidationError, match="token_env") as raised:
        FixParameters(repository=text)
    assert TOKEN not in str(raised.value)
    with pytest.raises(SettingsError, match="token_env") as refused:
        repository_url.parse(text)
    assert TOKEN not in str(refused.value)
    assert "pattern" in FixParameters.model_json_schema()["properties"]["repository"]


@pytest.mark.parametrize("url", ["http://forge.test/a.git", "ssh://git@forge.test/a.git", "git@forge.test:a.git"])
def test_where_a_token_is_not_sent(url: str) -> None:
    """Not in clear over the network, and not where it is no way in."""
    with pytest.raises(SettingsError, match="a token is"):
        Credentials(repository_url.parse(url), TOKEN, "me", "here")


def test_credentials_do_not_show(tmp_path: Path) -> None:
    """Neither their repr nor what git repeats holds the token."""
    keys = Credentials(repository_url.parse("https://forge.test/a.git"), TOKEN, "me", "here")
    assert TOKEN not in repr(keys)
    assert TOKEN not in keys.hidden(f"fatal: unable to access 'https://me:{TOKEN}@forge.test/': {TOKEN}")
    assert TOKEN not in " ".join(keys.config)
    assert tmp_path.exists()
