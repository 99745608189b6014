"""Tokens out of Prefect's Secret blocks."""

from __future__ import annotations

from prefect.blocks.system import Secret

from stomper.errors import SettingsError


def token_of(block: str) -> str:
    """What the Secret block of this name holds; empty for no name. Raises SettingsError when there is none."""
    if not block:
        return ""
    try:
        secret = Secret.load(block)
    except ValueError:
        raise SettingsError(
            f"token_block: the Prefect server knows no Secret block {block!r}; it is a server of your own that keeps them"
        ) from None
    assert isinstance(secret, Secret)  # noqa: S101 - a coroutine only where it is called from one
    return str(secret.get())
