"""The guard for keys, tokens and passwords that a fix writes down."""

from __future__ import annotations

import re
import tempfile
import threading
from pathlib import Path, PurePosixPath

from stomper.analysis.comments import taken_apart, text_of
from stomper.analysis.languages import language
from stomper.guards.base import Diff

_scanning = threading.Lock()
_KNOWN = ("python", "notebook", "javascript", "typescript")
_JOINTS = re.compile(r"[\s\"'`+\\()]+")  # what may stand in the middle of a literal that is written in parts


def secrets(diff: Diff) -> str:
    """No key, token or password is added: in a new string, or where values need no quotes (by detect-secrets)."""
    for path in diff.patch.paths:
        after = diff.after[path]
        if after is not None and (kind := _found(path, diff.before[path] or b"", after)):
            return f"it added what looks like a secret to {path} ({kind})"
    return ""


def _found(path: str, before: bytes, after: bytes) -> str:
    """The kind of the first secret that only *after* holds; empty when there is none."""
    old = text_of(path, before)
    known = set(old.splitlines())
    added = [line for line in text_of(path, after).splitlines() if line not in known]
    literals = _new_literals(path, _squeezed(old), after) if added else ()
    if not added or literals == ():
        return ""
    for kind, value in _scanned(added, PurePosixPath(path).suffix):
        squeezed = _squeezed(value)
        if squeezed not in _squeezed(old) and (literals is None or any(squeezed in one for one in literals)):
            return kind
    return ""


def _new_literals(path: str, old: str, after: bytes) -> tuple[str, ...] | None:
    """The strings and comments that are new; None where it is not known for sure what is a string."""
    if language(path, after).name not in _KNOWN:
        return None
    source = taken_apart(path, after)
    if not source.strings:  # nothing here can tell them in a newer syntax, or there are none
        return None
    squeezed = (_squeezed(piece.text) for piece in (*source.strings, *source.comments))
    return tuple(said for said in squeezed if said and said not in old)


def _squeezed(text: str) -> str:
    return _JOINTS.sub("", text)


def _scanned(lines: list[str], suffix: str) -> list[tuple[str, str]]:
    """The secrets in *lines*, as (kind, value)."""
    from detect_secrets.core.secrets_collection import SecretsCollection  # noqa: PLC0415 - it takes a tenth of a second to load
    from detect_secrets.settings import default_settings  # noqa: PLC0415

    # Its settings are the process's, not the thread's.
    with _scanning, tempfile.TemporaryDirectory() as folder, default_settings():
        file = Path(folder) / f"added{'.py' if suffix == '.ipynb' else suffix}"
        file.write_bytes("\n".join((*lines, "")).encode("utf-8", "surrogateescape"))
        collection = SecretsCollection()
        collection.scan_file(str(file))
        return [(secret.type, secret.secret_value or "") for _, secret in collection]
