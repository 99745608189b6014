"""How the API of a model fails, and what becomes of the file, the run and the key."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from stomper.agents.protocol.agent import Request
from stomper.agents.protocol.circuit_breaker import Breaker, Trouble
from stomper.errors import AgentError, Cancelled
from stomper.models import Status
from stomper.system import processes
from tests.support.api_runs import CODE, FIX, KEY, MODELS, api, edits, in_turn, keys, run
from tests.support.clock import Clock
from tests.support.model_api import Cut, Failure, ModelServer, Talk, Turn, cut_stream, fails, hang, say
from tests.support.model_api.talk import INPUT_TOKENS, OUTPUT_TOKENS, Reply
from tests.support.repositories import MakeRepo, open_run
from tests.support.runs import RULES, nothing_landed, only, repair

__all__ = ["keys"]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "authentication failed"),
        (403, "authentication failed"),
        (402, "quota failed"),
        (404, "configuration failed"),
    ],
)
@pytest.mark.parametrize("dialect", [pytest.param("chat", marks=pytest.mark.slow), "messages"])
def test_what_cannot_get_better_stops_the_agent(make_repo: MakeRepo, status: int, said: str, dialect: str) -> None:
    """One request is made for all files, and the others say why they were left."""
    root = make_repo({f"m{n}.py": CODE for n in range(3)})
    landing, server = run(root, fails(status), dialect)
    assert len(server.requests) == 1
    reasons = [o.reason for o in landing.outcomes]
    assert f"{server.url}" in reasons[0]
    assert f"answered {status}" in reasons[0]
    assert all(f"api is off for this run: {said}" in reason for reason in reasons[1:])


def test_who_is_turned_away_has_spent_nothing(make_repo: MakeRepo) -> None:
    """A refused login costs nothing, whatever the model; it is no call of unknown cost."""
    landing, _ = run(make_repo({"m.py": CODE}), fails(401), table={"model": "openai:one-that-no-list-has"})
    assert [(a.cost_usd, a.tokens) for a in only(landing).attempts] == [(0.0, 0)]


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, float | None]]:
    """What the breaker is told, and no pauses."""
    told: list[tuple[str, float | None]] = []
    real = Breaker.tell

    def tell(
        self: Breaker,
        trouble: Trouble,
        said: str = "",
        retry_after_s: float | None = None,
        *,
        slowed: int | None = None,
    ) -> None:
        told.append((trouble, retry_after_s))
        real(self, trouble, said, retry_after_s, slowed=slowed)
        if trouble:
            assert self.wait_s() > (retry_after_s or 5.0) - 1

    monkeypatch.setattr(Breaker, "tell", tell)
    clock = Clock()
    monkeypatch.setattr("stomper.system.processes.pause", clock.pause)
    monkeypatch.setattr("stomper.agents.protocol.circuit_breaker.time", clock)
    return told


@pytest.mark.parametrize("dialect", [pytest.param("chat", marks=pytest.mark.slow), "messages"])
def test_a_rate_limit_is_waited_for(
    make_repo: MakeRepo, no_waiting: list[tuple[str, float | None]], dialect: str
) -> None:
    """The breaker is told to wait as long as the provider says, and then the same call goes well; one attempt."""
    root = make_repo({"shop.py": CODE})
    landing, server = run(root, fails(429, times=1, then=say(FIX), retry_after_s=7), dialect)
    assert only(landing).status is Status.FIXED
    assert no_waiting == [("rate limit", 7.0), ("", None)]
    assert len(server.requests) == 2
    assert len(only(landing).attempts) == 1


@pytest.mark.parametrize(
    ("status", "trouble"),
    [(429, "rate limit"), (529, "overloaded"), pytest.param(503, "overloaded", marks=pytest.mark.slow)],
)
def test_a_busy_provider_is_given_up(
    make_repo: MakeRepo, no_waiting: list[tuple[str, float | None]], status: int, trouble: str
) -> None:
    """After a few tries the file fails; the SDK makes no tries of its own."""
    root = make_repo({"shop.py": CODE})
    landing, server = run(root, fails(status), "messages")
    assert no_waiting == [(trouble, None)] * 4
    assert len(server.requests) == 4
    assert f"answered {status}" in only(landing).reason
    assert only(landing).attempts[0].cost_usd == 0


def test_a_broken_server_fails_the_file(make_repo: MakeRepo) -> None:
    """A 500 is one failed attempt, and costs nothing."""
    landing, server = run(make_repo({"shop.py": CODE}), fails(500))
    assert "answered 500: internal server error" in only(landing).reason
    assert (len(server.requests), only(landing).attempts[0].cost_usd) == (1, 0)


@pytest.mark.parametrize("dialect", MODELS)
def test_a_stream_that_breaks_off(make_repo: MakeRepo, dialect: str) -> None:
    """Nothing is edited, and the reason says so."""
    root = make_repo({"shop.py": CODE})

    def cut(talk: Talk) -> Reply:
        turn = say(FIX)(talk)
        assert isinstance(turn, Turn)
        return Cut(turn)

    for play in (cut, cut_stream):
        landing, server = run(root, play, dialect)
        assert only(landing).status is Status.FAILED
        assert any(word in only(landing).reason for word in ("broke off", "ended without"))
        assert len(server.requests) == 1
        assert nothing_landed(root, landing)


def test_a_server_that_hangs_is_left(make_repo: MakeRepo) -> None:
    """The timeout holds for the whole call; what it cost is unknown."""
    landing, _ = run(make_repo({"shop.py": CODE}), hang, table={"timeout_s": 0.5})
    assert "it took more than 0.5 s and was stopped" in only(landing).reason
    assert only(landing).attempts[0].cost_usd is None


def test_the_timeout_is_for_all_turns(make_repo: MakeRepo) -> None:
    """A server that hangs in the second turn is left too, and the first turn is paid for."""
    landing, _ = run(make_repo({"shop.py": CODE}), in_turn(edits(("nowhere", "")), hang), table={"timeout_s": 1})
    assert "it took more than 1 s" in only(landing).reason
    assert only(landing).attempts[0].tokens == INPUT_TOKENS + OUTPUT_TOKENS


def test_nobody_listens(make_repo: MakeRepo) -> None:
    """A refused connection is named with its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    landing = repair(make_repo({"shop.py": CODE}), agents=api(f"http://127.0.0.1:{port}", max_attempts=1))
    assert f"http://127.0.0.1:{port}/v1/ cannot be reached: " in only(landing).reason
    assert only(landing).attempts[0].cost_usd == 0


