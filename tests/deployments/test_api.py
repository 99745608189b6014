"""The plain client of a Prefect server's API, against a server that is busy."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator

import pytest

from deployments import api
from deployments.api import Api, Unreachable


class Busy(http.server.BaseHTTPRequestHandler):
    """Answers 503 until it was asked often enough."""

    asked = 0
    enough = 3

    def do_GET(self) -> None:
        type(self).asked += 1
        busy = self.asked < self.enough
        self.send_response(503 if busy else 200)
        self.end_headers()
        self.wfile.write(b"" if busy else b'{"well": true}')

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    monkeypatch.setattr(api, "_PAUSE_S", 0)
    monkeypatch.setattr(Busy, "asked", 0)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Busy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Api(f"http://127.0.0.1:{server.server_port}/api")
        server.shutdown()


def test_a_busy_server_is_asked_again(busy: Api) -> None:
    """SQLite turns away whoever meets another's write."""
    assert busy.get("/admin/version") == {"well": True}
    assert Busy.asked == 3


def test_one_that_stays_busy_is_told(busy: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for ever."""
    monkeypatch.setattr(Busy, "enough", 1000)
    with pytest.raises(Unreachable, match="answers 503"):
        busy.get("/admin/version")
