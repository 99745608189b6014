"""Where `flows`, `tasks` and `deployments` are: in the wheel's own bundle, else in the checkout."""

from __future__ import annotations

import sys
from pathlib import Path


def place() -> Path:
    """The folder that holds them, and prefect.yaml."""
    inside = Path(__file__).parent / "_bundle"
    return inside if inside.is_dir() else Path(__file__).parent.parent


def activate() -> Path:
    """Put that folder first on the import path, before a target's own modules of those names."""
    found = place()
    sys.path[:] = [str(found), *(p for p in sys.path if p != str(found))]
    return found


def enter() -> dict[str, str]:
    """The deployments' pull step, which Prefect calls before a run: the run works in the installation of its own worker
    or image, wherever that is. Prefect goes to the `directory` of the answer."""
    return {"directory": str(place())}
