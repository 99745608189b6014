"""What a pull request says of itself to the runs to come: a comment at the end of its body that is not shown."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from stomper.hashing import digest as _digest

_MARK = re.compile(r"<!-- stomper (\{[^<>]*\}) -->")
_MOST = 1500  # digests in one mark: it has to fit into the body


@dataclass(frozen=True)
class Mark:
    """The *fixes* that a pull request proposes, those that people *declined* before, by their digests; whether Stomper
    itself *closed* it."""

    fixes: tuple[str, ...] = ()
    declined: tuple[str, ...] = ()
    closed: bool = False

    @property
    def unwanted(self) -> frozenset[str]:
        """What is not proposed again where people closed the pull request."""
        return frozenset(self.declined if self.closed else (*self.fixes, *self.declined))

    @property
    def written(self) -> str:
        """The comment."""
        data = {"fixes": self.fixes[:_MOST], "declined": self.declined[-_MOST:], "closed": self.closed}
        return f"<!-- stomper {json.dumps(data, separators=(',', ':'))} -->"


def read(body: str) -> Mark:
    """The mark of a body; an empty one where there is none."""
    found = _MARK.findall(body)
    try:
        data = json.loads(found[-1]) if found else {}
        return Mark(tuple(map(str, data["fixes"])), tuple(map(str, data["declined"])), bool(data["closed"]))
    except (ValueError, KeyError, TypeError):
        return Mark()


def written_into(body: str, mark: Mark) -> str:
    """The body with *mark* in place of its own."""
    return f"{_MARK.sub('', body).rstrip()}\n\n{mark.written}"


def digest(path: str, diff: bytes) -> str:
    """A name for what a patch does to a file: the lines that go and come, wherever they are."""
    lines = [line for line in diff.split(b"\n") if line[:1] in (b"+", b"-") and line[:4] not in (b"+++ ", b"--- ")]
    return _digest(path, b"\n".join(lines).decode("latin-1"))[:10]
