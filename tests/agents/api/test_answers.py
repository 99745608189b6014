"""What providers, proxies and broken servers answer, told apart by what can be done about it."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from email.utils import formatdate
from typing import Any

import pytest

from stomper.agents.api.conversation import Ask, Conversation
from stomper.agents.protocol.agent import Usage
from stomper.errors import Cancelled
from stomper.system import processes
from tests.support.raw_server import chunk, events, serving

SSE, JSON, HTML = ({"Content-Type": kind} for kind in ("text/event-stream", "application/json", "text/html"))
CLAUDE, GPT = "anthropic:claude-opus-4-8", "openai:gpt-4.1"
STARTED = {
    "type": "message_start",
    "message": {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-opus-4-8", "content": [],
        "stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 50, "output_tokens": 1},
    },
}  # fmt: skip
REFUSED = {
    "type": "message_delta",
    "delta": {"stop_reason": "refusal", "stop_sequence": None},
    "usage": {"output_tokens": 3},
}
OVERLOADED = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
TOO_LONG = (
    b'{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 2 tokens > 1 maximum"}}'
)
NO_CREDIT = b'{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low."}}'
NO_QUOTA = (
    b'{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}'
)
CONTEXT = b'{"error":{"message":"maximum context length is 8192 tokens","code":"context_length_exceeded"}}'
PLAIN = b'{"detail":"the maximum context length is exceeded"}'
FILTERED = events(chunk({"content": ""}), chunk({}, "content_filter"))


def talk(url: str, model: str, timeout_s: float = 20) -> Conversation:
    """A call to *url*."""
    base_url = url if model.startswith("anthropic") else f"{url}/v1"
    return Conversation(Ask(model, "key", base_url, 3, timeout_s, ("file", "job"), lambda _: b"", lambda _: None))


@pytest.mark.parametrize(
    ("model", "reply", "problem", "trouble"),
    [
        (GPT, ("400 Bad Request", CONTEXT, JSON), "answered 400: maximum context length", "context too long"),
        (GPT, ("400 Bad Request", PLAIN, JSON), "maximum context length is exceeded", "context too long"),
        (CLAUDE, ("400 Bad Request", TOO_LONG, JSON), "answered 400: prompt is too long", "context too long"),
        (CLAUDE, ("400 Bad Request", NO_CREDIT, JSON), "Your credit balance is too low", "quota"),
        (GPT, ("429 Too Many Requests", NO_QUOTA, JSON), "You exceeded your current quota", "quota"),
        (GPT, ("502 Bad Gateway", b"<h1>Bad Gateway</h1>", HTML), "answered 502: <h1>Bad Gateway</h1>", "overloaded"),
        (GPT, ("302 Found", b"", {"Location": "/v1/x"}), "cannot be used: Error code: 302", ""),
        (GPT, ("200 OK", b"<h1>Welcome</h1>", HTML), "it gave no edits: ", ""),
        (CLAUDE, ("200 OK", b"<h1>Welcome</h1>", HTML), "it gave no edits: ", ""),
        (GPT, ("200 OK", b"", SSE), "it gave no edits: ", ""),
        (GPT, ("200 OK", b"data: {no\n\n", SSE), "Failed to decode response as JSON", ""),
        (CLAUDE, ("200 OK", b"event: message_start\ndata: {no\n\n", SSE), "Failed to decode response as JSON", ""),
        (GPT, ("200 OK", events({"x": 1}), SSE), "ended without", ""),
        (GPT, ("200 OK", b"5\r\ndata:\r\n", {**SSE, "Transfer-Encoding": "chunked"}), "broke off: peer closed", ""),
        (GPT, ("200 OK", events(chunk({"refusal": "I will not"}), chunk({}, "stop")), SSE), "I will not", "refused"),
        (GPT, ("200 OK", FILTERED, SSE), "the model refused", "refused"),
        (CLAUDE, ("200 OK", events(STARTED, REFUSED, {"type": "message_stop"}), SSE), "the model refused", "refused"),
        (CLAUDE, ("200 OK", events(STARTED, OVERLOADED), SSE), "answered 529: Overloaded", "overloaded"),
    ],
)
def test_what_an_answer_means(
    model: str, reply: tuple[str, bytes, Mapping[str, str]], problem: str, trouble: str
) -> None:
    """Each is a problem in words, with the trouble that the breaker knows."""
    with serving(*reply) as url:
        answer = talk(url, model).hold()
    assert problem in answer.problem
    assert answer.trouble == trouble
    assert len(answer.problem) < 400


@pytest.mark.parametrize(("header", "wait_s"), [("7", 7), ("0", 0), ("in ten minutes", 590), ("soon", None)])
def test_how_long_to_wait(header: str, wait_s: float | None) -> None:
    """Seconds or a date; the request is named for the provider's support."""
    if header == "in ten minutes":
        header = formatdate(time.time() + 600, usegmt=True)
    headers = {**JSON, "Retry-After": header, "x-request-id": "req_7"}
    with serving("429 Too Many Requests", b'{"error":{"message":"slow down"}}', headers) as url:
        answer = talk(url, GPT).hold()
    assert (answer.trouble, answer.session, answer.usage) == ("rate limit", "req_7", Usage())
    if wait_s is None:
        assert answer.retry_after_s is None
    else:
        assert answer.retry_after_s is not None
        assert wait_s - 60 < answer.retry_after_s <= wait_s + 10


@pytest.mark.parametrize(
    ("model", "body", "usage"),
    [(GPT, events(chunk({"content": "I see"})), None), (CLAUDE, events(STARTED), Usage(50, 1))],
)
def test_a_hang_in_the_middle(model: str, body: bytes, usage: Usage | None) -> None:
    """The timeout ends it; the tokens are those that the provider has said so far, or unknown."""
    with serving("200 OK", body, SSE, hang=True) as url:
        answer = talk(url, model, timeout_s=1).hold()
    assert answer.problem == "it took more than 1 s and was stopped"
    assert answer.usage == usage
    assert answer.session


@pytest.mark.parametrize("model", [GPT, CLAUDE])
def test_a_stop_in_the_middle(model: str) -> None:
    """Once the run is stopped the call ends as that, not when its time is over, and leaves no thread."""
    body: Any = events(chunk({"content": "I see"})) if model == GPT else events(STARTED)
    threads = threading.active_count()
    with serving("200 OK", body, SSE, hang=True) as url:
        call = talk(url, model)
        timer = threading.Timer(0.4, processes.stop_all)
        timer.start()
        try:
            with pytest.raises(Cancelled):
                call.hold()
        finally:
            timer.join()
            processes.resume_all()
    for _ in range(50):
        if threading.active_count() <= threads:
            break
        time.sleep(0.05)
    assert threading.active_count() <= threads


def test_a_name_server_that_hangs_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The look-up of a name runs in a thread that nobody can end: it is not waited for."""

    over, ended = threading.Event(), list[bool]()

    def look_up(*_: object, **__: object) -> list[object]:
        ended.append(over.wait(60))
        return []

    monkeypatch.setattr("socket.getaddrinfo", look_up)
    answer = talk("http://nowhere.invalid", GPT, timeout_s=0.5).hold()
    assert answer.problem == "it took more than 0.5 s and was stopped"
    assert ended == []
    over.set()
