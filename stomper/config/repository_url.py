"""Addresses of git repositories: told from paths, without credentials, the same repository always by the same name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from stomper import hashing
from stomper.errors import SettingsError

_SCHEMES = ("https", "http", "ssh", "file")
_PORTS = {"https": 443, "http": 80, "ssh": 22}
_URL = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://")
_SCP = re.compile(r"^(?:[^/:@\s]+@)?[^/:@\s]+:(?!:)[^\s]")  # as git tells it: a colon before the first slash
# For the form: a value that holds a user or a password is refused before anything stores it.
NO_CREDENTIALS = r"^(?![Hh][Tt][Tt][Pp][Ss]?://[^/]*@)(?![A-Za-z+.-]+://[^/@]*:[^/]*@)"


@dataclass(frozen=True)
class Address:
    """Where a repository is. `url` is what git is given and what people are shown: it holds no credentials."""

    url: str
    scheme: str
    netloc: str
    normal: str

    @property
    def name(self) -> str:
        """What a checkout's folder is called."""
        last = self.normal.rstrip("/").rpartition("/")[2].rpartition(":")[2].removesuffix(".git")
        return "".join(c if c.isalnum() or c in "._-" else "_" for c in last).strip(".") or "repository"

    @property
    def digest(self) -> str:
        """The name of the mirror."""
        return hashing.digest(self.normal)

    @property
    def takes_token(self) -> bool:
        """Whether a token is how one gets in there."""
        return self.scheme in ("https", "http")


def is_address(text: str) -> bool:
    """Whether *text* is an address; what is there as a path is one."""
    return bool(_URL.match(text)) or (bool(_SCP.match(text)) and not Path(text).exists())


def refuse_credentials(text: str) -> str:
    """*text* as it is. Raises ValueError, without repeating it, for an address with a user for http, or a password."""
    if not re.match(NO_CREDENTIALS, text):
        raise ValueError("the address holds credentials: leave them out, and name where the token is by token_env")
    return text


def parse(text: str) -> Address:
    """The address that *text* is. Raises SettingsError for one that Stomper does not go to, without its credentials."""
    try:
        refuse_credentials(text)
        if not _URL.match(text):
            return _scp(text)
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise SettingsError(f"repository: {error}") from None
    scheme, host = parts.scheme.lower(), (parts.hostname or "").lower()
    if scheme not in _SCHEMES:
        raise SettingsError(f"repository: {scheme}:// is none of {', '.join(_SCHEMES)} and user@host:path")
    if parts.query or parts.fragment or (scheme != "file" and not host) or not parts.path.strip("/"):
        raise SettingsError(f"repository: {scheme}://{host} lacks a host or a path, or says more than that")
    user = f"{parts.username}@" if parts.username else ""
    _refuse_options(user, host)
    where = f"[{host}]" if ":" in host else host
    where += f":{port}" if port and port != _PORTS.get(scheme) else ""
    normal = f"{scheme}://{user}{where}{parts.path.rstrip('/')}"
    return Address(url=normal, scheme=scheme, netloc=where, normal=normal)


def _scp(text: str) -> Address:
    if not _SCP.match(text):
        raise ValueError("this is neither a path nor an address of git")
    where, _, path = text.partition(":")
    user, at, host = where.rpartition("@")
    _refuse_options(user, host)
    normal = f"{user}{at}{host.lower()}:{path.rstrip('/')}"
    return Address(url=normal, scheme="ssh", netloc=host.lower(), normal=normal)


def _refuse_options(*words: str) -> None:
    if any(word.startswith("-") for word in words):
        raise SettingsError("repository: a host or user that begins with '-' would be taken for an option")
