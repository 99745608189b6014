"""What a run may spend, and agents that cannot work."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stomper.agents.budget import Amount, Budget
from stomper.agents.dispatcher import Calls
from stomper.agents.protocol.agent import Answer, Request, Usage
from stomper.agents.protocol.circuit_breaker import Breaker, trouble_in
from stomper.agents.tamper_watch import Watch
from stomper.config.settings import Settings
from stomper.errors import AgentError
from stomper.landing.land import Landing
from stomper.models import FileJob, Metrics, Status
from tests.support.repositories import MakeRepo, git, open_run
from tests.support.runs import RULES, command, repair, scripted

UNUSED = "import os\nx = 1\n"
sizes = st.lists(st.tuples(st.floats(0, 2), st.booleans()), max_size=40)


@given(limit=st.floats(0.1, 10), calls=sizes, seed=st.integers(0, 99))
def test_with_reservation_the_limit_is_never_exceeded(limit: float, calls: list[tuple[float, bool]], seed: int) -> None:
    """Whatever the order, the sizes, and how many are in flight: no call beyond what it reserved, no spending beyond."""
    budget, rng = Budget(Amount(limit, None, None)), random.Random(seed)  # noqa: S311 - for tests
    flying: list[tuple[Amount, float]] = []
    for size, unknown in calls:
        expected = Amount(size, 0, 1)
        if not budget.reserve(expected):
            flying.append((expected, size if unknown else rng.uniform(0, size)))
        if flying and rng.random() < 0.5:
            held, spent = flying.pop(rng.randrange(len(flying)))
            budget.settle(held, Amount(None if unknown else spent, 0, 1))
        assert budget.spent_usd <= limit + 1e-9
    for held, spent in flying:
        budget.settle(held, Amount(spent, 0, 1))
    assert budget.spent_usd <= limit + 1e-9


@given(limit=st.integers(1, 10), calls=st.lists(st.integers(0, 5), max_size=40), wide=st.integers(1, 4))
def test_without_reservation_only_calls_in_flight_exceed_it(limit: int, calls: list[int], wide: int) -> None:
    """Nothing reserved: at most what was in flight when the limit was reached comes on top."""
    budget = Budget(Amount(None, limit, None))
    flying: list[int] = []
    for size in calls:
        if len(flying) == wide:
            budget.settle(Amount(0, 0, 1), Amount(0, flying.pop(0), 1))
        if not budget.reserve(Amount(0, 0, 1)):
            assert budget.spent_tokens < limit
            flying.append(size)
    before = budget.spent_tokens
    for size in flying:
        budget.settle(Amount(0, 0, 1), Amount(0, size, 1))
    assert budget.spent_tokens <= max(limit, before) + sum(flying)


def test_calls_are_counted_by_many_threads() -> None:
    """A limit of calls is a limit of calls."""
    budget = Budget(Amount(None, None, 7))
    with ThreadPoolExecutor(8) as pool:
        let_through = [not said for said in pool.map(lambda _: budget.reserve(Amount()), range(50))]
    assert sum(let_through) == 7


@pytest.mark.parametrize(
    ("said", "trouble", "retry"),
    [
        ("API Error: 401 Unauthorized", "authentication", None),
        ("Error: invalid x-api-key", "authentication", None),
        ("insufficient_quota: you exceeded your current quota", "quota", None),
        ("Your credit balance is too low", "quota", None),
        ("429 Too Many Requests, Retry-After: 12", "rate limit", 12.0),
        ("overloaded_error (529)", "overloaded", None),
        ("prompt is too long: 250000 tokens", "context too long", None),
        ("Traceback: KeyError 'x'", "", None),
        ("line 4012: done", "", None),
        ('File "/tmp/run-403/agent.py", line 429, in edit\nKeyError: 401', "", None),
        ("cannot write src/billing/authentication.py", "", None),
        ("payment required.py is not there", "", None),
        ("billing.py: 403 lines are too many", "", None),
        ("HTTP/1.1 403 Forbidden", "authentication", None),
        ('{"error":{"code":429,"path":"/v1/messages"}}', "rate limit", None),
        ("litellm: status code: 503", "overloaded", None),
        ("Please run /login", "authentication", None),
    ],
)
def test_what_an_agent_complains_of(said: str, trouble: str, retry: float | None) -> None:
    """Known words tell a lost login from a busy provider and from an ordinary failure."""
    assert trouble_in(said) == (trouble, retry)


@pytest.mark.parametrize(
    ("said", "status", "trouble"),
    [
        ("it did not work", 401, "authentication"),
        ("slow down", 429, "rate limit"),
        ("You exceeded your current quota", 429, "quota"),
        ("busy", 529, "overloaded"),
        ("internal server error", 500, ""),
        ("prompt is too long: 210000 tokens", 400, "context too long"),
        ("litellm.ContextWindowExceededError: too much", None, "context too long"),
        ("You've hit your usage limit", None, "quota"),
        ("RESOURCE_EXHAUSTED", None, "rate limit"),
    ],
)
def test_the_status_tells_where_it_is_known(said: str, status: int | None, trouble: str) -> None:
    """The HTTP status of the provider decides, but for a quota that is used up; without one, the words do."""
    assert trouble_in(said, status)[0] == trouble


def test_a_busy_agent_is_left_alone_for_longer_and_longer() -> None:
    """Each time it is busy the pause doubles, unless it says how long to wait; a good answer makes it short again."""
    breaker = Breaker()
    breaker.tell("overloaded")
    first = breaker.wait_s()
    breaker.tell("overloaded")
    assert breaker.wait_s() > first * 1.5
    other = Breaker()
    other.tell("rate limit", retry_after_s=0.0)
    assert other.wait_s() == 0
    assert not other.off


def total(landing: Landing) -> Metrics:
    """The metrics of a run."""
    return Metrics.reduce(landing.outcomes)


def test_a_lost_login_stops_the_agent_for_the_run(make_repo: MakeRepo) -> None:
    """One call fails, no other is made, and the rest of the cascade goes on."""
    root = make_repo({f"m{n}.py": UNUSED + "l = 1\n" for n in range(5)})
    agents = {**scripted(root, {"action": "no_op"}, complaint_="401 Unauthorized"), "ruff": {}}
    landing = repair(root, agents=agents)
    assert sum(a.agent == "scripted" for o in landing.outcomes for a in o.attempts) == 1
    assert [o.status for o in landing.outcomes] == [Status.PARTIAL] * 5
    reasons = [o.reason for o in landing.outcomes]
    assert sum("is off for this run: authentication failed" in reason for reason in reasons) == 5


def test_a_limit_of_calls_leaves_the_rest(make_repo: MakeRepo) -> None:
    """What was proven before the limit lands; the other files say why they were left, and the report what is missing."""
    root = make_repo({f"m{n}.py": UNUSED for n in range(5)})
    agents = scripted(root, {"action": "drop_lines"}, cost_usd_=0.25)
    landing = repair(root, agents=agents, max_agent_calls=2)
    assert len(landing.landed) == 2
    left = [o.reason for o in landing.outcomes if not o.proven]
    assert left == ["not called: max_agent_calls = 2 is reached"] * 3
    assert total(landing).cost_microusd == 500_000


@pytest.mark.parametrize(("limit", "landed"), [(0.1, 0), (0.25, 1), (0.6, 2), (10.0, 3)])
def test_a_limit_of_costs_is_kept(make_repo: MakeRepo, limit: float, landed: int) -> None:
    """Calls that would go beyond it are not made."""
    root = make_repo({f"m{n}.py": UNUSED for n in range(3)})
    agents = scripted(root, {"action": "drop_lines"}, cost_usd_=0.25, call_cost_usd=0.25)
    landing = repair(root, agents=agents, max_cost_usd=limit)
    assert len(landing.landed) == landed
    assert total(landing).cost_microusd == landed * 250_000


def test_a_limit_for_each_file(make_repo: MakeRepo) -> None:
    """A file that does not get better is given up; the next one has its own calls."""
    root = make_repo({"a.py": UNUSED, "b.py": UNUSED})
    agents = scripted(root, {"path": "a.py", "action": "no_op"}, {"path": "b.py", "action": "drop_lines"})
    landing = repair(root, agents=agents, max_attempts=5, max_file_calls=2)
    calls = {o.path: len(o.attempts) for o in landing.outcomes}
    assert calls == {"a.py": 2, "b.py": 1}


def test_a_limit_of_costs_needs_costs(make_repo: MakeRepo) -> None:
    """An agent that does not say what it costs is not run under such a limit, unless the settings say it."""
    root = make_repo({"a.py": UNUSED})
    with pytest.raises(AgentError, match=r"\[agents\.mine\] does not say what a call comes to: give `call_cost_usd`"):
        open_run(root, checkers=RULES, agents=command(root, "fix"), max_cost_usd=1)
    landing = repair(root, agents=command(root, "fix", call_cost_usd=0.5), max_cost_usd=1)
    assert len(landing.landed) == 1


def test_the_report_says_what_the_budget_left(make_repo: MakeRepo) -> None:
    """How many files are left, and what they would cost at this run's price."""
    root = make_repo({f"m{n}.py": UNUSED for n in range(4)})
    agents = scripted(root, {"action": "drop_lines"}, cost_usd_=0.5)
    session = open_run(root, checkers=RULES, agents=agents, test_validation="none", max_agent_calls=1)
    from stomper.fixing.fix_file import process_file

    session.collect()
    for job in session.select()[0]:
        process_file(session, job)
    (said,) = session.calls.words
    session.close()
    assert said == (
        "the budget was reached after 1 call(s), $0.50, 0 tokens: 3 file(s) are left, which would cost about $1.50 at "
        "this run's price"
    )


