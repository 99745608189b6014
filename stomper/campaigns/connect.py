"""From a repository's address to the client of its forge."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from stomper.addresses import Address
from stomper.campaigns.options import PullRequestSettings
from stomper.errors import SettingsError
from stomper.forges import Forge, forge_of
from stomper.forges.places import Place, place_of

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


def forge_at(address: Address, options: PullRequestSettings, token: str) -> Forge:
    """The client of a forge. Raises StomperError when the extra `pr` is not installed."""
    place_for(address, options)
    return forge_of(address, token, kind=options.forge, api=options.api)
