"""From a repository's address to the client of its forge."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from stomper.config.pull_requests import PullRequestSettings
from stomper.config.repository_url import Address
from stomper.errors import SettingsError
from stomper.forges.base import Forge
from stomper.forges.hosts import Place, place_of
from stomper.forges.registry import forge_of

_OWN = ("github.com", "api.github.com", "gitlab.com", "127.0.0.1", "localhost", "::1")
# Variables by which the operator, or the CI that the job runs in, says where the forge is.
_HOSTS = ("GH_HOST", "GITHUB_SERVER_URL", "GITLAB_HOST", "CI_SERVER_URL", "STOMPER_PR__API")
TOKENS = {"github": ("GH_TOKEN", "GITHUB_TOKEN"), "gitlab": ("GITLAB_TOKEN",)}


def place_for(address: Address, options: PullRequestSettings) -> Place:
    """The place of a repository at its forge. Raises StomperError for none, and for an API that is not to have the token.

    The settings may be the repository's own: they do not decide to whom the operator's token goes. The API's host must
    be the repository's, or above or below it, unless the operator's environment names it."""
    place = place_of(address, kind=options.forge, api=options.api)
    here, there = address.netloc.rpartition("@")[2].partition(":")[0], urlsplit(place.api).hostname or ""
    near = here == there or here.endswith(f".{there}") or there.endswith(f".{here}")
    if options.api and not near and os.environ.get("STOMPER_PR__API") != options.api:
        raise SettingsError(
            f"pr.api: {there} is another host than the repository's, {here}: so that no repository decides where a token "
            "goes, give it by the variable STOMPER_PR__API"
        )
    return place


def refuse_stranger(place: Place, name: str, options: PullRequestSettings, *, named: bool) -> None:
    """Raise SettingsError where a token of the operator's environment is not to go to the host of *place*.

    The repository's settings may say that any host is a forge, and name any variable. So beside the forges that the usual
    variables are for, the host or the variable (*named*: by the run's own parameters) is the operator's to name."""
    host, env = urlsplit(place.api).hostname or "", os.environ
    if named or host in _OWN or host.endswith(".ghe.com"):
        return
    if options.token_env and env.get("STOMPER_PR__TOKEN_ENV") == options.token_env:
        return
    told = (env.get(name, "") for name in _HOSTS)
    if host in {(urlsplit(given if "://" in given else f"//{given}").hostname or "") for given in told}:
        return
    raise SettingsError(
        f"{name} would go to {host}: so that no repository decides where a token goes, name the variable "
        "that holds the token for this host by STOMPER_PR__TOKEN_ENV or --set pr.token_env=NAME"
    )


def forge_at(address: Address, options: PullRequestSettings, token: str) -> Forge:
    """The client of a forge. Raises StomperError when the extra `pr` is not installed."""
    place_for(address, options)
    return forge_of(address, token, kind=options.forge, api=options.api)
