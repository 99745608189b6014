"""What must not be found afterwards: keys and prompts, in logs, databases, process lists, reports, commits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest
from pydantic_ai.exceptions import UserError

from stomper.agents.api.failures import explain
from stomper.agents.budget import Amount, Budget
from stomper.agents.dispatcher import Calls
from stomper.agents.protocol.agent import Agent, Answer, Request
from stomper.agents.tamper_watch import Watch
from stomper.config.secrets import Files, Secrets
from stomper.config.settings import Settings
from stomper.models import FileJob, Status
from tests.support.api_runs import CODE, FIX
from tests.support.model_api import ModelServer, say
from tests.support.repositories import MakeRepo, git, write
from tests.support.runs import nothing_landed, only, repair

STOMPER = str(Path(sys.executable).with_name("stomper"))
KEY = "sk-planted-key-5521"  # for the API agent
TOKEN = "planted-token-7734"  # noqa: S105 - for the command agent
PROMPT = "PLANTED-CONVENTION-9917"  # stands in every prompt, and nowhere else
SETTINGS = """\
test_validation = "none"
max_attempts = 1

[checkers.ruff]
args = ["--isolated", "--select", "F401,E741"]

[agents.ruff]
enabled = false

[agents.slow]
kind = "command"
command = ["{python}", "{program}", "{{file}}", "{{prompt_file}}"]
env = ["AGENT_TOKEN"]

[agents.api]
model = "openai:gpt-4.1"
base_url = "{url}/v1"
api_key_env = "KEY_OF_TESTS"
"""
# Long enough to be seen in a process list; says its token where agents say such things when they fail.
SLOW = """\
import os, subprocess, sys, time
assert os.environ["AGENT_TOKEN"] and "PLANTED-CONVENTION" in sys.stdin.read() and "KEY_OF_TESTS" not in os.environ
subprocess.run([sys.executable, "-c", "import time; time.sleep(1.5)"])
sys.exit("the request with token " + os.environ["AGENT_TOKEN"] + " failed")
"""


@contextmanager
def watching() -> Iterator[set[bytes]]:
    """Every command line that is seen in the block."""
    seen: set[bytes] = set()
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.05):
            for entry in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    seen.add(entry.read_bytes())
                except OSError:
                    continue

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


@pytest.mark.slow
def test_planted_secrets_are_found_nowhere(make_repo: MakeRepo, fenced: Path, tmp_path: Path) -> None:
    """A run with an agent that fails and shouts its token, and one that repairs, on a real Prefect server."""
    program = tmp_path / "slow.py"
    program.write_text(SLOW)
    root = make_repo({"shop.py": CODE})
    write(root, {".stomper/conventions.md": PROMPT})
    with ModelServer(say(FIX)) as server, watching() as seen:
        settings = SETTINGS.format(python=sys.executable, program=program, url=server.url)
        (tmp_path / "settings.toml").write_text(settings)
        secrets = {"KEY_OF_TESTS": KEY, "AGENT_TOKEN": TOKEN}
        env = {**os.environ, "STOMPER_HOME": str(fenced), "PREFECT_HOME": str(fenced / "prefect"), **secrets}
        flags = ("--config", str(tmp_path / "settings.toml"), "--verbose", "--json")
        done = subprocess.run(
            (STOMPER, "fix", *flags), cwd=root, env=env, capture_output=True, text=True, check=False, timeout=180
        )
        shown = subprocess.run((STOMPER, "stats"), cwd=root, env=env, capture_output=True, text=True, check=True)
    assert done.returncode == 0, done.stderr
    asked = [json.dumps(r.body) for r in server.requests]
    assert [PROMPT in body for body in asked] == [True]  # or the rest would prove nothing
    assert server.requests[0].key == KEY
    assert any(str(program).encode() in line for line in seen)
    for secret in (KEY, TOKEN, PROMPT):
        kept = [
            p.relative_to(tmp_path) for p in tmp_path.rglob("*") if p.is_file() and secret.encode() in p.read_bytes()
        ]
        told = [p for p in kept if p.parts[:2] == (fenced.name, "transcripts")]  # where prompts belong, and no key does
        assert len(told) == (2 if secret == PROMPT else 0)
        assert [p for p in kept if p not in told] == (
            [Path("repo/.stomper/conventions.md")] if secret == PROMPT else []
        )
        assert [line for line in seen if secret.encode() in line] == []
        assert secret not in done.stdout + done.stderr + shown.stdout + shown.stderr
        assert secret not in git(root, "log", "-p", "--all")


def test_a_token_written_into_the_file_is_turned_down_and_not_kept(
    make_repo: MakeRepo, fenced: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No patch of it is left behind, and the next attempt is not told of it."""
    monkeypatch.setenv("AGENT_TOKEN", TOKEN)
    root = make_repo({"shop.py": "import os\nx = 1\n"})
    program = root.parent / "agent.py"
    program.write_text(
        "import os, pathlib, sys\n"
        "log = pathlib.Path(sys.argv[2]); log.write_text(sys.stdin.read())\n"
        "pathlib.Path(sys.argv[1]).write_text(f'x = 1\\nname = {os.environ[\"AGENT_TOKEN\"]!r}\\n')\n"
    )
    argv = [sys.executable, str(program), "{file}", str(root.parent / "log")]
    agents = {"ruff": {"enabled": False}, "mine": {"kind": "command", "command": argv, "env": ["AGENT_TOKEN"]}}
    landing = repair(root, agents=agents)
    assert only(landing).reason == "guard secrets: it wrote the value of AGENT_TOKEN into the file"
    assert [p for p in fenced.rglob("*") if p.is_file() and TOKEN.encode() in p.read_bytes()] == []
    assert TOKEN not in (root.parent / "log").read_text()
    assert nothing_landed(root, landing)


