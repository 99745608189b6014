"""The Prefect API that the user has configured, and where: an address that leads nowhere is mended at its source."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_VARIABLE = "PREFECT_API_URL"


@dataclass(frozen=True)
class Configured:
    """The `address` of an API, what it is from in words, and how to take it out of there."""

    address: str
    source: str
    cure: str

    @property
    def next_step(self) -> str:
        """Return what to do when it does not answer."""
        return (
            f"its address is from {self.source}: start that server, correct the address, or take it out by {self.cure}"
        )


def configured_api() -> Configured | None:
    """Return the API of PREFECT_API_URL, else of the active profile; None when there is none."""
    if address := os.environ.get(_VARIABLE):
        return Configured(address, f"the variable {_VARIABLE}", f"`unset {_VARIABLE}`")
    folder = Path(os.environ.get("PREFECT_HOME") or Path.home() / ".prefect").expanduser()
    place = Path(os.environ.get("PREFECT_PROFILES_PATH") or folder / "profiles.toml").expanduser()
    try:
        profiles = tomllib.loads(place.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        return None
    named = os.environ.get("PREFECT_PROFILE")
    active = str(named or profiles.get("active", ""))
    address = _entry(profiles, active)
    chosen = ", which PREFECT_PROFILE names" if named else ""
    source = f"the Prefect profile {active!r} in {place}{chosen}"
    return Configured(address, source, f"`prefect config unset {_VARIABLE}`") if address else None


def _entry(profiles: dict[str, Any], name: str) -> str:
    """The address of the profile *name*; empty where there is none, or where the file is not as Prefect writes it."""
    try:
        return str(profiles["profiles"][name][_VARIABLE])
    except (KeyError, TypeError):
        return ""
