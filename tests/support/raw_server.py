"""A server that sends what a test says, byte by byte, whatever it is asked: for what no decent model server does."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterator, Mapping
from typing import Any


@contextlib.contextmanager
def serving(status: str, body: bytes, headers: Mapping[str, str], *, hang: bool = False) -> Iterator[str]:
    """The address of a server that gives this answer and then ends the connection, or holds it until the block ends."""
    over = threading.Event()
    lines = [
        f"HTTP/1.1 {status}",
        *(f"{name}: {value}" for name, value in headers.items()),
        "Connection: close",
        "",
        "",
    ]

    def answer(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(10)
            asked = b""
            while b"\r\n\r\n" not in asked:
                asked += connection.recv(65536)
            head, _, rest = asked.partition(b"\r\n\r\n")
            lengths = [
                int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
            ]
            length = lengths[0] if lengths else 0  # what follows a redirect has no body
            while len(rest) < length:
                rest += connection.recv(65536)
            connection.sendall("\r\n".join(lines).encode() + body)
            if hang:
                over.wait()

    def accept(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while not over.is_set():
                threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        accepting = threading.Thread(target=accept, args=(listener,), daemon=True)
        accepting.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join()


def events(*data: Mapping[str, Any] | str) -> bytes:
    """Server-sent events, named by their types where they have one."""
    said = []
    for one in data:
        name = f"event: {one['type']}\n" if isinstance(one, Mapping) and "type" in one else ""
        said.append(f"{name}data: {one if isinstance(one, str) else json.dumps(one)}\n\n")
    return "".join(said).encode()


def chunk(delta: Mapping[str, Any], end: str | None = None) -> dict[str, Any]:
    """A piece of an answer of OpenAI's chat completions."""
    choice = {"index": 0, "delta": delta, "finish_reason": end, "logprobs": None}
    head = {"id": "c1", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": "gpt-4.1"}
    return {**head, "choices": [choice]}
