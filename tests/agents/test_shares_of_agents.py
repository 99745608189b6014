"""Who fixed what at what cost: a cascade over the source of a real package, as a user runs it, and the reports of it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from rich.console import Console

from stomper.models import AgentMetrics, Metrics, Report
from stomper.progress import AgentSaid, StageBegan
from stomper.reports.agents import cost_words
from stomper.reports.summary import summary_markdown
from stomper.reports.terminal import Display, plain_lines, show_report
from tests.support.api_runs import KEY, MODELS
from tests.support.model_api import ModelServer, say
from tests.support.model_api.talk import INPUT_TOKENS, OUTPUT_TOKENS
from tests.support.repositories import MakeRepo, git

STOMPER = str(Path(sys.executable).with_name("stomper"))
# Added to real modules: ruff mends the first, only somebody who reads the second.
UNUSED = "\nfrom os import altsep as stomper_unused\n"
NAMED = """

def stomper_sum(values):
    l = 0
    for value in values:
        l += value
    return l
"""
EDIT = {
    "old": NAMED,
    "new": NAMED.replace("l = 0", "sum_ = 0").replace("l += ", "sum_ += ").replace("return l", "return sum_"),
}
SETTINGS = """\
select = ["F401", "E741"]
max_cost_usd = 1.0
test_validation = "none"

[checkers.ruff]
args = ["--isolated", "--select", "F401,E741"]

[agents.ruff]

