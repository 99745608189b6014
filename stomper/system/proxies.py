"""Loopback without a proxy: what this process asks of itself and of its neighbours never leaves the machine.

HTTP clients, Prefect's among them, read the environment when they are made, so it is changed before any is. Programs that
are started for the target get it as it was: see `as_found`.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterator, Mapping, MutableMapping
from urllib.parse import urlsplit

_DIRECT = ("127.0.0.1", "localhost", "::1")
_NAMES = ("http_proxy", "https_proxy", "all_proxy")
_EXCEPTIONS = ("no_proxy", "NO_PROXY")
"""Both, where there is none; else the one that is there: a second one would be read in its place."""
_SCHEMES = ("http", "https", "socks5", "socks5h")
"""Of a proxy that httpx takes."""

_found: dict[str, str | None] = {}
"""The variables that were changed, as they were; None for one that was not there."""


def spare_loopback(*addresses: str, environ: MutableMapping[str, str] = os.environ) -> None:
    """Have clients that are made from now on reach loopback, and those of *addresses* that are on it, without a proxy.

    The caller's own exceptions stay. A proxy that no client of ours can use is taken away: see `unusable`."""
    _take_away_unusable(environ)
    if not any(environ.get(name) for name in (*_set(environ), *_exceptions(environ))):
        return
    hosts = dict.fromkeys((*_DIRECT, *(host for host in map(_host, addresses) if is_loopback(host))))
    for name in _exceptions(environ) or _EXCEPTIONS:
        _change(environ, name, _extended(environ.get(name, ""), hosts))


def is_loopback(host: str) -> bool:
    """Return whether *host*, a name or an address, is this machine's own loopback."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return False
    return found.is_loopback or found.is_unspecified


def on_loopback(address: str) -> bool:
    """Return whether *address*, a URL, is on this machine's own loopback."""
    return is_loopback(_host(address))


def unusable() -> list[str]:
    """Return the variables of proxies that no client of ours can use, where no other proxy is left: hosts elsewhere must
    not be asked past them."""
    left = any(os.environ.get(name) for name in _set(os.environ))
    return [] if left else [name for name in _found if name.lower() in _NAMES]


def as_found(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return *environ* with the variables about proxies as the caller had them."""
    kept = {name: value for name, value in environ.items() if name not in _found}
    return kept | {name: value for name, value in _found.items() if value is not None}


def undoing() -> dict[str, str]:
    """Return the variables that give a program the caller's proxies again where it also gets this process's environment."""
    return {name: value or "" for name, value in _found.items()}


def _set(environ: Mapping[str, str]) -> Iterator[str]:
    return (name for name in environ if name.lower() in _NAMES)


def _exceptions(environ: Mapping[str, str]) -> list[str]:
    return [name for name in environ if name.lower() == "no_proxy"]


def _take_away_unusable(environ: MutableMapping[str, str]) -> None:
    for name in list(_set(environ)):
        if not _usable(environ[name]):
            _found.setdefault(name, environ[name])
            del environ[name]


def _usable(proxy: str) -> bool:
    """Whether httpx can read *proxy*: where it cannot, no client is made, whatever that is to connect to."""
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        _ = parts.port  # read, and refused, when it is asked for
    except ValueError:
        return False
    return parts.scheme in _SCHEMES


def _change(environ: MutableMapping[str, str], name: str, value: str) -> None:
    if environ.get(name) != value:
        _found.setdefault(name, environ.get(name))
        environ[name] = value


def _extended(own: str, hosts: Mapping[str, None]) -> str:
    """The exceptions *own* and these *hosts*; `*` alone, which is all hosts, has to stay alone."""
    if own.strip() == "*":
        return own
    return ",".join(dict.fromkeys([*(_readable(entry.strip()) for entry in own.split(",")), *hosts])).lstrip(",")


def _readable(entry: str) -> str:
    """An exception as httpx can read it, or nothing: it fails by brackets, by ports that are none, and by a block of IPv6
    addresses, which no client of ours knows."""
    host = entry[1:-1] if entry.startswith("[") and entry.endswith("]") else entry
    try:
        return host if ipaddress.ip_address(host).version else ""
    except ValueError:
        return host if _is_name(host.partition("://")[2] or host) else ""


def _is_name(entry: str) -> bool:
    """Whether *entry* is a host or a block of IPv4 addresses, perhaps with a port."""
    host, _, port = entry.partition(":")
    return not re.search(r"[^A-Za-z0-9_.*/-]", host) and (
        not port or (port.isascii() and port.isdigit() and int(port) < 65536)
    )


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""
