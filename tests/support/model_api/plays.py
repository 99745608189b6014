"""What a model may do: the fix, and the ways in which models and providers fail."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from tests.support.model_api.talk import Call, Cut, Edit, Failure, Hang, Play, Reply, Talk, Turn
from tests.support.model_api.tools import committing, editing, looking, starting

MESSAGES = {
    400: "the request is not valid",
    401: "invalid x-api-key",
    402: "your credit balance is too low",
    403: "this key may not use the model",
    429: "rate limit reached: too many requests",
    500: "internal server error",
    503: "service unavailable",
    529: "overloaded",
}


def fix(*edits: Edit) -> Play:
    """Make those of the edits whose file is spoken of, by the tools that the client offers, then say so."""
    return lambda talk: _next(talk, [c for e in _meant(talk, edits) for c in editing(talk, e)], _diffs(talk, edits))


def cheat(*edits: Edit) -> Play:
    """Silence the errors in place of mending them."""
    return fix(*(dataclasses.replace(e, new=f"{e.old}  # noqa") for e in edits))


def syntax_error(*edits: Edit) -> Play:
    """Write what is no Python."""
    return fix(*(dataclasses.replace(e, new="def broken(:") for e in edits))


def edit_other(edit: Edit) -> Play:
    """Edit that file, whatever file is spoken of."""
    return lambda talk: _next(talk, editing(talk, edit), _blocks((edit,)))


def commit(*edits: Edit) -> Play:
    """Make the edits, then commit them, where there is a tool for that."""

    def play(talk: Talk) -> Reply:
        meant = _meant(talk, edits)
        return _next(talk, [*(c for e in meant for c in editing(talk, e)), *committing(talk)], _diffs(talk, edits))

    return play


def say(answer: Any) -> Play:
    """One answer: text as it is; anything else as the structured answer asked for, by tool, schema or plain JSON."""

    def play(talk: Talk) -> Reply:
        if isinstance(answer, str):
            return Turn(answer)
        if talk.tools and talk.schema is None:
            return Turn(calls=(Call(list(talk.tools)[-1], answer),))
        return Turn(json.dumps(answer))

    return play


def no_op(_: Talk) -> Reply:
    """Claim to be done."""
    return Turn("There was nothing to change.")


def ask_for_ever(talk: Talk) -> Reply:
    """Use a tool again and again."""
    return Turn(calls=looking(talk, "."), text="I look again.")


def hang(_: Talk) -> Reply:
    """Never answer."""
    return Hang()


def leave_child(seconds: str) -> Play:
    """Start a process that hides, where there is a shell; then never answer."""

    def play(talk: Talk) -> Reply:
        first = starting(talk, f"env -i setsid sleep {seconds} >/dev/null 2>&1 &") if not talk.turns else []
        return Turn(calls=tuple(first), text="I start something.") if first else Hang()

    return play


def cut_stream(_: Talk) -> Reply:
    """Break off in the middle of a word."""
    return Cut(Turn("I was about to say that"))


def fails(status: int, *, times: int | None = None, then: Play = no_op, retry_after_s: int | None = None) -> Play:
    """The provider's error, for ever or *times* times."""

    def play(talk: Talk) -> Reply:
        if times is not None and talk.number > times:
            return then(talk)
        return Failure(status, MESSAGES.get(status, "it failed"), retry_after_s)

    return play


def _next(talk: Talk, steps: list[Call], text: str) -> Reply:
    if not talk.tools:
        return Turn(text)
    if talk.turns < len(steps):
        return Turn(text=f"step {talk.turns + 1}", calls=(steps[talk.turns],))
    return Turn("Done.")


def _meant(talk: Talk, edits: tuple[Edit, ...]) -> list[Edit]:
    return [edit for edit in edits if edit.path in talk.text]


def _diffs(talk: Talk, edits: tuple[Edit, ...]) -> str:
    return _blocks(tuple(_meant(talk, edits)))


def _blocks(edits: tuple[Edit, ...]) -> str:
    """The edits as text, the way aider wants them."""
    block = "{}\n```python\n<<<<<<< SEARCH\n{}\n=======\n{}\n>>>>>>> REPLACE\n```"
    return "\n\n".join(["Done.", *(block.format(e.path, e.old, e.new) for e in edits)])
