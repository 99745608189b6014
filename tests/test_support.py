"""The model of the tests, asked in each protocol."""

from __future__ import annotations

import http.client
import json
from typing import Any

import pytest

from tests.support.model_api import Edit, ModelServer, Play, cut_stream, fails, fix, no_op, say

EDIT = Edit("shop.py", "l = 1", "length = 1")
TOOL = {"type": "object", "properties": {"command": {"type": "string"}}}
ASKS: dict[str, tuple[str, dict[str, Any]]] = {
    "chat": (
        "/v1/chat/completions",
        {
            "messages": [{"role": "user", "content": "mend shop.py"}],
            "tools": [{"type": "function", "function": {"name": "bash", "parameters": TOOL}}],
        },
    ),
    "responses": (
        "/v1/responses",
        {
            "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "mend shop.py"}]}],
            "tools": [{"type": "function", "name": "bash", "parameters": TOOL}],
        },
    ),
    "gemini": (
        "/v1beta/models/m:generateContent",
        {
            "contents": [{"role": "user", "parts": [{"text": "mend shop.py"}]}],
            "tools": [{"functionDeclarations": [{"name": "bash", "parametersJsonSchema": TOOL}]}],
        },
    ),
    "messages": (
        "/v1/messages",
        {
            "messages": [{"role": "user", "content": [{"type": "text", "text": "mend shop.py"}]}],
            "tools": [{"name": "bash", "input_schema": TOOL}],
        },
    ),
}


def ask(server: ModelServer, dialect: str, **more: object) -> tuple[int, str]:
    """The status and the text of one answer."""
    path, body = ASKS[dialect]
    if more.get("stream"):
        path = path.replace(":generate", ":streamGenerate")
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=10)
    try:
        headers = {"Content-Type": "application/json", "Authorization": "Bearer secret"}
        connection.request("POST", path, json.dumps({"model": "m", **body, **more}), headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("dialect", ASKS)
def test_the_model_edits_with_the_tool_that_is_offered(dialect: str, stream: bool) -> None:
    """The first turn is a call of the shell that makes the edit, and the request is on record with its key."""
    with ModelServer(fix(EDIT)) as server:
        status, text = ask(server, dialect, stream=stream)
    assert status == 200
    assert "python3 -c" in text
    assert "length = 1" in text
    assert server.requests[0].key == "secret"


@pytest.mark.parametrize("dialect", ASKS)
def test_errors_come_in_the_form_of_the_provider(dialect: str) -> None:
    """A limit that recovers fails so often with its header and then answers."""
    with ModelServer(fails(429, times=1, retry_after_s=1)) as server:
        assert ask(server, dialect)[0] == 429
        status, text = ask(server, dialect)
    assert status == 200
    assert "nothing to change" in text


@pytest.mark.parametrize("dialect", ASKS)
def test_a_cut_stream_has_no_end(dialect: str) -> None:
    """Half of what would have come, and then nothing."""
    with ModelServer(cut_stream) as server:
        half = ask(server, dialect, stream=True)[1]
        server.play = no_op
        whole = ask(server, dialect, stream=True)[1]
    assert 0 < len(half) < len(whole)


def structured(play: Play, **more: object) -> str:
    """What chat says to a request without tools but with a schema."""
    with ModelServer(play) as server:
        content = json.loads(ask(server, "chat", **more)[1])["choices"][0]["message"]
    return str(content["content"] or content["tool_calls"][0]["function"]["arguments"])


def test_a_structured_answer_comes_as_it_is_asked_for() -> None:
    """By the tool where one is offered, as JSON where a schema is, and text as it is."""
    schema = {"type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "object"}}}
    assert json.loads(structured(say({"a": 1}))) == {"a": 1}
    assert json.loads(structured(say({"a": 1}), tools=[], response_format=schema)) == {"a": 1}
    assert structured(say("hello"), tools=[]) == "hello"
