"""The variables by which a hook of git, or a shell, sends every git elsewhere: put aside for the whole process, GitPython
and the programs of the target included, since whoever starts Stomper names the repository by its path."""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping

_NAMES = (
    "GIT_DIR", "GIT_COMMON_DIR", "GIT_WORK_TREE", "GIT_IMPLICIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_GRAFT_FILE", "GIT_SHALLOW_FILE",
    "GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE", "GIT_CONFIG", "GIT_LITERAL_PATHSPECS", "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS", "GIT_EXTERNAL_DIFF", "GIT_DIFF_OPTS", "GIT_DEFAULT_HASH",
)  # fmt: skip
_found: dict[str, str] = {}


def put_aside(environ: MutableMapping[str, str] = os.environ) -> None:
    """Take them out of *environ*, before any thread or program of this process reads it."""
    _found.clear()
    _found.update({name: environ.pop(name) for name in _NAMES if name in environ})


def as_found(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return *environ* with them as the caller had them: what is about to be committed lies in the index that one names."""
    return {**_found, **environ}
