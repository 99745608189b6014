"""The guard against silencing a checker instead of curing what it found, in any language."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from stomper.analysis import lexed
from stomper.analysis.comments import Piece, Source, comment_like, taken_apart, text_of
from stomper.analysis.languages import language
from stomper.guards.base import Diff, dotted, last, nodes
from stomper.guards.suppressions import HINT, MARKERS, STRENGTHENERS, Marker, Place, Reach

# Where a comment says something: at its beginning, in each line of it, and after what begins another comment in it.
_STARTS = re.compile(r"(?:^|\n|\s#|//|/\*|--|<!--)[\s/*#;%<!\-{(|.:\[]*")
_CODE = re.compile(r"[^\s,;\"'`(){}]+")
_SHOWN = 80


@dataclass(frozen=True)
class Silence:
    """One suppression: what it silences, no codes meaning everything, and the lines of code that it is about."""

    tool: str
    codes: frozenset[str]
    covers: tuple[str, ...]
    lines: frozenset[int] = field(compare=False)
    text: str = field(compare=False)

    def holds(self, codes: frozenset[str]) -> bool:
        """Return whether all of *codes* are silenced by it."""
        return not self.codes or bool(codes and codes <= self.codes)


class Side:
    """One side of a file: its lines of code and its suppressions."""

    def __init__(self, path: str, content: bytes) -> None:
        self.source = taken_apart(path, content)
        self.silences = tuple(_silences(self.source))
        self.in_strings = Counter(_in_strings(path, self.source))
        self.strengtheners = Counter(
            found[0].lower() for comment in self.source.comments if (found := STRENGTHENERS.search(comment.text))
        )

    def open(self, tool: str, codes: frozenset[str]) -> Counter[str]:
        """Return the lines of code for which *tool* is not silent about *codes*."""
        silent = {n for s in self.silences if s.tool == tool and s.holds(codes) for n in s.lines}
        return Counter(said for number, _, said in self.source.lines if number not in silent)


def suppression(diff: Diff) -> str:
    """No comment, attribute or filter that silences a checker is added, widened, or moved to other code, in any language."""
    for path in diff.patch.paths:
        before, after = diff.before[path], diff.after[path]
        if said := _added(path, before, after):
            return f"it added a suppression in {path}: {said}"
        for name, count in (_silencers(diff.tree(after or b"")) - _silencers(diff.tree(before or b""))).items():
            if count:
                return f"it added {name} in {path}"
    return ""


def _added(path: str, before: bytes | None, after: bytes | None) -> str:
    if not after or not any(_may_silence(path, text_of(path, side)) for side in (before, after) if side):
        return ""
    old, new = Side(path, before or b""), Side(path, after)
    if lost := old.strengtheners - new.strengtheners:
        return f"{next(iter(lost))} is gone"
    if hidden := new.in_strings - old.in_strings:  # what looks like a string may be a comment to those who know better
        return next(iter(hidden))
    gone, come = Counter(old.silences) - Counter(new.silences), Counter(new.silences) - Counter(old.silences)
    free = list(gone.elements())
    for silence in come.elements():
        match = next((one for one in free if _same(one, silence, old, new)), None)
        if match is None:
            return silence.text
        if not (len(match.covers) > 1 and set(silence.covers) < set(match.covers)):  # parts of a wide one are narrower
            free.remove(match)
    return ""


def _same(was: Silence, now: Silence, old: Side, new: Side) -> bool:
    """Whether *now* is *was* where that stood, or less of it: no line falls silent that was there and was not."""
    if was.tool != now.tool or not was.holds(now.codes):
        return False
    before, after = old.open(now.tool, now.codes), new.open(now.tool, now.codes)
    if any(after[line] < before[line] for line in now.covers):
        return False
    # The code was edited under it; it was not taken from a line that is still there.
    return bool(set(was.covers) & set(now.covers)) or not any(after[line] > before[line] for line in was.covers)


def _may_silence(path: str, text: str) -> bool:
    """Whether anything that looks like a comment, be it in a string, silences. Most sources need not be taken apart."""
    kind = language(path, text[:200].encode())
    markers = _markers(kind.name)
    if any(m.place is Place.CODE and m.pattern.search(text) for m in markers):
        return True
    hinted = (hit[0] for hit in comment_like(kind.syntax).finditer(text) if HINT.search(hit[0]))
    return any(m.pattern.search(hit) or STRENGTHENERS.search(hit) for hit in hinted for m in markers)


@lru_cache(maxsize=64)
def _markers(language: str) -> tuple[Marker, ...]:
    return tuple(m for m in MARKERS if not m.languages or language in m.languages or language == "other")


def _silences(source: Source) -> Iterator[Silence]:
    markers = [m for m in _markers(source.language.name) if m.needs.match(source.text)]
    in_comments = [m for m in markers if m.place is not Place.CODE]
    for comment in source.comments:
        if HINT.search(comment.text):
            for match, marker in _said(comment, in_comments):
                yield _silence(source, comment, match, marker)
    for marker in markers:
        if marker.place is Place.CODE and marker.pattern.search(source.code):
            for match in marker.pattern.finditer(source.code):
                if not any(s.start <= match.start() < s.end for s in source.strings):
                    yield _silence(source, Piece(match.start(), match.end(), match[0]), match, marker)


def _in_strings(path: str, source: Source) -> Iterator[str]:
    """What silences in what looks like a string, and is a comment to those who know the language better: regular
    expressions, raw strings and characters hold quotes that begin none."""
    markers = [m for m in _markers(source.language.name) if m.place is not Place.CODE]
    for hit in comment_like(source.language.syntax).finditer(source.text):
        inside = any(s.start <= hit.start() < s.end for s in source.strings)
        silences = inside and HINT.search(hit[0]) and any(m.pattern.search(hit[0]) for m in markers)
        if silences and lexed.is_comment(path, source.text, hit.start(), hit.end()):
            yield " ".join(hit[0].split())[:_SHOWN]


def _said(comment: Piece, markers: list[Marker]) -> Iterator[tuple[re.Match[str], Marker]]:
    """What stands in a comment: at each place the first of *markers* that matches."""
    starts = [m.end() for m in _STARTS.finditer(comment.text)]
    taken: list[tuple[int, int]] = []
    for marker in markers:
        if marker.place is Place.START:
            hits = [m for start in starts if (m := marker.pattern.match(comment.text, start))]
        else:
            hits = list(marker.pattern.finditer(comment.text))
        for hit in hits:
            if not any(start < hit.end() and hit.start() < end for start, end in taken):
                taken.append(hit.span())
                yield hit, marker


def _silence(source: Source, place: Piece, match: re.Match[str], marker: Marker) -> Silence:
    codes = match["codes"] if "codes" in marker.pattern.groupindex else ""
    lines = _covered(source, place, marker)
    return Silence(
        tool=marker.tool,
        codes=frozenset(_CODE.findall(codes or "")),
        covers=tuple(said for _, _, said in lines),
        lines=frozenset(number for number, _, _ in lines),
        text=" ".join(place.text.split())[:_SHOWN],
    )


def _covered(source: Source, place: Piece, marker: Marker) -> tuple[tuple[int, int, str], ...]:
    """The lines of code that a marker at *place* is about."""
    first, final = source.line_of(place.start), source.line_of(max(place.end - 1, place.start))
    own = tuple(line for line in source.lines if line[0] == first) if _shares_its_line(source, place, marker) else ()
    after = tuple(line for line in source.lines if line[0] > final)
    match marker.reach:
        case Reach.FILE:
            return source.lines
        case Reach.REST:
            return _until(source, place, marker, after)
        case Reach.TOP if not own and not any(line[0] < first for line in source.lines):
            return after
        case Reach.BLOCK if not own:
            column = place.start - source.text.rfind("\n", 0, place.start) - 1
            end = next((n for n, line in enumerate(after) if line[1] < column), len(after))
            return _until(source, place, marker, after[:end])
        case Reach.NEXT if marker.place is not Place.CODE:
            return after[:1]
    return own or after[:1]


def _shares_its_line(source: Source, place: Piece, marker: Marker) -> bool:
    """Whether there is code on its line; for what is code itself, behind it."""
    end = source.code.find("\n", place.end)
    rest = source.code[place.end : end if end >= 0 else None]
    if marker.place is Place.CODE:
        return bool(re.search(r"\w", rest))
    return any(line[0] == source.line_of(place.start) for line in source.lines)


def _until(
    source: Source, place: Piece, marker: Marker, lines: tuple[tuple[int, int, str], ...]
) -> tuple[tuple[int, int, str], ...]:
    if marker.until is None:
        return lines
    if marker.place is Place.CODE:
        hit = marker.until.search(source.code, place.end)
        at = hit.start() if hit else -1
    else:
        at = next((c.start for c in source.comments if c.start >= place.end and marker.until.search(c.text)), -1)
    end = source.line_of(at) if at >= 0 else None
    return lines if end is None else tuple(line for line in lines if line[0] <= end)


def _silencers(tree: ast.Module | None) -> Counter[str]:
    """What silences without a comment: `no_type_check`, filters that ignore warnings, a coverage switch."""
    found: Counter[str] = Counter()
    for node in nodes(tree) if tree else ():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names = [last(d.func if isinstance(d, ast.Call) else d) for d in node.decorator_list]
            found.update(f"@{name}" for name in names if name in ("no_type_check", "no_type_check_decorator"))
        elif isinstance(node, ast.Call) and last(node.func) in ("filterwarnings", "simplefilter"):
            ignores = any(isinstance(a, ast.Constant) and a.value == "ignore" for a in node.args)
            found[f"{dotted(node.func)}('ignore')"] += ignores
    return found