def test_a_limit_is_reached_only_when_it_is_spent() -> None:
    """What stands against a call is said as it is: spent, held for calls in flight, or too little for one more."""
    budget = Budget(Amount(5.0, None, 2))
    assert budget.reserve(Amount(6.0, 0, 1)) == "max_cost_usd = 5 has no room for a call of up to 6 beside 0 spent"
    assert not budget.reserve(Amount(4.0, 0, 1))
    said = budget.reserve(Amount(2.0, 0, 1))
    assert said == "max_cost_usd = 5 has no room for a call of up to 2 beside 0 spent and 4 held for calls in flight"
    budget.settle(Amount(4.0, 0, 1), Amount(5.0, 0, 1))
    assert budget.reserve(Amount(0.0, 0, 1)) == "max_cost_usd = 5 is reached"
    assert budget.reached


def test_an_agent_that_nobody_answers_for_is_switched_off(make_repo: MakeRepo) -> None:
    """After three refused connections in a row no other call is made; the report says why."""
    root = make_repo({f"m{n}.py": UNUSED for n in range(5)})
    complaint = "connect ECONNREFUSED 127.0.0.1:1234"
    agents = scripted(root, {"action": "no_op"}, complaint_=complaint)
    landing = repair(root, agents=agents, max_attempts=1)
    assert sum(len(o.attempts) for o in landing.outcomes) == 3
    assert sum("is off for this run: unreachable, 3 times in a row" in o.reason for o in landing.outcomes) == 2


