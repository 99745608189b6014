"""git's smart HTTP on a free port of 127.0.0.1: git's own backend behind a small server, with a password if wanted."""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

_BACKEND = Path(subprocess.run(("git", "--exec-path"), check=True, capture_output=True, text=True).stdout.strip())


class GitServer:
    """Serves the bare repositories under *folder* in the block, to those who know *token* if one is given."""

    def __init__(self, folder: Path, *, token: str = "", user: str = "x-access-token") -> None:
        self.wanted = "Basic " + base64.b64encode(f"{user}:{token}".encode()).decode() if token else ""
        self.paths: list[str] = []
        self.authorized = 0
        server = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_said: object) -> None:
                """Quiet."""

            def do_GET(self) -> None:
                self.answer(b"")

            def do_POST(self) -> None:
                self.answer(self._body())

            def _body(self) -> bytes:
                if self.headers.get("Transfer-Encoding") != "chunked":
                    return self.rfile.read(int(self.headers.get("Content-Length", "0")))
                body = b""
                while size := int(self.rfile.readline().strip() or b"0", 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return body

            def answer(self, body: bytes) -> None:
                server.paths.append(self.path)
                if server.wanted and self.headers.get("Authorization") != server.wanted:
                    self.send_response(401)
                    self.send_header("WWW-Authenticate", 'Basic realm="git"')
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                server.authorized += bool(server.wanted)
                at = urlsplit(self.path)
                env = {
                    **os.environ, "GIT_PROJECT_ROOT": str(folder), "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": at.path,
                    "QUERY_STRING": at.query, "REQUEST_METHOD": self.command, "REMOTE_USER": "tester",
                    "REMOTE_ADDR": "127.0.0.1", "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                    "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                    "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""), "CONTENT_LENGTH": str(len(body)),
                }  # fmt: skip
                done = subprocess.run(
                    (str(_BACKEND / "git-http-backend"),), input=body, env=env, capture_output=True, check=False
                )
                head, _, content = done.stdout.partition(b"\r\n\r\n")
                headers = dict(line.split(": ", 1) for line in head.decode().splitlines() if ": " in line)
                self.send_response(int(headers.pop("Status", "200 OK").split()[0]))
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def host(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def url(self, name: str) -> str:
        """The address of one repository."""
        return f"http://{self.host}/{name}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=10)
