"""Anthropic's messages."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.support.model_api.talk import CACHED_TOKENS, INPUT_TOKENS, OUTPUT_TOKENS, Failure, Json, Talk, Turn, words

KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}
# This provider does not count what came from a cache as input.
_USAGE = {
    "input_tokens": INPUT_TOKENS - CACHED_TOKENS,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": CACHED_TOKENS,
    "output_tokens": OUTPUT_TOKENS,
}


def read(body: Json, number: int) -> Talk:
    """What is asked."""
    messages = body["messages"]
    wanted = body.get("output_config", {}).get("format") or body.get("output_format") or {}
    return Talk(
        model=body["model"],
        text="\n".join([words(body.get("system")), *(words(m["content"]) for m in messages)]),
        tools={t["name"]: t.get("input_schema", {}) for t in body.get("tools") or []},
        turns=sum(_uses_tool(m) for m in messages),
        stream=bool(body.get("stream")),
        schema=wanted.get("schema"),
        number=number,
    )


def plain(turn: Turn, talk: Talk) -> Json:
    """The answer in one piece."""
    return {**_head(talk), "content": _blocks(turn, talk), "stop_reason": _end(turn), "usage": _USAGE}


def stream(turn: Turn, talk: Talk) -> Iterator[str]:
    """The answer in events."""
    yield _event("message_start", message={**_head(talk), "content": [], "stop_reason": None, "usage": _USAGE})
    for index, block in enumerate(_blocks(turn, talk)):
        if block["type"] == "text":
            empty, delta = {**block, "text": ""}, {"type": "text_delta", "text": block["text"]}
        else:
            empty = {**block, "input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        yield _event("content_block_start", index=index, content_block=empty)
        yield _event("content_block_delta", index=index, delta=delta)
        yield _event("content_block_stop", index=index)
    yield _event("message_delta", delta={"stop_reason": _end(turn), "stop_sequence": None}, usage=_USAGE)
    yield _event("message_stop")


def error(failure: Failure) -> Json:
    """The error in the provider's form."""
    kind = KINDS.get(failure.status, "api_error")
    return {"type": "error", "error": {"type": kind, "message": failure.message}, "request_id": "req_1"}


def _uses_tool(message: Json) -> bool:
    content = message["content"]
    return (
        message["role"] == "assistant" and isinstance(content, list) and any(b["type"] == "tool_use" for b in content)
    )


def _head(talk: Talk) -> Json:
    return {
        "id": f"msg_{talk.number}",
        "type": "message",
        "role": "assistant",
        "model": talk.model,
        "stop_sequence": None,
    }


def _blocks(turn: Turn, talk: Talk) -> list[Json]:
    said = [{"type": "text", "text": turn.text}] if turn.text else []
    return [
        *said,
        *(
            {"type": "tool_use", "id": f"toolu_{talk.number}_{n}", "name": call.tool, "input": call.arguments}
            for n, call in enumerate(turn.calls)
        ),
    ]


def _end(turn: Turn) -> str:
    return "tool_use" if turn.calls else "end_turn"


def _event(kind: str, **data: object) -> str:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **data})}\n\n"
