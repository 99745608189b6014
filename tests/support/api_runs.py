"""Runs with an agent that asks a model's API, for tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from stomper.landing.land import Landing
from tests.support.model_api import ModelServer, Play, say
from tests.support.runs import repair

KEY = "sk-very-secret-8471"
CODE = "import os\n\n\ndef double(x):\n    l = x\n    return l + l\n"
MENDED = "def double(x):\n    y = x\n    return y + y\n"
FIX = {
    "edits": [
        {"old": "import os\n\n\n", "new": ""},
        {"old": "    l = x\n    return l + l", "new": "    y = x\n    return y + y"},
    ]
}
MODELS = {"chat": "openai:gpt-4.1", "responses": "openai-responses:gpt-4.1", "messages": "anthropic:claude-opus-4-8"}


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The usual variables hold a key."""
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.setenv(name, KEY)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


def api(server: ModelServer | str, dialect: str = "chat", **table: object) -> dict[str, object]:
    """The setting `agents` for an API agent alone."""
    url = server if isinstance(server, str) else server.url
    address = url if dialect == "messages" else f"{url}/v1"
    return {"ruff": {"enabled": False}, "api": {"model": MODELS[dialect], "base_url": address, **table}}


def edits(*pairs: tuple[str, str]) -> Play:
    """A model that always submits these edits."""
    return say({"edits": [{"old": old, "new": new} for old, new in pairs]})


def in_turn(*plays: Play) -> Play:
    """One play for each request, the last for all that follow."""
    return lambda talk: plays[min(talk.number, len(plays)) - 1](talk)


def run(
    root: Path, play: Play, dialect: str = "chat", table: Mapping[str, Any] | None = None, **settings: Any
) -> tuple[Landing, ModelServer]:
    """A run with an API agent alone against a server that plays *play*."""
    with ModelServer(play) as server:
        return repair(root, agents=api(server, dialect, **{"max_attempts": 1, **(table or {})}), **settings), server
