"""The words that all protocols share: what a model is asked, and what it replies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
INPUT_TOKENS, CACHED_TOKENS, OUTPUT_TOKENS = 1200, 200, 34  # what every reply is said to take; cached are part of input


@dataclass(frozen=True)
class Edit:
    """Replace *old*, which occurs once, by *new* in the file at *path* of the worktree."""

    path: str
    old: str
    new: str


@dataclass(frozen=True)
class Talk:
    """A request, whatever its protocol. *turns* counts the model's earlier answers with tool calls in it."""

    model: str
    text: str
    tools: Mapping[str, Json] = field(default_factory=dict)
    turns: int = 0
    stream: bool = False
    schema: Json | None = None
    """What a structured answer must look like, where one is asked for without a tool."""
    number: int = 1
    """The how-manieth request it is for this server."""


@dataclass(frozen=True)
class Call:
    """A tool to use. *text* is the input of a tool that takes text in place of JSON."""

    tool: str
    arguments: Json = field(default_factory=dict)
    text: str | None = None


@dataclass(frozen=True)
class Turn:
    """What the model says and which tools it uses."""

    text: str = ""
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True)
class Failure:
    """An error of the provider in place of an answer."""

    status: int
    message: str
    retry_after_s: int | None = None


@dataclass(frozen=True)
class Hang:
    """Never an answer."""


@dataclass(frozen=True)
class Cut:
    """An answer whose connection breaks in the middle."""

    turn: Turn


Reply = Turn | Failure | Hang | Cut
Play = Callable[[Talk], Reply]


def words(content: Any) -> str:
    """All text in a message's content, of whatever depth."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(words(part) for part in content)
    if isinstance(content, dict):
        return "\n".join(words(content[key]) for key in ("text", "content", "parts", "output") if key in content)
    return ""
