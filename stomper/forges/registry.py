"""The forges: GitHub and GitLab. Their libraries are loaded when one is asked for, and come with the extra `pr`."""

from __future__ import annotations

from stomper.config.repository_url import Address
from stomper.forges.base import Forge, ForgeError, PullRequest, RequestState, Wanted
from stomper.forges.hosts import place_of
from stomper.forges.retries import Patience

__all__ = ["Forge", "ForgeError", "Patience", "PullRequest", "RequestState", "Wanted", "forge_of"]


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
        if place.kind == "github":
            from stomper.forges.github import GitHub  # noqa: PLC0415 - loads the library

            return GitHub(place, token, patience)
        from stomper.forges.gitlab import GitLab  # noqa: PLC0415

        return GitLab(place, token, patience)
    except ImportError as error:
        missing = error.name
    raise ForgeError(f"{place.forge}: the library {missing} is not installed: pip install 'stomper-prefect[pr]'")
