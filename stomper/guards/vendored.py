"""Folders of other people's code, which is repaired where it comes from."""

from __future__ import annotations

from pathlib import PurePosixPath

VENDORED = (
    "vendor",
    "_vendor",
    "vendored",
    "third_party",
    "third-party",
    "node_modules",
    "bower_components",
    "site-packages",
)
"""Folders of other people's code."""


def vendored(path: str) -> str:
    """Return that a file is somebody else's, by the folder it is in; empty where it is not."""
    folder = next((part for part in PurePosixPath(path).parts[:-1] if part in VENDORED), "")
    return f"is somebody else's: it is in a folder {folder}" if folder else ""
