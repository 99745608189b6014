"""Gemini's generateContent. The model and whether to stream are in the path, so the server puts them into the body."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.support.model_api.talk import CACHED_TOKENS, INPUT_TOKENS, OUTPUT_TOKENS, Failure, Json, Talk, Turn, words

STATUSES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 429: "RESOURCE_EXHAUSTED"}
_USAGE = {
    "promptTokenCount": INPUT_TOKENS,
    "cachedContentTokenCount": CACHED_TOKENS,
    "candidatesTokenCount": OUTPUT_TOKENS,
    "totalTokenCount": INPUT_TOKENS + OUTPUT_TOKENS,
}


def read(body: Json, number: int) -> Talk:
    """What is asked."""
    contents = body["contents"]
    declared = [d for t in body.get("tools") or [] for d in t.get("functionDeclarations", [])]
    return Talk(
        model=body["model"],
        text="\n".join([words(body.get("systemInstruction")), *(words(c) for c in contents)]),
        tools={d["name"]: d.get("parametersJsonSchema") or d.get("parameters", {}) for d in declared},
        turns=sum(any("functionCall" in p for p in c.get("parts", [])) for c in contents),
        stream=body["stream"],
        schema=(body.get("generationConfig") or {}).get("responseJsonSchema"),
        number=number,
    )


def plain(turn: Turn, talk: Talk) -> Json:
    """The answer in one piece."""
    said = [{"text": turn.text}] if turn.text else []
    calls = [{"functionCall": {"name": call.tool, "args": call.arguments}} for call in turn.calls]
    candidate = {"content": {"role": "model", "parts": [*said, *calls]}, "finishReason": "STOP", "index": 0}
    return {"candidates": [candidate], "usageMetadata": _USAGE, "modelVersion": talk.model}


def stream(turn: Turn, talk: Talk) -> Iterator[str]:
    """The answer in events: one is enough."""
    yield f"data: {json.dumps(plain(turn, talk))}\n\n"


def error(failure: Failure) -> Json:
    """The error in the provider's form."""
    status = STATUSES.get(failure.status, "INTERNAL")
    return {"error": {"code": failure.status, "message": failure.message, "status": status}}
