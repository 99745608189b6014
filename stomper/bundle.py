"""Where `flows`, `tasks` and `deployments` are: in the wheel's own bundle, else in the checkout."""

from __future__ import annotations

import sys
from pathlib import Path


def activate() -> Path:
    """Put the folder that holds them first on the import path, before a target's own modules of those names."""
    inside = Path(__file__).parent / "_bundle"
    place = inside if inside.is_dir() else Path(__file__).parent.parent
    sys.path[:] = [str(place), *(p for p in sys.path if p != str(place))]
    return place
