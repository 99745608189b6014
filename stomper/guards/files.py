"""Guards about files as such: which ones, of which kind, how much of them."""

from __future__ import annotations

import re
from collections import Counter

from stomper.guards.base import Diff
from stomper.guards.tool_files import configures

_LINK_OR_SUBMODULE = ("120000", "160000")
# In a checker's own configuration: what more of it silences, and what less of it does.
_LAX = re.compile(r"(?i)\b(?:\w*(?:ignor|exclu|disabl|suppress|skip)\w*|off|allow\w*|false|never|none|warn(?:ing)?)\b")
_STRICT = re.compile(r"(?i)\b(?:strict\w*|true|error|enable\w*|select|deny|forbid|extends|plugins?)\b")
_LINES, _LINES_EACH = 80, 40  # what any fix may change, and each error on top


def scope(diff: Diff) -> str:
    """Only the job's file, and those the settings allow."""
    outside = [p for p in diff.patch.paths if p != diff.job.path and not diff.may_edit(p)]
    return f"it edited {', '.join(outside)}, which it was not given" if outside else ""


def shape(diff: Diff) -> str:
    """A file stays a file of the same mode: none is deleted, turned into a link, or made executable."""
    for change in diff.patch.changes:
        if change.deleted:
            return f"it deleted {change.path}"
        if change.new_mode in _LINK_OR_SUBMODULE:
            return f"it made {change.path} a link or submodule"
        if int(change.old_mode, 8) and change.old_mode != change.new_mode:
            return f"it changed the mode of {change.path}"
        if not int(change.old_mode, 8) and change.new_mode == "100755":
            return f"it made an executable file, {change.path}"
    return ""


def configuration(diff: Diff) -> str:
    """What configures checkers, types, coverage and tests is not edited, unless the errors are in that very file: then no
    line that silences is added to it, and none that makes a checker strict is taken out."""
    for path in diff.patch.paths:
        if not configures(path):
            continue
        if path != diff.job.path:
            return f"it edited {path}, which configures how the code is checked"
        before, after = diff.before[path] or b"", diff.after[path] or b""
        if not path.endswith(".py") and (
            said := _laxer(before.decode("utf-8", "replace"), after.decode("utf-8", "replace"))
        ):
            return f"it made checkers look less closely by {path}: {said}"
    return ""


def _laxer(before: str, after: str) -> str:
    for word, count in (_words(_LAX, after) - _words(_LAX, before)).items():
        return f"{word} is there {count} time(s) more"
    for word, count in (_words(_STRICT, before) - _words(_STRICT, after)).items():
        return f"{word} is there {count} time(s) less"
    return ""


def _words(pattern: re.Pattern[str], text: str) -> Counter[str]:
    return Counter(word.lower() for word in pattern.findall(text))


def line_endings(diff: Diff) -> str:
    """Line endings, a byte order mark and the encoding stay as they are."""
    for path in diff.patch.paths:
        before, after = diff.before[path], diff.after[path]
        if before is None or after is None or b"\0" in before:
            continue
        if before.startswith(b"\xef\xbb\xbf") != after.startswith(b"\xef\xbb\xbf"):
            return f"it changed the byte order mark of {path}"
        # (how many lines end in CRLF, how many in LF alone); a file of one kind stays of that kind.
        was, now = _endings(before), _endings(after)
        if any(was) and any(new and not old for old, new in zip(was, now, strict=True)):
            return f"it changed the line endings of {path}"
        if _is_utf8(before) != _is_utf8(after) or _declared(before) != _declared(after):
            return f"it changed the encoding of {path}"
    return ""


def _endings(source: bytes) -> tuple[int, int]:
    crlf = source.count(b"\r\n")
    return crlf, source.count(b"\n") - crlf


def _is_utf8(source: bytes) -> bool:
    try:
        source.decode()
    except UnicodeDecodeError:
        return False
    return True


def _declared(source: bytes) -> str:
    """The encoding that a comment in the first two lines declares; UTF-8 is what there is without one (UP009)."""
    for line in source.split(b"\n", 2)[:2]:
        if found := re.match(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)", line):
            name = found[1].decode("ascii", "replace").lower().replace("_", "-")
            return "" if name in ("utf-8", "utf8") else name
    return ""


def size(diff: Diff) -> str:
    """No more is changed than the errors warrant; lines that only moved do not count."""
    changed = 0
    for path in diff.patch.paths:
        before = Counter(line.strip() for line in (diff.before[path] or b"").splitlines())
        after = Counter(line.strip() for line in (diff.after[path] or b"").splitlines())
        changed += max((before - after).total(), (after - before).total())
    allowed = _LINES + _LINES_EACH * len(diff.job.diagnostics)
    errors = len(diff.job.diagnostics)
    return f"it changed {changed} lines for {errors} error(s); {allowed} are allowed" if changed > allowed else ""
