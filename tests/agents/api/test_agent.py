"""An agent that asks a model's API, against a model on the loopback interface: what it asks, and what it mends."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from stomper import progress
from stomper.agents.protocol import pricing
from stomper.agents.protocol.agent import Usage
from stomper.fixing.fix_file import process_file
from stomper.models import Status
from tests.support.api_runs import CODE, FIX, KEY, MENDED, MODELS, api, edits, in_turn, keys, run
from tests.support.model_api import Call, ModelServer, Play, Turn, no_op, say
from tests.support.model_api.talk import CACHED_TOKENS, INPUT_TOKENS, OUTPUT_TOKENS
from tests.support.repositories import MakeRepo, open_run
from tests.support.runs import RULES, nothing_landed, only

__all__ = ["keys"]


@pytest.mark.parametrize("dialect", MODELS)
def test_it_mends_a_file(make_repo: MakeRepo, dialect: str) -> None:
    """In each protocol: one request with the file and the errors, edits that land, tokens and a price."""
    root = make_repo({"shop.py": CODE})
    landing, server = run(root, say(FIX), dialect)
    outcome = only(landing)
    assert (outcome.status, outcome.agent) == (Status.FIXED, "api")
    assert (root / "shop.py").read_text() == MENDED
    (request,) = server.requests
    assert request.key == KEY
    text = json.dumps(request.body)
    assert request.body["stream"] is True
    assert "E741" in text
    assert json.dumps(CODE)[1:-1] in text
    (attempt,) = outcome.attempts
    assert attempt.tokens == INPUT_TOKENS + OUTPUT_TOKENS
    assert attempt.cost_usd is not None
    assert 0 < attempt.cost_usd < 0.1
    assert ('"cache_control"' in text) == (dialect == "messages")


def test_the_cache_is_part_of_the_price(make_repo: MakeRepo) -> None:
    """What came from a cache is cheaper, in each provider's own way of counting."""
    usage = Usage(INPUT_TOKENS, OUTPUT_TOKENS, cache_read_tokens=CACHED_TOKENS)
    for dialect in ("chat", "messages"):
        landing, _ = run(make_repo({"shop.py": CODE}, name=dialect), say(FIX), dialect)
        assert only(landing).attempts[0].cost_usd == pricing.price(MODELS[dialect], usage)


def test_a_wrong_edit_is_put_right_in_the_second_turn(make_repo: MakeRepo) -> None:
    """The model is told which edit is wrong and why; all turns count."""
    root = make_repo({"shop.py": CODE})
    wrong = edits(("import os\n\n\n", ""), ("l", "y"))
    landing, server = run(root, in_turn(wrong, say(FIX)))
    assert only(landing).status is Status.FIXED
    assert "edit 2: `old` occurs 4 times (lines 4, 5, 6, 6): take in more" in json.dumps(server.requests[1].body)
    assert only(landing).attempts[0].tokens == 2 * (INPUT_TOKENS + OUTPUT_TOKENS)


def test_edits_in_several_calls_are_all_applied(make_repo: MakeRepo) -> None:
    """Some models make a call for each edit; one that is not valid among them is answered with what to do."""
    root = make_repo({"shop.py": CODE})
    several = tuple(Call("submit_edits", {"edits": [edit]}) for edit in FIX["edits"])
    broken = (Call("submit_edits", FIX), Call("submit_edits", {"edits": "none"}))
    landing, server = run(root, in_turn(lambda _: Turn(calls=broken), lambda _: Turn(calls=several)))
    assert only(landing).status is Status.FIXED
    assert (root / "shop.py").read_text() == MENDED
    assert "make one call with all edits" in json.dumps(server.requests[1].body)


@pytest.mark.parametrize(("turns", "asked"), [(1, 1), (2, 2), (30, 5)])
def test_a_model_that_never_gets_it_right(make_repo: MakeRepo, turns: int, asked: int) -> None:
    """It is asked `max_turns` times, and no more than five; the reason is the last problem."""
    root = make_repo({"shop.py": CODE})
    landing, server = run(root, edits(("nowhere", "")), table={"max_turns": turns})
    assert len(server.requests) == asked
    assert "no edits that can be applied: edit 1: `old` does not occur in the file" in only(landing).reason
    assert only(landing).attempts[0].tokens == asked * (INPUT_TOKENS + OUTPUT_TOKENS)
    assert nothing_landed(root, landing)


