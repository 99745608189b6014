"""The forges: GitHub and GitLab. Their libraries are loaded when one is asked for, and come with the extra `pr`."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from stomper.config.repository_url import Address
from stomper.forges.base import Forge, ForgeError
from stomper.forges.hosts import Place, place_of
from stomper.forges.retries import Patience


def forge_of(address: Address, token: str, *, kind: str = "", api: str = "", patience: Patience | None = None) -> Forge:
    """The forge of the repository at *address*. Nothing is asked yet.

    *kind* is `github` or `gitlab` where the host's name does not tell; *api* the base address of the API of one's own
    server (https://HOST/api/v3 for GitHub Enterprise, https://HOST for GitLab). Raises ForgeError for an address at no
    forge, without a token, and where the extra is not installed.
    """
    place = place_of(address, kind=kind, api=api)
    if not token:
        raise ForgeError(
            f"{address.url}: pull requests need a token with {place.rights}: set pr.token_env to the variable that holds it"
        )
    patience = patience or Patience()
    try:
        made: Callable[[Place, str, Patience], Forge] = import_module(f"stomper.forges.{place.kind}").FORGE
        return made(place, token, patience)
    except ImportError as error:
        missing = error.name
    raise ForgeError(f"{place.forge}: the library {missing} is not installed: pip install 'stomper-prefect[pr]'")