@pytest.mark.parametrize(
    ("environ", "hidden"),
    [
        ({"MY_KEY": "abcdefgh"}, "say [MY_KEY]"),
        ({"my_password": "abcdefgh"}, "say [my_password]"),
        ({"HANDED": "abcdefgh"}, "say [HANDED]"),
        ({"KEYBOARD": "abcdefgh"}, "say abcdefgh"),
        ({"X_TOKEN": "abc"}, "say abcdefgh"),  # so short that it stands in many words
    ],
)
def test_which_variables_are_secrets(environ: dict[str, str], hidden: str) -> None:
    """What is called like one, and what a table hands on."""
    settings = Settings.model_validate({"agents": {"mine": {"kind": "command", "env": ["HANDED"]}}})
    assert Secrets.of(settings, environ).hidden("say abcdefgh") == hidden


def test_a_value_that_holds_another_is_hidden_whole() -> None:
    """Whichever comes first in the environment."""
    assert Secrets({"A_KEY": "abcdefgh", "B_KEY": "abcdefghij"}).hidden("say abcdefghij") == "say [B_KEY]"


@pytest.mark.parametrize(
    ("before", "after", "name"),
    [
        ({"a.py": b"x = 'abcdefgh'\n"}, {"a.py": b"y = 'abcdefgh'\n"}, ""),  # it was there, and may stay
        ({"a.py": b"x = 'abcdefgh'\n"}, {"a.py": b"y = 'abcdefgh' 'abcdefgh'\n"}, "A_KEY"),
        ({"a.py": b""}, {"a.py": b"'''first line\nsecond line'''\n"}, "B_KEY"),  # a diff has each line apart
        ({}, {"abcdefgh.py": b""}, "A_KEY"),
    ],
)
def test_a_secret_is_planted_where_it_was_not(before: Files, after: Files, name: str) -> None:
    """In a file or its name; not where a file of the user has held it all along."""
    assert Secrets({"A_KEY": "abcdefgh", "B_KEY": "first line\nsecond line"}).planted(before, after) == name


def test_a_fix_beside_a_value_of_the_environment_lands(make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is called like a secret may hold an everyday word that stands in the file."""
    monkeypatch.setenv("SORT_KEY", "position")
    root = make_repo({"shop.py": "import os\nposition = 1\n"})
    assert only(repair(root)).status is Status.FIXED


def test_no_part_of_a_key_that_was_cut_is_shown() -> None:
    """A provider's words are hidden before they are shortened."""
    key = "sk-secret-of-many-characters"
    words = explain(UserError("x" * 295 + f" {key}"), "here", "", lambda text: text.replace(key, "[KEY]"))
    assert "sk-" not in words.problem


def test_what_a_program_says_of_itself_is_hidden() -> None:
    """Its name for the call could be the key."""

    class Liar:
        """An agent whose words are all the same."""

        name, reads_prompt, contained = "liar", False, True

        def fix(self, _: Request) -> Answer:
            return Answer(session="abcdefgh", model="abcdefgh", stop="abcdefgh", problem="abcdefgh")

    calls = Calls(Settings(), cast("Watch", None), Budget(Amount()), secrets=Secrets({"A_KEY": "abcdefgh"}))
    request = Request(FileJob(path="a.py", diagnostics=()), Path(), "")
    answer = calls.make(cast("Agent", Liar()), request, Budget(Amount()))
    assert {answer.session, answer.model, answer.stop, answer.problem} == {"[A_KEY]"}


def test_what_a_program_repeats_of_its_prompt_is_not_shown() -> None:
    """Only its own words are."""
    prompt = "You repair errors.\n  - line 1: F401\n"
    assert (
        Secrets({}).shown("> You repair\n- line 1: F401\nfailed: no route", prompt) == "> You repair\nfailed: no route"
    )


def test_the_forges_token_is_a_secret_by_whatever_name() -> None:
    """The variable that `pr.token_env` names, and those that are called like a personal access token."""
    settings = Settings.model_validate({"pr": {"token_env": "BOT_LOGIN"}})
    environ = {"BOT_LOGIN": "planted-one-1", "GH_PAT": "planted-two-2", "PLACE": "planted-no-3"}
    said = Secrets.of(settings, environ).hidden("planted-one-1 planted-two-2 planted-no-3")
    assert said == "[BOT_LOGIN] [GH_PAT] planted-no-3"