[agents.api]
model = "{model}"
base_url = "{url}"
api_key_env = "KEY_OF_TESTS"
max_attempts = 1
"""


def package() -> dict[str, bytes]:
    """The modules of an installed package that is all Python, with errors added to three of them."""
    spec = find_spec("pluggy")
    assert spec is not None
    assert spec.origin is not None
    sources = {f"pluggy/{p.name}": p.read_bytes() for p in Path(spec.origin).parent.glob("*.py")}
    for name, slip in (("_manager", UNUSED + NAMED), ("_tracing", UNUSED), ("_callers", NAMED)):
        sources[f"pluggy/{name}.py"] += slip.encode()
    return sources


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, ModelServer, Report, str]]:
    """One run of `stomper fix --json`: its repository, the server with what it was asked, the report, stderr."""
    folder = tmp_path_factory.mktemp("cascade")
    root = folder / "repo"
    with ModelServer(say({"edits": [EDIT]})) as server:
        settings = SETTINGS.format(model=MODELS["chat"], url=f"{server.url}/v1")
        for name, content in {**package(), "stomper.toml": settings.encode()}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(content)
        config = folder / "gitconfig"
        config.write_text("[user]\n\tname = Tester\n\temail = tester@example.invalid\n[init]\n\tdefaultBranch = main\n")
        env = {
            **os.environ,
            "GIT_CONFIG_GLOBAL": str(config),
            "STOMPER_HOME": str(folder / "state"),
            "PREFECT_HOME": str(folder / "prefect"),
            "KEY_OF_TESTS": KEY,
        }
        for command in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "start")):
            subprocess.run(("git", *command), cwd=root, env=env, check=True)
        done = subprocess.run(
            (STOMPER, "fix", "--json"), check=False, cwd=root, env=env, capture_output=True, text=True, timeout=180
        )
        assert done.stdout, done.stderr
        said = json.loads(done.stdout)
        for outcome in said["outcomes"]:
            outcome["patch"] = {"base": said["base"], "changes": [], "diff": ""}  # they are left out of the JSON
        yield root, server, Report.model_validate(said), done.stderr
        kept = [p for p in folder.rglob("*") if p.is_file() and KEY.encode() in p.read_bytes()]
        assert kept == []  # neither in the database of the runs nor in that of Prefect
        assert KEY not in done.stdout + done.stderr


@pytest.mark.slow
def test_each_agent_gets_what_the_one_before_it_left(ran: tuple[Path, ModelServer, Report, str]) -> None:
    """The model is asked about the two files with errors that ruff cannot mend, and in them of these errors only."""
    root, server, report, err = ran
    assert report.exit_code == 0, err
    assert report.sandbox == "not needed"
    assert report.metrics.total_errors_fixed == 6
    assert {o.path: o.agent for o in report.outcomes} == {
        "pluggy/_manager.py": "ruff + api",
        "pluggy/_tracing.py": "ruff",
        "pluggy/_callers.py": "api",
    }
    asked = [json.dumps(r.body["messages"]) for r in server.requests]
    assert sorted(next(n for n in ("_manager", "_callers") if f"`pluggy/{n}.py`" in text) for text in asked) == [
        "_callers",
        "_manager",
    ]
    assert all("E741" in text and "F401" not in text and "stomper_unused" not in text for text in asked)
    before = package()
    for name in ("_manager", "_callers"):
        text = before[f"pluggy/{name}.py"].decode().replace(UNUSED, "\n").replace(NAMED, EDIT["new"])
        assert (root / f"pluggy/{name}.py").read_text().rstrip() == text.rstrip()
    assert git(root, "status", "--porcelain") == ""


@pytest.mark.slow
def test_the_report_says_who_fixed_what_at_what_cost(ran: tuple[Path, ModelServer, Report, str]) -> None:
    """In the metrics, on the terminal and in Markdown."""
    _, _, report, _ = ran
    shares = report.metrics.agents
    assert (shares["ruff"].errors_fixed, shares["ruff"].calls, shares["ruff"].cost_microusd) == (2, 2, 0)
    api = shares["api"]
    assert (api.errors_fixed, api.calls, api.calls_of_unknown_cost) == (4, 2, 0)
    assert api.tokens == 2 * (INPUT_TOKENS + OUTPUT_TOKENS)
    assert 0 < api.cost_microusd == report.metrics.cost_microusd
    words = f"${api.cost_microusd / 1_000_000:.4f}"
    out = io.StringIO()
    show_report(report, Console(file=out, width=120, color_system=None))
    rows = [" ".join(line.split()) for line in out.getvalue().splitlines()]
    assert "agent fixed calls cost tokens seconds" in rows
    assert any(row.startswith(f"api 4 2 {words} 2468 ") for row in rows)
    assert any(row.startswith("ruff 2 2 $0.00 ") for row in rows)
    assert f"| api | 4 | 2 | {words} | 2468 |" in summary_markdown(report)


def test_the_table_is_left_out_where_it_says_nothing(make_repo: MakeRepo) -> None:
    """One agent that costs nothing is not worth a table."""
    report = Report(run_id="r", repository=str(make_repo({"a": "b"})), base="0" * 40, branch="main", land="commit")
    shares = {"ruff": AgentMetrics(calls=2, errors_fixed=2)}
    report = report.model_copy(update={"metrics": Metrics(agents=shares)})
    out = io.StringIO()
    show_report(report, Console(file=out, width=120, color_system=None))
    assert "seconds" not in out.getvalue()


@pytest.mark.parametrize(
    ("spent", "words"),
    [
        (AgentMetrics(), "$0.00"),
        (AgentMetrics(cost_microusd=2_500_000), "$2.50"),
        (AgentMetrics(cost_microusd=1234), "$0.0012"),
        (AgentMetrics(calls_of_unknown_cost=2), "2 call(s) of unknown cost"),
        (AgentMetrics(cost_microusd=1_000_000, calls_of_unknown_cost=1), "$1.00 + 1 call(s) of unknown cost"),
    ],
)
def test_how_costs_are_said(spent: AgentMetrics, words: str) -> None:
    """Cents where they say enough, and never a zero for what is unknown."""
    assert cost_words(spent) == words


def test_the_live_display_says_how_much_has_arrived() -> None:
    """For each file, until its next stage; a log says nothing of it."""
    display, lines = Display(), list[str]()
    plain = plain_lines(lines.append)

    def shown() -> str:
        out = io.StringIO()
        Console(file=out, width=120).print(display)
        return out.getvalue()

    for event in (StageBegan("api", "a.py"), AgentSaid("a.py", "api", 1234)):
        display(event)
        plain(event)
    assert "1234 characters" in shown()
    display(StageBegan("guards", "a.py"))
    assert "characters" not in shown()
    assert lines == []