def test_connections_that_fail_now_and_then_switch_nothing_off() -> None:
    """Any other answer in between shows that somebody is there."""
    breaker = Breaker()
    for _ in range(4):
        breaker.tell("unreachable", "connection refused")
        breaker.tell("unreachable", "connection refused")
        breaker.tell("")
    assert not breaker.off


def test_where_the_script_is(tmp_path: Path) -> None:
    """The helper of these tests puts what ends in an underscore into the script."""
    (tmp_path / "repo").mkdir()
    table = scripted(tmp_path / "repo", {"action": "no_op"}, cost_usd_=1.0)
    assert "cost_usd" not in str(table["scripted"])
    assert '"cost_usd": 1.0' in (tmp_path / "script.json").read_text()


def test_what_is_unknown_counts_as_the_dearest() -> None:
    """Where nothing was reserved for a call that does not say what it cost: never as nothing."""
    budget = Budget(Amount(1.0, 1000, None))
    for usd, tokens in ((0.2, 300), (None, None), (0.1, 100), (None, None)):
        budget.reserve(Amount(None, None, 1))
        budget.settle(Amount(None, None, 1), Amount(usd, tokens, 1))
    assert budget.spent_usd == pytest.approx(0.2 + 0.2 + 0.1 + 0.2)
    assert budget.spent_tokens == 300 + 300 + 100 + 300


def test_a_limit_of_tokens_needs_tokens(make_repo: MakeRepo) -> None:
    """An agent that does not say them is not run under such a limit, unless the settings say what a call takes."""
    root = make_repo({"a.py": UNUSED})
    with pytest.raises(AgentError, match=r"\[agents\.mine\] .*: give `call_tokens`"):
        open_run(root, checkers=RULES, agents=command(root, "fix"), max_tokens=1000)
    assert len(repair(root, agents=command(root, "fix", call_tokens=500), max_tokens=1000).landed) == 1


def test_a_busy_agent_is_called_by_fewer_at_once() -> None:
    """The calls that it takes at once are halved when it is busy, and become more again as it answers."""
    breaker = Breaker()
    waited: list[float] = []

    class Full(Exception):
        """There was no place."""

    def no_place(seconds: float) -> None:
        waited.append(seconds)
        raise Full

    def places() -> int:
        """How many can enter now."""
        with ExitStack() as stack:
            for count in range(32):
                try:
                    stack.enter_context(breaker.turn(no_place))
                except Full:
                    return count
        return 32

    assert places() == 32  # as many as like, at first
    with ExitStack() as stack:
        for _ in range(8):
            stack.enter_context(breaker.turn(no_place))
        breaker.tell("rate limit", retry_after_s=0.0)
    assert places() == 4
    for _ in range(4):
        breaker.tell("")
    assert places() == 5
    assert len(waited) == 2


