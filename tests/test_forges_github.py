"""Pull requests at GitHub, through a stub that holds every request to GitHub's published schemas."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from stomper import addresses
from stomper.forges import Forge, Patience, RequestState, Wanted, forge_of
from tests.support.forges.github import GitHubStub
from tests.support.forges.repository import repository
from tests.support.forges.server import Fault, ForgeServer, serving

WANTED = Wanted("stomper/all", "main", "Repair 3 errors", "One table\n")


@pytest.fixture
def stub(tmp_path: Path) -> GitHubStub:
    """A repository with a branch that is ahead."""
    return GitHubStub.over(repository(tmp_path))


@pytest.fixture
def server(stub: GitHubStub) -> Iterator[ForgeServer]:
    """It served; no request may have been against the schemas."""
    with serving(stub) as running:
        yield running
    assert stub.violations == []


@pytest.fixture
def forge(server: ForgeServer, stub: GitHubStub) -> Forge:
    """What Stomper makes of it."""
    return opened(server, stub)


def opened(server: ForgeServer, stub: GitHubStub, patience: Patience | None = None) -> Forge:
    address = addresses.parse("https://github.example/acme/tool.git")
    return forge_of(address, stub.token, api=f"{server.api}/v3", patience=patience)


def test_create_opens_one(forge: Forge, stub: GitHubStub) -> None:
    """What is opened is what was wanted, and has the branch's head."""
    made = forge.create(WANTED)
    assert (made.number, made.state, made.branch, made.base) == (1, RequestState.OPEN, "stomper/all", "main")
    assert made.head == stub.store.tip("refs/heads/stomper/all")
    assert (made.title, made.body, made.draft, made.own) == ("Repair 3 errors", "One table\n", False, True)
    assert made.url == "https://github.example/acme/tool/pull/1"
    assert forge.notes == []
