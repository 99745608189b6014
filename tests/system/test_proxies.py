"""Loopback is reached without a proxy, whatever the environment says, and programs of the target's get that as it is."""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Iterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stomper.git.command_line import environment
from stomper.system import proxies

DEAD = "http://127.0.0.1:9"
LOOPBACK = ("http://127.0.0.1:4200/api", "http://localhost:4200", "ws://127.0.0.1:1/x", "http://[::1]:4200/api")
NAMES = st.sampled_from(["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
PROXIES = st.sampled_from(
    [DEAD, "127.0.0.1:9", "https://u:p@proxy.example:8443", "socks5://127.0.0.1:9", "socks5h://x:1", "socks4://127.0.0.1:9",
     "socks://127.0.0.1:9/", "http://proxy:port", "http://[", ""]
)  # fmt: skip
ENTRIES = st.sampled_from(
    ["corp.example", ".corp.example", "10.0.0.0/8", "10.1.2.3", "::1", "localhost", "127.0.0.1", "host:8080", " spaced ",
     "*.x.example", ""]
)  # fmt: skip
BROKEN = st.sampled_from(
    [
        "[::1]",
        "[::1]:8080",
        "fe80::/10",
        "[fd00::]/8",
        "a b",
        "host:*",
        "host:99999",
        "http://x:y",
        "[",
        "\x7f",
        "a:b:c",
        "%zz",
    ]
)
KNOWN = ("*", "corp.example", ".corp.example", "10.0.0.0/8", "10.1.2.3", "::1", "host:8080", " spaced ", "*.x.example")
EXCEPTIONS = st.one_of(
    st.just("*"),
    st.lists(st.one_of(ENTRIES, BROKEN, st.text("a1:/.[]*-_%@ #?\\", max_size=6)), max_size=4).map(",".join),
)


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No proxy in the environment, and none in the module's memory; as before afterwards."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(proxies, "_found", {})
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


def direct(*addresses: str) -> bool:
    """Whether Prefect's client and urllib, made now, reach *addresses* without a proxy."""
    urls = [httpx.URL(address) for address in addresses]
    with httpx.Client(verify=False) as client:  # noqa: S501 - it asks nobody; what it trusts takes long to load
        by_httpx = all(client._transport_for_url(url) is client._transport for url in urls)
    none = not urllib.request.getproxies().keys() - {"no"}
    return by_httpx and all(none or url.host == "::1" or urllib.request.proxy_bypass(url.host) for url in urls)


@given(
    st.dictionaries(NAMES, PROXIES, max_size=4),
    st.dictionaries(st.sampled_from(["NO_PROXY", "no_proxy"]), EXCEPTIONS, max_size=2),
)
def test_loopback_is_spared_whatever_is_set(given_proxies: dict[str, str], exceptions: dict[str, str]) -> None:
    """A client can be made, and reaches loopback directly; the caller's own exceptions stay, and programs get what was."""
    own = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    os.environ.clear()
    os.environ.update({**own, **given_proxies, **exceptions})
    before = dict(os.environ)
    proxies._found.clear()
    proxies.spare_loopback()
    assert direct(*LOOPBACK)
    assert proxies.as_found() == before
    for name, value in exceptions.items():
        there = {entry.strip() for entry in os.environ[name].split(",")}
        assert {entry.strip() for entry in value.split(",") if entry in KNOWN} <= {*there, ""}
    after = dict(os.environ)
    proxies.spare_loopback()
    assert dict(os.environ) == after


def test_other_hosts_go_through_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the caller set it up."""
    monkeypatch.setenv("HTTPS_PROXY", DEAD)
    monkeypatch.setenv("NO_PROXY", "corp.example")
    proxies.spare_loopback("http://127.0.1.1:4200/api", "https://prefect.example/api")
    assert not direct("https://api.example/v1")
    assert not direct("https://prefect.example/api")
    assert direct("https://git.corp.example")
    assert direct("http://127.0.1.1:4200/api")


def test_without_a_proxy_nothing_changes() -> None:
    """There is nothing to spare anybody."""
    before = dict(os.environ)
    proxies.spare_loopback()
    assert dict(os.environ) == before


@pytest.mark.parametrize("exceptions", [{}, {"NO_PROXY": "corp.example"}, {"no_proxy": "corp.example"}])
def test_programs_get_the_callers_own(monkeypatch: pytest.MonkeyPatch, exceptions: dict[str, str]) -> None:
    """git, and whatever else is given the environment, finds what the caller has set, and no more."""
    monkeypatch.setenv("ALL_PROXY", "socks4://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", DEAD)
    for name, value in exceptions.items():
        monkeypatch.setenv(name, value)
    proxies.spare_loopback()
    about = {name: value for name, value in environment().items() if name.lower().endswith("_proxy")}
    assert about == {"ALL_PROXY": "socks4://127.0.0.1:9", "HTTP_PROXY": DEAD, **exceptions}
    undone = {**os.environ, **proxies.undoing()}
    assert {name: undone[name] for name in about} == about
    assert {name for name, value in undone.items() if name.lower().endswith("_proxy") and value} == set(about)
