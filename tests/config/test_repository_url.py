"""What is an address and what a path, and which addresses are one."""

from __future__ import annotations

from pathlib import Path

import pytest

from stomper.config.repository_url import is_address, parse
from stomper.errors import SettingsError


@pytest.mark.parametrize(
    ("text", "url", "name"),
    [
        ("HTTPS://Forge.Test:443/Team/Tool.git/", "https://forge.test/Team/Tool.git", "Tool"),
        ("https://forge.test:8443/team/tool", "https://forge.test:8443/team/tool", "tool"),
        ("ssh://git@Forge.test:22/team/tool.git", "ssh://git@forge.test/team/tool.git", "tool"),
        ("git@Forge.test:team/tool.git", "git@forge.test:team/tool.git", "tool"),
        ("forge.test:tool", "forge.test:tool", "tool"),
        ("file:///srv/git/tool.git", "file:///srv/git/tool.git", "tool"),
        ("http://[::1]:80/a.git", "http://[::1]/a.git", "a"),
        ("https://forge.test/team/..", "https://forge.test/team/..", "repository"),
    ],
)
def test_an_address_in_its_normal_form(text: str, url: str, name: str) -> None:
    """One repository has one name, however its host and port are written."""
    assert is_address(text)
    address = parse(text)
    assert (address.url, address.name) == (url, name)
    assert parse(address.url).digest == address.digest


def test_other_repositories_have_other_mirrors() -> None:
    """Paths keep their case, users of ssh their homes, ports their servers."""
    given = ["https://h/a", "https://h/A", "https://h:1/a", "http://h/a", "me@h:a", "you@h:a", "h:a", "file:///a"]
    assert len({parse(text).digest for text in given}) == len(given)


@pytest.mark.parametrize("text", [".", "/srv/a", "a/b", "../a", "a/b:c", "./a:b"])
def test_a_path(text: str) -> None:
    """No colon before the first slash: a path."""
    assert not is_address(text)


def test_what_is_there_is_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder whose name looks like an address is a folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "host:repo").mkdir()
    assert not is_address("host:repo")


@pytest.mark.parametrize(
    "text",
    [
        "ext::sh -c true", "git://forge.test/a", "ftp://forge.test/a", "https://", "https://forge.test",
        "https://forge.test/a?b", "ssh://-oProxyCommand=x/a", "-oProxyCommand=x:a", "https://forge.test:99999/a",
        "-u@host:a", "file://",
    ],
)  # fmt: skip
def test_where_stomper_does_not_go(text: str) -> None:
    """Transports that run programs, hosts that are options, and what is no address at all."""
    with pytest.raises(SettingsError):
        parse(text)
