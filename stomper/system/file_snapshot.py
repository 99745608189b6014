"""Files that stay as they are, whoever writes to them."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class KeptFiles:
    """What is in some files, nothing where there is none. Safe to use from threads."""

    contents: Mapping[Path, bytes | None]

    @classmethod
    def of(cls, files: Iterable[Path]) -> KeptFiles:
        """The files as they are now."""
        return cls({file: _content(file) for file in files})

    def restore(self) -> None:
        """Put back what is not as it was. Raises OSError where that cannot be done."""
        for file, content in self.contents.items():
            if _content(file) != content or file.is_symlink():
                _put(file, content)


def _content(file: Path) -> bytes | None:
    try:
        return file.read_bytes() if file.is_file() else None  # a pipe would never end
    except OSError:
        return None


def _put(file: Path, content: bytes | None) -> None:
    if file.is_dir() and not file.is_symlink():
        shutil.rmtree(file)
    if content is None:
        file.unlink(missing_ok=True)
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(dir=file.parent)
    with os.fdopen(number, "wb") as made:
        made.write(content)
    Path(name).chmod(0o644)
    with contextlib.suppress(FileNotFoundError):  # somebody is at it too
        Path(name).replace(file)