def test_an_agent_that_stays_busy_is_switched_off() -> None:
    """After so many busy answers in a row, or when it asks for a longer rest than a run should wait."""
    breaker = Breaker()
    for _ in range(7):
        breaker.tell("overloaded", "529 overloaded", 0.0)
    before = breaker.off
    breaker.tell("overloaded", "529 overloaded", 0.0)
    assert before == ""
    assert breaker.off == "overloaded, 8 times in a row: 529 overloaded"
    other = Breaker()
    other.tell("rate limit", retry_after_s=3600.0)
    assert other.off == "rate limit: it asks to be left alone for 3600 s"


def test_calls_that_are_turned_away_together_count_once() -> None:
    """Many files at once meet one and the same limit: the agent is slowed down once, not switched off."""
    breaker = Breaker()
    with ExitStack() as stack:
        seen = [stack.enter_context(breaker.turn(time.sleep)) for _ in range(16)]
        for slowed in seen:
            breaker.tell("rate limit", "429", 0.0, slowed=slowed)
    assert breaker.off == ""
    with ExitStack() as stack:
        for _ in range(8):
            slowed = stack.enter_context(breaker.turn(time.sleep))
        breaker.tell("rate limit", "429", slowed=slowed)
    assert breaker.wait_s() == pytest.approx(10.0, abs=1.0)  # for the second time


def test_who_is_turned_away_costs_nothing(make_repo: MakeRepo) -> None:
    """A refused login is no call of unknown cost, and takes nothing of the budget."""
    root = make_repo({"a.py": UNUSED})
    program = root.parent / "agent.sh"
    program.write_text("echo 401 Unauthorized >&2; exit 1\n")
    agents = {"ruff": {}, "mine": {"kind": "command", "command": ["sh", str(program)], "call_cost_usd": 0.5}}
    root.joinpath("b.py").write_text("l = 1\n")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "b")
    metrics = total(repair(root, agents=agents, max_cost_usd=1))
    assert (metrics.cost_microusd, metrics.calls_of_unknown_cost) == (0, 0)


class Spender:
    """An agent that spends what it likes, up to what its table reserves."""

    name = "spender"
    reads_prompt = reports_cost = reports_tokens = runs_code = contained = True

    def __init__(self, seed: int, most_usd: float) -> None:
        self._rng, self._most = random.Random(seed), most_usd  # noqa: S311 - for tests
        self._lock = threading.Lock()
        self.spent = 0.0
        self.running = self.at_once = 0

    def takes(self, job: FileJob) -> bool:
        """Anything."""
        return bool(job.path)

    def fix(self, request: Request) -> Answer:
        """Take a moment, and money."""
        assert request.prompt == ""
        with self._lock:
            cost = self._rng.uniform(0, self._most)
            self.running += 1
            self.at_once = max(self.at_once, self.running)
        time.sleep(self._rng.uniform(0, 0.002))
        with self._lock:
            self.running -= 1
            self.spent += cost
        return Answer(cost_usd=cost, usage=Usage())


@settings(max_examples=25, deadline=None)
@given(limit=st.floats(0.5, 5), seed=st.integers(0, 999), wide=st.integers(1, 8), reserved=st.booleans())
def test_what_agents_truly_spend_stays_within_the_limit(limit: float, seed: int, wide: int, reserved: bool) -> None:
    """Through all the layers and with threads: with a reservation never more; without, no more than the calls in flight."""
    most = 0.7
    table = {"kind": "command", "call_cost_usd": most if reserved else None}
    chosen = Settings.model_validate({"agents": {"spender": table}, "max_cost_usd": limit})
    agent = Spender(seed, most)
    calls = Calls(chosen, cast("Watch", None), Budget(Amount(limit, None, None)))

    def call(number: int) -> bool:
        job = FileJob(path=f"{number}.py", diagnostics=())
        return calls.make(agent, Request(job, Path(), ""), calls.for_file(job.path)).made

    with ThreadPoolExecutor(wide) as pool:
        made = sum(pool.map(call, range(40)))
    assert made >= 1 or limit < most
    assert calls.budget.spent_usd == pytest.approx(agent.spent)
    assert agent.spent <= limit + (1e-9 if reserved else most * agent.at_once)
