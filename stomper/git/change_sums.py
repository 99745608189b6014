"""A number for what a patch changes, the same wherever in a file it is applied: the number of several patches, one on top of
the other, is the sum of theirs. So a commit of many fixes is told from one that holds something else as well."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections import Counter
from collections.abc import Sequence

_SIZE = 1 << 64
_HUNK = re.compile(rb"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_INDEX = re.compile(rb"^index ([0-9a-f]+)\.\.([0-9a-f]+)")
_CONTEXT = 3
_NO_NEWLINE = b"\\"


def change_sum(diff: bytes) -> int:
    """Return the number of the patch *diff*, as git writes it with three lines of context: from the pairs of neighbouring
    lines that come and go, the modes, and of what is binary the contents as a whole."""
    total = 0
    lines = diff.split(b"\n")
    place, blobs = 0, (b"", b"")
    while place < len(lines):
        line = lines[place]
        place += 1
        if found := _HUNK.match(line):
            place, old, new = _sides(lines, place, found)
            total += _net(old, new)
        elif found := _INDEX.match(line):
            blobs = (found[1], found[2])
        elif line == b"GIT binary patch" or line.startswith(b"Binary files "):
            total += _number(b"blob", blobs[1]) - _number(b"blob", blobs[0])
        else:
            words = line.rpartition(b" ")
            sign = _MODES.get(words[0], 0)
            total += sign * _number(b"mode", words[2]) if sign else 0
    return total % _SIZE


_MODES = {b"old mode": -1, b"new mode": 1, b"deleted file mode": -1, b"new file mode": 1}


def as_words(number: int) -> str:
    """Return a number as it is written down."""
    return f"{number % _SIZE:016x}"


def added_up(words: Sequence[str]) -> str:
    """Return the sum of numbers that are written down. Raises ValueError for what is none."""
    return as_words(sum(int(word, 16) for word in words))


def _sides(lines: Sequence[bytes], place: int, head: re.Match[bytes]) -> tuple[int, list[bytes], list[bytes]]:
    """Return where the hunk ends, and its lines before and after, with the ends of the file where it reaches them."""
    left, right = (int(count) if count is not None else 1 for count in (head[2], head[4]))
    old, new = list[bytes](), list[bytes]()
    if int(head[1]) <= 1 or int(head[3]) <= 1:
        old.append(b"^")
        new.append(b"^")
    after = 0
    while left > 0 or right > 0:
        mark, text = lines[place][:1], lines[place][1:]
        place += 1
        if mark == _NO_NEWLINE:
            continue
        if place < len(lines) and lines[place][:1] == _NO_NEWLINE:
            text += b"\0"
        after = after + 1 if mark == b" " else 0
        if mark != b"+":
            old.append(text)
            left -= 1
        if mark != b"-":
            new.append(text)
            right -= 1
    if after < _CONTEXT:
        old.append(b"$")
        new.append(b"$")
    return place, old, new


def _net(old: Sequence[bytes], new: Sequence[bytes]) -> int:
    """The pairs that come, less those that go; most of a hunk is on both sides."""
    pairs = Counter(itertools.pairwise(new))
    pairs.subtract(itertools.pairwise(old))
    return sum(times * _number(b"pair", *pair) for pair, times in pairs.items() if times)


def _number(*parts: bytes) -> int:
    framed = b"".join(b"%d %b" % (len(part), part) for part in parts)
    return int.from_bytes(hashlib.blake2b(framed, digest_size=8).digest(), "big")