@pytest.mark.parametrize(
    ("play", "reason"),
    [
        (edits(("    l = x\n", "    l = x  # noqa: E741\n")), "guard suppression"),
        (edits(("import os\n", "def broken(:\n")), "guard syntax"),
        (edits(), "nothing was changed"),
        (no_op, "it gave no edits: Please include your response in a tool call"),
        (edits(("import os\n", "import sys\n")), "new error"),
    ],
)
def test_what_does_not_mend_it_does_not_land(make_repo: MakeRepo, play: Play, reason: str) -> None:
    """Cheats, broken code and nothing at all are turned down with the reason."""
    root = make_repo({"shop.py": CODE})
    landing, _ = run(root, play)
    assert only(landing).status is Status.FAILED
    assert reason in only(landing).reason
    assert nothing_landed(root, landing)


def test_it_can_edit_the_job_s_file_only(make_repo: MakeRepo) -> None:
    """Text of another file, or a name in the edits, does not reach another file."""
    root = make_repo({"shop.py": CODE, "other.py": "FINE = 1\n"})
    other = say({"path": "other.py", "edits": [{"path": "other.py", "old": "FINE = 1", "new": "FINE = 2"}]})
    landing, _ = run(root, other, table={"max_turns": 1})
    assert only(landing).status is Status.FAILED
    assert (root / "other.py").read_text() == "FINE = 1\n"
    assert nothing_landed(root, landing)


@pytest.mark.parametrize(
    "content", [CODE.replace("\n", "\r\n").encode(), b"\xef\xbb\xbf" + CODE.encode(), b"# \xff\n" + CODE.encode()]
)
def test_line_endings_marks_and_odd_bytes_survive(make_repo: MakeRepo, content: bytes) -> None:
    """The model writes LF and sees no odd bytes; the file keeps its own."""
    root = make_repo({"shop.py": content})
    landing, _ = run(root, say(FIX), checkers={"ruff": {"args": ["--select", "F401,E741"]}}, guards_off=["syntax"])
    mended = (root / "shop.py").read_bytes()
    if b"\xff" in content:  # ruff reads no such file
        assert not landing.landed
        return
    assert only(landing).status is Status.FIXED
    assert mended.count(b"\r\n") == (3 if b"\r" in content else 0)
    assert mended.startswith(b"\xef\xbb\xbf") == content.startswith(b"\xef\xbb\xbf")


def test_many_files_at_once(make_repo: MakeRepo) -> None:
    """Calls in parallel threads do not get into each other's way, and say how much has arrived."""
    names = [f"m{n}.py" for n in range(12)]
    root = make_repo({name: f"NAME = '{name}'\n{CODE}" for name in names})
    heard: list[progress.AgentSaid] = []

    def listen(event: progress.Event) -> None:
        if isinstance(event, progress.AgentSaid):
            heard.append(event)

    with ModelServer(say(FIX)) as server, progress.listening(listen):
        session = open_run(root, checkers=RULES, agents=api(server), test_validation="none", max_parallel_files=6)
        session.collect()
        with ThreadPoolExecutor(6) as pool:
            outcomes = list(pool.map(lambda job: process_file(session, job), session.select()[0]))
        session.close()
    assert [o.status for o in outcomes] == [Status.FIXED] * 12
    assert len(server.requests) == 12
    assert {e.path for e in heard} == set(names)
    assert all(e.agent == "api" and e.characters > 0 for e in heard)


def test_a_server_of_ones_own_needs_no_key(make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `base_url` and no key at all the request is made without one of ours."""
    monkeypatch.delenv("OPENAI_API_KEY")
    landing, server = run(make_repo({"shop.py": CODE}), say(FIX))
    assert only(landing).status is Status.FIXED
    assert server.requests[0].key == "api-key-not-set"


def test_another_variable_holds_the_key(make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    """`api_key_env` wins over the usual variable."""
    monkeypatch.setenv("MY_KEY", "mine")
    _, server = run(make_repo({"shop.py": CODE}), say(FIX), table={"api_key_env": "MY_KEY"})
    assert server.requests[0].key == "mine"


def test_nothing_is_imported_before_the_first_call(make_repo: MakeRepo) -> None:
    """`stomper check` with such an agent loads neither pydantic-ai nor the table of prices."""
    root = make_repo({"a.py": CODE, "stomper.toml": '[agents.api]\nmodel = "openai:gpt-4.1"\n'})
    code = (
        "import sys\nfrom stomper.cli import main\nsys.argv = ['stomper', 'check', '--checkers', 'ruff']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'pydantic_ai', 'openai', 'anthropic', 'genai_prices'}))"
    )
    done = subprocess.run((sys.executable, "-c", code), cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
