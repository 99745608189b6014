"""Short names made of content."""

from __future__ import annotations

import hashlib


def digest(*parts: str) -> str:
    """A short name for what *parts* say, the same in every run."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:20]
