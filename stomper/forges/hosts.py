"""Where a forge and its API are, told from the address of a repository."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from stomper.config.kinds import FORGES
from stomper.config.repository_url import Address
from stomper.forges.base import ForgeError

_NAMES = {"github": "GitHub", "gitlab": "GitLab"}
_RIGHTS = {"github": "contents and pull requests: write", "gitlab": "the scope api and the role Developer"}
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Place:
    """A repository at a forge: `path` is its name there (`owner/name`, `group/subgroup/name`), `api` the base of the API."""

    kind: str
    path: str
    api: str

    @property
    def forge(self) -> str:
        """What people call it."""
        return _NAMES[self.kind]

    @property
    def rights(self) -> str:
        """What its token needs, in its own words."""
        return _RIGHTS[self.kind]


def place_of(address: Address, *, kind: str = "", api: str = "") -> Place:
    """Where the repository at *address* is. A *kind* or *api* that is given counts more than what the host's name tells.

    Raises ForgeError for an address that is at no forge, and where a token would be sent over http to another machine."""
    host, web, path = _parts(address)
    kind = kind or next((word for word in FORGES if word in host), "")
    if kind not in FORGES:
        wrong = (
            f"there is no forge of the kind {kind}"
            if kind
            else f"the name {host or 'of the host'} does not tell its forge"
        )
        raise ForgeError(f"{address.url}: {wrong}: set pr.forge to {' or '.join(FORGES)}")
    base = _checked(api or _api(kind, host, web)).rstrip("/")
    below = urlsplit(base).path.strip("/")
    if kind == "gitlab" and address.takes_token and below:  # a GitLab that is not at the root of its host
        path = path.removeprefix(f"{below}/")
    pieces = path.split("/")
    if len(pieces) < 2 or not all(pieces) or (kind == "github" and len(pieces) != 2):
        shape = "owner/name" if kind == "github" else "group/name"
        raise ForgeError(f"{address.url}: this is not {shape} at {_NAMES[kind]}: pull requests need a repository there")
    return Place(kind, path, base)


def _parts(address: Address) -> tuple[str, str, str]:
    """The host's name, the address of its pages, and the path of the repository."""
    if address.scheme == "file":
        raise ForgeError(f"{address.url}: a repository on a disk has no pull requests: give its https or ssh address")
    if "://" in address.url:
        parts = urlsplit(address.url)
        host, path = parts.hostname or "", parts.path
    else:  # user@host:path
        host, _, path = address.url.rpartition("@")[2].partition(":")
    shown = f"[{host}]" if ":" in host else host
    # The port of ssh says nothing of where the pages are.
    web = f"{address.scheme}://{address.netloc}" if address.takes_token else f"https://{shown}"
    if shown == "ssh.github.com":  # GitHub's ssh over port 443
        host, web = "github.com", "https://github.com"
    elif shown == "altssh.gitlab.com":
        host, web = "gitlab.com", "https://gitlab.com"
    return host.lower(), web, unquote(path).strip("/").removesuffix(".git").rstrip("/")


def _api(kind: str, host: str, web: str) -> str:
    if kind == "gitlab":
        return web
    if host in ("github.com", "www.github.com"):
        return "https://api.github.com"
    return f"https://api.{host}" if host.endswith(".ghe.com") else f"{web}/api/v3"


def _checked(api: str) -> str:
    parts = urlsplit(api)
    if (
        parts.scheme not in ("https", "http")
        or not parts.hostname
        or "@" in parts.netloc
        or parts.query
        or parts.fragment
    ):
        raise ForgeError(
            "pr.api is not the address of an API: give https://HOST/api/v3 (GitHub) or https://HOST (GitLab)"
        )
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise ForgeError(f"{api}: a token is not sent over http, where all can read it: use https")
    return api