def test_litellm_asks_nobody_who_was_not_named(make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an address its client would go to OpenAI: refused before anything is sent, with the way to name a provider."""
    monkeypatch.setenv("OPENAI_API_KEY", "a-key")
    root = make_repo({"shop.py": CODE})
    agents = {"ruff": {"enabled": False}, "api": {"model": "litellm:gpt-5"}}
    with pytest.raises(AgentError, match=r'needs `base_url`.*"openai:gpt-5"'):
        open_run(root, agents=agents)


@pytest.fixture
def stopped() -> Iterator[None]:
    """Whatever the test does, processes may be started afterwards."""
    yield
    processes.resume_all()


@pytest.mark.usefixtures("stopped")
def test_a_stopped_run_ends_a_call_that_hangs(make_repo: MakeRepo) -> None:
    """The call ends as Cancelled, not when its time is over, with all its tasks."""
    root = make_repo({"shop.py": CODE})
    with ModelServer(hang) as server:
        session = open_run(root, checkers=RULES, agents=api(server), test_validation="none")
        session.collect()
        (job,) = session.select()[0]
        timer = threading.Timer(0.5, processes.stop_all)
        agent = session.agents[0]
        timer.start()
        with pytest.raises(Cancelled):
            agent.fix(Request(job, root, "mend it"))
        timer.join()
        processes.resume_all()
        session.close()
    assert [t.name for t in threading.enumerate() if "asyncio" in t.name] == []


def test_the_key_is_nowhere(make_repo: MakeRepo, caplog: pytest.LogCaptureFixture) -> None:
    """Not in a log, however detailed, nor in an outcome, though the provider repeats it."""
    caplog.set_level(logging.DEBUG)

    def repeats(_: Talk) -> Reply:
        return Failure(401, f"no such key: {KEY}")

    for play in (repeats, say(FIX)):
        landing, server = run(make_repo({"shop.py": CODE}, name=play.__name__), play)
        assert server.requests[0].key == KEY
        assert KEY not in only(landing).model_dump_json()
    assert KEY not in caplog.text


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"model": "gpt-4.1"}, 'needs `model` with its provider, for example "openai:NAME"'),
        ({"model": ""}, "needs `model`"),
        ({"model": "anthropic:x"}, "finds no key: set the environment variable ANTHROPIC_API_KEY, or name another"),
        ({"model": "openai:x", "api_key_env": "MY_KEY"}, "finds no key: set the environment variable MY_KEY"),
        ({"model": "openai:x", "base_url": "http://localhost/v1", "api_key_env": "MY_KEY"}, "variable MY_KEY"),
    ],
)
def test_what_is_missing_is_said_before_anything_starts(
    make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch, table: dict[str, Any], said: str
) -> None:
    """A model without its provider and a key that is not there."""
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name)
    with pytest.raises(AgentError, match=r"\[agents\.mine\]") as error:
        open_run(make_repo({"a.py": CODE}), checkers=RULES, agents={"mine": {"kind": "api", **table}})
    assert said in str(error.value)


@pytest.mark.parametrize("key", ["two\nlines", "schlüssel"])
def test_a_key_that_cannot_be_sent(make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    """It would stand in the HTTP library's own message; white space around a key is none of it."""
    monkeypatch.setenv("OPENAI_API_KEY", key)
    root = make_repo({"shop.py": CODE})
    with pytest.raises(AgentError, match="the key in OPENAI_API_KEY has characters that no key has") as error:
        open_run(root, checkers=RULES, agents=api("http://127.0.0.1:9"))
    assert key not in str(error.value)
    monkeypatch.setenv("OPENAI_API_KEY", f" {KEY}\n")
    _, server = run(root, say(FIX))
    assert server.requests[0].key == KEY


def test_without_the_extra(make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to install."""
    monkeypatch.setattr("stomper.agents.api.agent.find_spec", lambda _: None)
    with pytest.raises(AgentError, match=r"pip install 'stomper-prefect\[api\]'"):
        open_run(make_repo({"a.py": CODE}), checkers=RULES, agents=api("http://127.0.0.1:9"))


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"model": "nonsense:x", "base_url": ""}, "pydantic-ai knows no provider 'nonsense'"),
        ({"model": "deepseek:x", "api_key_env": "OPENAI_API_KEY"}, "`base_url` cannot be set for deepseek"),
        ({"model": "groq:x", "base_url": "", "api_key_env": "OPENAI_API_KEY"}, "install the `groq` package"),
    ],
)
def test_a_provider_that_cannot_be_used(make_repo: MakeRepo, table: dict[str, Any], said: str) -> None:
    """The first call says why, and switches the agent off."""
    root = make_repo({f"m{n}.py": CODE for n in range(2)})
    landing = repair(root, agents=api("http://127.0.0.1:9", max_attempts=1, **table))
    reasons = [o.reason for o in landing.outcomes]
    assert said in reasons[0]
    assert "api is off for this run: configuration failed" in reasons[1]
