"""A second opinion about sources: what Pygments takes for a comment, which knows the literals of most languages."""

from __future__ import annotations

from functools import lru_cache

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_for_filename
from pygments.token import Comment
from pygments.util import ClassNotFound


def is_comment(path: str, text: str, start: int, end: int) -> bool:
    """Return whether any of *text*, the source at *path*, from *start* to *end* is in a comment; False for languages that
    Pygments does not know."""
    return any(one < end and start < other for one, other in _comments(path, text))


@lru_cache(maxsize=4)
def _comments(path: str, text: str) -> tuple[tuple[int, int], ...]:
    try:
        lexer: Lexer = get_lexer_for_filename(path.rpartition("/")[2])
    except ClassNotFound:
        return ()
    tokens = lexer.get_tokens_unprocessed(text)
    return tuple((place, place + len(value)) for place, kind, value in tokens if kind in Comment and value.strip())
