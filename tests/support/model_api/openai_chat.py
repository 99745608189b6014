"""OpenAI's chat completions."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.support.model_api.talk import CACHED_TOKENS, INPUT_TOKENS, OUTPUT_TOKENS, Failure, Json, Talk, Turn, words

KINDS = {401: "authentication_error", 402: "insufficient_quota", 429: "rate_limit_error", 400: "invalid_request_error"}
_USAGE = {
    "prompt_tokens": INPUT_TOKENS,
    "completion_tokens": OUTPUT_TOKENS,
    "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
    "prompt_tokens_details": {"cached_tokens": CACHED_TOKENS},
}


def read(body: Json, number: int) -> Talk:
    """What is asked."""
    messages = body["messages"]
    wanted = body.get("response_format") or {}
    return Talk(
        model=body["model"],
        text="\n".join(words(m.get("content")) for m in messages),
        tools={t["name"]: t.get("parameters", {}) for t in _functions(body)},
        turns=sum(bool(m.get("tool_calls")) for m in messages),
        stream=bool(body.get("stream")),
        schema=wanted.get("json_schema", {}).get("schema", {}) if wanted.get("type", "text") != "text" else None,
        number=number,
    )


def plain(turn: Turn, talk: Talk) -> Json:
    """The answer in one piece."""
    message = {"role": "assistant", "content": turn.text or None, **_calls(turn, talk)}
    choice = {"index": 0, "message": message, "finish_reason": _end(turn), "logprobs": None}
    return {**_head(talk), "object": "chat.completion", "choices": [choice], "usage": _USAGE}


def stream(turn: Turn, talk: Talk) -> Iterator[str]:
    """The answer in events."""

    def chunk(delta: Json, end: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": end, "logprobs": None}
        return _event({**_head(talk), "object": "chat.completion.chunk", "choices": [choice]})

    yield chunk({"role": "assistant", "content": ""})
    for word in turn.text.splitlines(keepends=True):
        yield chunk({"content": word})
    for index, call in enumerate(_calls(turn, talk).get("tool_calls", [])):
        yield chunk({"tool_calls": [{"index": index, **call}]})
    yield chunk({}, _end(turn))
    yield _event({**_head(talk), "object": "chat.completion.chunk", "choices": [], "usage": _USAGE})
    yield "data: [DONE]\n\n"


def error(failure: Failure) -> Json:
    """The error in the provider's form."""
    kind = KINDS.get(failure.status, "server_error")
    return {"error": {"message": failure.message, "type": kind, "param": None, "code": kind}}


def _functions(body: Json) -> list[Json]:
    """The tools that take JSON; one that takes text is left alone."""
    return [t["function"] for t in body.get("tools") or [] if "function" in t]


def _head(talk: Talk) -> Json:
    return {"id": f"chatcmpl-{talk.number}", "created": 1_700_000_000, "model": talk.model}


def _calls(turn: Turn, talk: Talk) -> Json:
    calls = [
        {
            "id": f"call_{talk.number}_{index}",
            "type": "function",
            "function": {"name": call.tool, "arguments": json.dumps(call.arguments)},
        }
        for index, call in enumerate(turn.calls)
    ]
    return {"tool_calls": calls} if calls else {}


def _end(turn: Turn) -> str:
    return "tool_calls" if turn.calls else "stop"


def _event(data: Json) -> str:
    return f"data: {json.dumps(data)}\n\n"
