"""The HTTP server: it finds the protocol by the path, records what it is asked, and plays the model."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Protocol, Self

from tests.support.model_api import anthropic_messages, gemini, openai_chat, openai_responses
from tests.support.model_api.talk import Cut, Failure, Hang, Json, Play, Reply, Talk, Turn


class Dialect(Protocol):
    """A provider's protocol: how a request is read and an answer written."""

    def read(self, body: Json, number: int) -> Talk: ...
    def plain(self, turn: Turn, talk: Talk) -> Json: ...
    def stream(self, turn: Turn, talk: Talk) -> Iterator[str]: ...
    def error(self, failure: Failure) -> Json: ...


DIALECTS: dict[str, Dialect] = {
    "/chat/completions": openai_chat,
    "/responses": openai_responses,
    "/v1/messages": anthropic_messages,
    ":generateContent": gemini,
    ":streamGenerateContent": gemini,
}


@dataclass(frozen=True)
class Recorded:
    """One request for an answer, as it came."""

    path: str
    headers: Mapping[str, str]
    body: Json

    @property
    def key(self) -> str:
        """The key that was sent, in whichever header."""
        names = ("authorization", "x-api-key", "x-goog-api-key")
        return next((self.headers[n].removeprefix("Bearer ") for n in names if n in self.headers), "")


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed is no error of ours; anything else is."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class ModelServer:
    """Listens on a free port of 127.0.0.1 in the block; `play` decides each reply and can be exchanged."""

    def __init__(self, play: Play) -> None:
        self.play = play
        self.requests: list[Recorded] = []
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._server = _Quiet(("127.0.0.1", 0), _handler_of(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def url(self) -> str:
        """Where it listens, without `/v1`."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def record(self, request: Recorded) -> int:
        """Keep the request; returns which one it is."""
        with self._lock:
            self.requests.append(request)
            return len(self.requests)

    def wait(self) -> None:
        """What a reply that never comes waits for: the end of the server."""
        self._ending.wait()


def _handler_of(server: ModelServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._send(200, {"object": "list", "data": [], "models": []})

        def do_HEAD(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = self.path.partition("?")[0]
            dialect = next((d for end, d in DIALECTS.items() if path.endswith(end)), None)
            if dialect is None:
                self._send(200 if path.endswith("count_tokens") else 404, {"input_tokens": 1})
                return
            place, _, verb = path.rpartition(":")
            told = {"model": place.rpartition("/")[2], "stream": "stream" in verb} if dialect is gemini else {}
            body = {**json.loads(raw), **told}
            number = server.record(Recorded(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            talk = dialect.read(body, number)
            self._reply(dialect, talk, server.play(talk))

        def _reply(self, dialect: Dialect, talk: Talk, reply: Reply) -> None:
            match reply:
                case Hang():
                    server.wait()
                    self.close_connection = True
                case Failure():
                    after = {} if reply.retry_after_s is None else {"Retry-After": str(reply.retry_after_s)}
                    self._send(reply.status, dialect.error(reply), after)
                case Cut():
                    whole = (
                        "".join(dialect.stream(reply.turn, talk))
                        if talk.stream
                        else json.dumps(dialect.plain(reply.turn, talk))
                    )
                    self._begin_stream(length=None if talk.stream else len(whole))
                    self.wfile.write(whole[: len(whole) // 2].encode())
                case Turn() if talk.stream:
                    self._begin_stream()
                    for event in dialect.stream(reply, talk):
                        self.wfile.write(event.encode())
                case Turn():
                    self._send(200, dialect.plain(reply, talk))

        def _begin_stream(self, length: int | None = None) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream" if length is None else "application/json")
            if length is not None:
                self.send_header("Content-Length", str(length))
            self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = True

        def _send(self, status: int, data: Json, headers: Mapping[str, str] | None = None) -> None:
            payload = json.dumps(data).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Say nothing."""

    return Handler
