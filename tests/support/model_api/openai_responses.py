"""OpenAI's responses."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.support.model_api import openai_chat
from tests.support.model_api.talk import CACHED_TOKENS, INPUT_TOKENS, OUTPUT_TOKENS, Failure, Json, Talk, Turn, words

_USAGE = {
    "input_tokens": INPUT_TOKENS,
    "input_tokens_details": {"cached_tokens": CACHED_TOKENS},
    "output_tokens": OUTPUT_TOKENS,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
}
_CALLS = ("function_call", "custom_tool_call", "local_shell_call")


def read(body: Json, number: int) -> Talk:
    """What is asked."""
    items = [{"content": body["input"]}] if isinstance(body["input"], str) else body["input"]
    wanted = body.get("text", {}).get("format") or {}
    # A tool of the provider's own, such as a search, has no name.
    tools = {t["name"]: t for t in body.get("tools") or [] if t.get("type") in ("function", "custom")}
    return Talk(
        model=body["model"],
        text="\n".join([body.get("instructions") or "", *(words(i.get("content")) for i in items)]),
        tools={n: t.get("parameters") or ({"text": True} if t["type"] == "custom" else {}) for n, t in tools.items()},
        turns=sum(i.get("type") in _CALLS for i in items),
        stream=bool(body.get("stream")),
        schema=wanted.get("schema", {}) if wanted.get("type", "text") != "text" else None,
        number=number,
    )


def plain(turn: Turn, talk: Talk) -> Json:
    """The answer in one piece."""
    return {**_head(talk), "status": "completed", "output": _items(turn, talk), "usage": _USAGE}


def stream(turn: Turn, talk: Talk) -> Iterator[str]:
    """The answer in events."""
    yield _event("response.created", response={**_head(talk), "status": "in_progress", "output": []})
    for index, item in enumerate(_items(turn, talk)):
        empty = {**item, "content": []} if item["type"] == "message" else item
        if item["type"] == "function_call":
            empty = {**item, "arguments": ""}  # they come in the deltas
        yield _event("response.output_item.added", output_index=index, item=empty)
        place = {"item_id": item["id"], "output_index": index}
        if item["type"] == "message":
            (part,) = item["content"]
            at = {**place, "content_index": 0}
            yield _event("response.content_part.added", **at, part={**part, "text": ""})
            yield _event("response.output_text.delta", **at, delta=part["text"])
            yield _event("response.output_text.done", **at, text=part["text"])
            yield _event("response.content_part.done", **at, part=part)
        elif item["type"] == "function_call":
            yield _event("response.function_call_arguments.delta", **place, delta=item["arguments"])
            yield _event("response.function_call_arguments.done", **place, arguments=item["arguments"])
        yield _event("response.output_item.done", output_index=index, item=item)
    yield _event("response.completed", response=plain(turn, talk))


def error(failure: Failure) -> Json:
    """The error in the provider's form."""
    return openai_chat.error(failure)


def _head(talk: Talk) -> Json:
    return {
        "id": f"resp_{talk.number}",
        "object": "response",
        "created_at": 1_700_000_000,
        "model": talk.model,
        "parallel_tool_calls": False,
        "tool_choice": "auto",
        "tools": [],
        "error": None,
        "incomplete_details": None,
    }


def _items(turn: Turn, talk: Talk) -> list[Json]:
    items: list[Json] = []
    if turn.text:
        part = {"type": "output_text", "text": turn.text, "annotations": []}
        items.append({"type": "message", "role": "assistant", "status": "completed", "content": [part]})
    for index, call in enumerate(turn.calls):
        named = {"name": call.tool, "call_id": f"call_{talk.number}_{index}", "status": "completed"}
        if talk.tools.get(call.tool, {}).get("text"):
            items.append({"type": "custom_tool_call", "input": call.text or "", **named})
        else:
            items.append({"type": "function_call", "arguments": json.dumps(call.arguments), **named})
    return [{**item, "id": f"item_{talk.number}_{index}"} for index, item in enumerate(items)]


def _event(kind: str, **data: object) -> str:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, 'sequence_number': 0, **data})}\n\n"
