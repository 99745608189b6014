"""A model on the loopback interface is asked past the proxy, one elsewhere never."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from stomper.errors import AgentError
from stomper.models import Status
from stomper.system import proxies
from tests.support.api_runs import CODE, FIX, MODELS, keys, run
from tests.support.model_api import say
from tests.support.repositories import MakeRepo, open_run
from tests.support.runs import RULES, only

__all__ = ["keys"]


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No proxy but that of the test."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(proxies, "_found", {})
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.mark.slow
@pytest.mark.parametrize("dialect", MODELS)
def test_a_model_on_loopback_is_asked_directly(
    make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch, dialect: str
) -> None:
    """Also in a worker, whose environment nobody has looked at before."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    landing, server = run(make_repo({"shop.py": CODE}), say(FIX), dialect)
    assert only(landing).status is Status.FIXED
    assert server.requests


def test_a_proxy_that_cannot_be_used_is_not_gone_past(make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model would be asked without it; with another proxy that one is used, as clients do."""
    agents = {"mine": {"kind": "api", "model": "anthropic:x"}}
    monkeypatch.setenv("ALL_PROXY", "socks4://127.0.0.1:9")
    root = make_repo({"a.py": CODE})
    with pytest.raises(AgentError, match=r"\[agents.mine\] cannot go through the proxy of ALL_PROXY: set an http"):
        open_run(root, checkers=RULES, agents=agents)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    open_run(root, checkers=RULES, agents=agents).close()
