"""A Prefect server's API by plain HTTP: quick to load, and it gives up soon where Prefect's client would wait."""

from __future__ import annotations

import base64
import json
import os
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from stomper.errors import StomperError
from stomper.system import proxies

TIMEOUT_S = 3.0
_TRIES = 6
_PAUSE_S = 0.5


_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Unreachable(StomperError):
    """Nothing that speaks Prefect's API answered."""


@dataclass(frozen=True)
class Api:
    """The API at *address*, which ends with `/api`."""

    address: str
    timeout_s: float = TIMEOUT_S

    def get(self, path: str) -> Any:
        """What is at *path*; None where there is nothing. Raises Unreachable."""
        return self._ask("GET", path, None)

    def post(self, path: str, query: dict[str, Any] | list[dict[str, Any]]) -> Any:
        """The answer to *query*. Raises Unreachable."""
        return self._ask("POST", path, query)

    def patch(self, path: str, changes: dict[str, Any]) -> None:
        """Change what is at *path*. Raises Unreachable."""
        self._ask("PATCH", path, changes)

    def automations(self, name: str) -> list[dict[str, Any]]:
        """The automations of this name. Raises Unreachable."""
        found = self.post("/automations/filter", {"automations": {"name": {"any_": [name]}}})
        return list(found or [])

    def delete(self, path: str) -> None:
        """Remove what is at *path*. Raises Unreachable."""
        self._ask("DELETE", path, None)

    def work_pool(self, name: str) -> dict[str, Any] | None:
        """The work pool of this name, None where there is none."""
        found: dict[str, Any] | None = self.get(f"/work_pools/{quote(name, safe='')}")
        return found

    def workers_online(self, pool: str) -> list[str]:
        """The names of the work pool's workers that were heard of lately."""
        wanted = {"workers": {"status": {"any_": ["ONLINE"]}}}
        found = self.post(f"/work_pools/{quote(pool, safe='')}/workers/filter", wanted) or []
        return [str(worker["name"]) for worker in found]

    def _ask(
        self, method: str, path: str, body: dict[str, Any] | list[dict[str, Any]] | None, *, tries: int = _TRIES
    ) -> Any:
        data = None if body is None else json.dumps(body).encode()
        try:
            request = urllib.request.Request(f"{self.address}{path}", data, _headers(), method=method)  # noqa: S310 - the same
            with _opener(self.address).open(request, timeout=self.timeout_s) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            if error.code == 503 and tries > 1:  # over SQLite, whoever meets another's write; nothing was done
                time.sleep(_PAUSE_S)
                return self._ask(method, path, body, tries=tries - 1)
            hint = ": set PREFECT_API_AUTH_STRING or PREFECT_API_KEY" if error.code in (401, 403) else ""
            raise Unreachable(f"{self.address}{path} answers {error.code} {error.reason}{hint}") from None
        except (OSError, ValueError) as error:
            raise Unreachable(f"{self.address} does not answer: {getattr(error, 'reason', error)}") from None
        try:
            return json.loads(text) if text else None
        except ValueError:
            raise Unreachable(f"{self.address}{path} answers, but is no Prefect API: does it end with /api?") from None


def _opener(address: str) -> urllib.request.OpenerDirector:
    """Return what opens *address*: through the user's proxies, but for this machine's own loopback."""
    return _DIRECT if proxies.on_loopback(address) else urllib.request.build_opener()


def _headers() -> dict[str, str]:
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if key := os.environ.get("PREFECT_API_KEY"):
        headers["Authorization"] = f"Bearer {key}"
    elif both := os.environ.get("PREFECT_API_AUTH_STRING"):
        headers["Authorization"] = f"Basic {base64.b64encode(both.encode()).decode()}"
    return headers
