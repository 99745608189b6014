"""A token for one host, handed to one git process at a time: by its environment, through a script that git asks.

It is never in an argument, an address or a file. Where there is none, git's own helpers and ssh's agent are used.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from stomper.config.repository_url import Address
from stomper.errors import SettingsError
from stomper.state.paths import home

# Answers only the two questions that git asks about this one host: not those of a host that it was sent on to.
_SCRIPT = """\
#!/bin/sh
case "$1" in
"$STOMPER_ASKED_USER") printf '%s\\n' "$STOMPER_GIT_USER" ;;
"$STOMPER_ASKED_PASSWORD") printf '%s\\n' "$STOMPER_GIT_PASSWORD" ;;
*) exit 1 ;;
esac
"""
_IN_ADDRESS = re.compile(r"(?<=://)[^/@\s']+@")


@dataclass(frozen=True)
class Credentials:
    """How git gets in at an address. `origin` says where the token is from, for people."""

    address: Address
    token: str = field(default="", repr=False)
    user: str = ""
    origin: str = "git's own credentials"

    def __post_init__(self) -> None:
        if not self.token:
            return
        if not self.address.takes_token:
            raise SettingsError(f"{self.address.url}: a token is for https addresses; here git's own way in is used")
        loopback = self.address.netloc.rpartition(":")[0] in ("127.0.0.1", "localhost", "[::1]")
        if self.address.scheme == "http" and not loopback:
            raise SettingsError(f"{self.address.url}: a token is not sent over http, where all can read it: use https")

    @property
    def config(self) -> tuple[str, ...]:
        """Arguments for git before its command. No secret is among them."""
        slow = ("-c", "http.lowSpeedLimit=500", "-c", "http.lowSpeedTime=60")
        if not self.token:
            return slow
        # The user's helpers neither answer in its place nor keep it.
        scoped = f"credential.{self.address.scheme}://{self.address.netloc}.helper="
        return (*slow, "-c", "credential.helper=", "-c", scoped, "-c", "credential.useHttpPath=false")

    @property
    def environment(self) -> Mapping[str, str]:
        """What is added to the environment of the one git process that needs it."""
        quiet = {
            "GIT_TERMINAL_PROMPT": "0",
            "SSH_ASKPASS_REQUIRE": "never",
            "GIT_ALLOW_PROTOCOL": "https:http:ssh:file",
        }
        if not self.token:
            return quiet
        scheme, netloc = self.address.scheme, self.address.netloc
        return {
            **quiet,
            "GIT_ASKPASS": _script(),
            "STOMPER_ASKED_USER": f"Username for '{scheme}://{netloc}': ",
            "STOMPER_ASKED_PASSWORD": f"Password for '{scheme}://{self.user}@{netloc}': ",
            "STOMPER_GIT_USER": self.user,
            "STOMPER_GIT_PASSWORD": self.token,
        }

    def hidden(self, words: str) -> str:
        """*words* without the token, in whatever form, and without credentials in any address."""
        if self.token:
            basic = base64.b64encode(f"{self.user}:{self.token}".encode()).decode()
            for secret in (self.token, basic):
                words = words.replace(secret, "[token]")
        return _IN_ADDRESS.sub("", words)


def from_environment(name: str, address: Address, user: str) -> Credentials:
    """The token that the variable *name* holds. Raises SettingsError when it is not set."""
    token = os.environ.get(name, "").strip()
    if not token:
        raise SettingsError(f"token_env: the variable {name} is not set where this runs")
    return Credentials(address, token, user, f"the token in {name}")


def _script() -> str:
    """The path of the script, written where it is missing or not as it should be."""
    place = home() / "remotes" / "askpass"
    if not place.exists() or place.read_text(encoding="utf-8") != _SCRIPT:
        place.parent.mkdir(parents=True, exist_ok=True)
        new = place.with_name(f"askpass.{os.getpid()}")
        new.write_text(_SCRIPT, encoding="utf-8")
        new.chmod(0o700)
        new.replace(place)
    return str(place)
