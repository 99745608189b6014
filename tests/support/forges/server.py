"""A forge on the loopback interface: what is common to GitHub's and GitLab's."""

from __future__ import annotations

import json
import re
import threading
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit

Json = object


@dataclass(frozen=True)
class Request:
    """What a client sent. `path` is without the API's base."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    raw: bytes


@dataclass(frozen=True)
class Answer:
    """What it gets; `more` are headers."""

    status: int
    data: Json
    more: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Hold:
    """A request that is not answered as yet: it `came`, and goes on once it is `free`."""

    came: threading.Event = field(default_factory=threading.Event)
    free: threading.Event = field(default_factory=threading.Event)


@dataclass
class Fault:
    """What goes wrong with the next `times` requests of a *method* to a path that *where* matches.

    `executed`: only the answer is another. `cut`: no answer comes, the connection ends. `hold`: it takes until the test
    lets it go on."""

    method: str
    where: str
    status: int = 500
    words: str = "Server Error"
    headers: Mapping[str, str] = field(default_factory=dict)
    times: int = 1
    executed: bool = False
    cut: bool = False
    hold: Hold | None = None


class Dialect(Protocol):
    """One forge's API."""

    base: str
    violations: list[str]

    def answer(self, request: Request, api: str) -> Answer:
        """What *request* leads to. `api` is the address of the API, for links."""

    def refused(self, words: str) -> Json:
        """The body of a refusal."""


class ForgeServer:
    """Serves one dialect. `requests` are all that came, `faults` those to come."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self.api = f"http://127.0.0.1:{self._server.server_address[1]}{dialect.base}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def fail(self, fault: Fault) -> None:
        """From now on *fault* happens."""
        self.faults.append(fault)

    def writes(self) -> list[str]:
        """The requests that change something, as `POST /path`."""
        return [f"{r.method} {r.path}" for r in self.requests if r.method != "GET"]

    def handle(self, request: Request) -> Answer | None:
        """The answer; None when the connection is to be cut."""
        with self._lock:
            self.requests.append(request)
            fault = next((f for f in self.faults if f.times and _meant(f, request)), None)
            if fault is None:
                return self._answer(request)
            fault.times -= 1
            if fault.executed:
                self._answer(request)
        if fault.hold:
            fault.hold.came.set()
            fault.hold.free.wait(60)
        return None if fault.cut else Answer(fault.status, self.dialect.refused(fault.words), fault.headers)

    def _answer(self, request: Request) -> Answer:
        try:
            return self.dialect.answer(request, self.api)
        except Exception:
            self.dialect.violations.append(traceback.format_exc())
            return Answer(500, self.dialect.refused("the stub failed"))


def _meant(fault: Fault, request: Request) -> bool:
    return fault.method in ("*", request.method) and re.search(fault.where, request.path) is not None


@contextmanager
def serving(dialect: Dialect) -> Iterator[ForgeServer]:
    """A server that ends with the block."""
    server = ForgeServer(dialect)
    try:
        yield server
    finally:
        server.close()


def paged(items: Sequence[Json], request: Request, api: str, *, most: int) -> tuple[Sequence[Json], dict[str, str]]:
    """The page that was asked for, and the Link header to the others. Pages are small, whatever was asked for."""
    size = min(int(request.query.get("per_page", "30")), most)
    page = int(request.query.get("page", "1"))
    last = max(1, -(-len(items) // size))
    query = urlencode({name: value for name, value in request.query.items() if name != "page"})
    links = {"next": page + 1, "last": last} if page < last else {}
    link = ", ".join(f'<{api}{request.path}?{query}&page={n}>; rel="{name}"' for name, n in links.items())
    return items[(page - 1) * size : page * size], {"Link": link} if link else {}


def _handler_of(server: ForgeServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = urlsplit(self.path)
            base = server.dialect.base
            request = Request(
                self.command,
                parts.path.removeprefix(base) if parts.path.startswith(base) else f"//{parts.path}",
                dict(parse_qsl(parts.query, keep_blank_values=True)),
                {name.lower(): value for name, value in self.headers.items()},
                raw,
            )
            answer = server.handle(request)
            self.close_connection = answer is None
            if answer is None:
                return
            body = b"" if answer.data is None else json.dumps(answer.data).encode()
            self.send_response(answer.status)
            for name, value in {"Content-Type": "application/json; charset=utf-8", **answer.more}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _any  # noqa: N815 - the base class names them so

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Say nothing."""

    return Handler
