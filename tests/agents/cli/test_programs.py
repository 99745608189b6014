"""The coding agents that are programs, by fake ones: what each is given, what is read from it, and what it leaves behind."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from stomper.agents.cli.call_directory import tidied
from stomper.agents.cli.output import Reading
from stomper.agents.registry import PROGRAMS
from stomper.cli import app
from stomper.errors import AgentError
from stomper.models import Outcome, Status
from tests.support.clock import Clock
from tests.support.fake_programs import CASES, Fakes, on_path
from tests.support.repositories import MakeRepo, git, write
from tests.support.runs import nothing_landed, only, repair

BAD, GOOD = "import os\n\nl = 1\n", "import os\n\nlength = 1\n"
RUFF: dict[str, object] = {"ruff": {"args": ["--select", "E741"]}}
ALL_KEYS = sorted({key for row in PROGRAMS.values() for key in row.keys})
SECRET = "sk-secret-42"  # noqa: S105 - a key that opens nothing

DAILY = ("claude", "codex")
"""Programs that are tried every day: the others differ from them in what they are told and say."""
EACH = pytest.mark.parametrize(
    "kind", [kind if kind in DAILY else pytest.param(kind, marks=pytest.mark.slow) for kind in PROGRAMS]
)


@pytest.fixture
def fakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fakes:
    """All programs on PATH, and no key in the environment."""
    for key in (*ALL_KEYS, "MSWEA_MODEL_NAME"):
        monkeypatch.delenv(key, raising=False)
    made = Fakes(tmp_path / "bin")
    monkeypatch.setenv("PATH", on_path(made.folder))
    return made


def run(root: Path, kind: str, **table: Any) -> Outcome:
    """One run with this agent alone and one attempt."""
    settings = {"model": "gpt-4o", "max_attempts": 1, **table}
    return only(repair(root, checkers=RUFF, agents={"ruff": {"enabled": False}, kind: settings}))


@EACH
def test_a_fix_lands_and_nothing_else_stays(
    kind: str, fakes: Fakes, make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch, fenced: Path
) -> None:
    """Its edit lands; it ran in the worktree with HOME and all folders in its state folder, which is gone; its prompt and
    its key are nowhere in its arguments, and what it is not meant to see is not in its environment."""
    root = make_repo({"shop.py": BAD})
    monkeypatch.setenv(PROGRAMS[kind].keys[0], SECRET)
    monkeypatch.setenv("UNRELATED_TOKEN", "x")
    fakes.do(f"{kind}-done", writes={"shop.py": GOOD, "STATE/home/.cache/litter": "x"})
    before = sorted(Path(os.environ["HOME"]).rglob("*"))
    outcome = run(root, kind)
    (call,) = fakes.calls
    env, argv = call["env"], call["argv"]
    assert outcome.status is Status.FIXED, outcome.reason
    assert (root / "shop.py").read_text() == GOOD
    assert git(root, "status", "--porcelain") == ""
    assert SECRET not in " ".join(argv)
    assert "ambiguous" not in " ".join(argv).lower()
    given = call["stdin"] + "".join(content for _, content in call["files"].values())
    assert "E741" in given
    assert SECRET in env.values()
    assert "UNRELATED_TOKEN" not in env
    assert "PYTHONPATH" not in env
    state = str(fenced / "runs")
    for name in ("HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        assert env[name].startswith(state), name
    assert call["cwd"].startswith(state)
    assert all(mode == 0o600 for mode, _ in call["files"].values())
    assert not any(Path(name).exists() for name in call["files"])
    assert sorted(Path(os.environ["HOME"]).rglob("*")) == before
    assert "gpt-4o" in " ".join([*argv, *env.values()])


DONE = {
    "claude": (0.01071, 3702),
    "codex": (0.00618, 2468),
    "gemini": (0.004845, 3702),
    "aider": (0.0031, 1234),
    "opencode": (0.00618, 2468),
    "mini-swe-agent": (0.00618, 2468),
    "cursor": (None, None),
    "copilot": (None, None),
    "qwen": (0.00927, 3702),
    "goose": (None, None),
}


@EACH
def test_what_a_call_took_is_read(
    kind: str, fakes: Fakes, make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tokens and cost come from the program's own words; a cost that it does not say, from the price of the model."""
    root = make_repo({"shop.py": BAD})
    monkeypatch.setenv(PROGRAMS[kind].keys[0], SECRET)
    fakes.do(f"{kind}-done", writes={"shop.py": GOOD})
    (attempt,) = run(root, kind).attempts
    cost, tokens = DONE[kind]
    assert attempt.tokens == tokens
    assert attempt.cost_usd == (None if cost is None else pytest.approx(cost, rel=0.01))


@pytest.mark.parametrize(
    "case",
    [
        case if case.startswith(DAILY) else pytest.param(case, marks=pytest.mark.slow)
        for case in sorted(p.stem for p in CASES.glob("*.txt") if "done" not in p.stem)
    ],
)
def test_trouble_is_recognised(case: str, fakes: Fakes, make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever its exit code, a program that says that it failed is not taken at its success: the reason is in its words, a
    login or quota that is gone switches it off, and one that is busy is tried again later."""
    kind = next(k for k in PROGRAMS if case.startswith(f"{k}-"))
    trouble = case.removeprefix(f"{kind}-").replace("-", " ")
    clock = Clock()
    monkeypatch.setattr("stomper.agents.dispatcher.processes.pause", clock.pause)
    monkeypatch.setattr("stomper.agents.protocol.circuit_breaker.time", clock)
    monkeypatch.setenv(PROGRAMS[kind].keys[0], SECRET)
    root = make_repo({"a.py": BAD, "b.py": BAD})
    fakes.do(case)
    agents = {"ruff": {"enabled": False}, kind: {"model": "m", "max_attempts": 1}}
    landing = repair(root, checkers=RUFF, agents=agents, max_parallel_files=1)
    first = landing.outcomes[0]
    assert "it failed: " in first.reason or "it stopped at its limit" in first.reason
    assert nothing_landed(root, landing)
    gone, busy = trouble in ("authentication", "quota"), trouble in ("rate limit", "overloaded")
    assert len(fakes.calls) == (1 if gone else 8 if busy else 2)
    assert ("is off for this run" in landing.outcomes[1].reason) is gone
    assert (clock.now > 0) is busy


@pytest.mark.parametrize("kind", ["claude", "mini-swe-agent", "qwen", "gemini"])
def test_what_was_done_at_a_limit_is_judged(
    kind: str, fakes: Fakes, make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An agent that stopped at its limit of turns may have done its work: the proof decides."""
    root = make_repo({"shop.py": BAD})
    monkeypatch.setenv(PROGRAMS[kind].keys[0], SECRET)
    fakes.do(f"{kind}-limit", writes={"shop.py": GOOD}, exit=1)
    assert run(root, kind).status is Status.FIXED


@EACH
def test_what_is_missing_is_said_before_anything_starts(
    kind: str, fakes: Fakes, make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its key, and then without the program, the run is refused with what to set and how to install it."""
    root = make_repo({"shop.py": BAD})
    row = PROGRAMS[kind]
    with pytest.raises(AgentError, match=rf"\[agents.{kind}\] .*set {row.keys[0]}"):
        run(root, kind)
    with pytest.raises(AgentError, match="MY_KEY is not set"):
        run(root, kind, api_key_env="MY_KEY")
    monkeypatch.setenv(row.keys[0], SECRET)
    with pytest.raises(AgentError) as refused:
        run(root, kind, command=[f"no-{row.executable}"])
    assert row.install in str(refused.value)
    assert fakes.calls == []


@pytest.mark.usefixtures("fakes")
def test_a_check_needs_no_agent(make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    """`stomper check` works for those who have neither the agent of the settings nor its key."""
    monkeypatch.chdir(make_repo({"shop.py": BAD, "stomper.toml": "[agents.claude]\n"}))
    assert CliRunner().invoke(app, ["check", "--json"]).exit_code == 1


@pytest.mark.parametrize("kind", [kind for kind, row in PROGRAMS.items() if row.logins])
def test_a_login_is_lent(kind: str, fakes: Fakes, make_repo: MakeRepo) -> None:
    """Without a key the login in HOME is copied, for its owner alone; a renewed one comes back; HOME is else as it was."""
    root, home = make_repo({"shop.py": BAD}), Path(os.environ["HOME"])
    place, there = next(iter(PROGRAMS[kind].logins.items()))
    write(home, {place: "old login"})
    fakes.do(f"{kind}-done", writes={"shop.py": GOOD, f"STATE/{there}": "new login"})
    assert run(root, kind).status is Status.FIXED
    (call,) = fakes.calls
    ((mode, content),) = [found for name, found in call["files"].items() if name.endswith(f"/{there}")]
    assert (mode, content) == (0o600, "old login")
    assert (home / place).read_text() == "new login"
    assert (home / place).stat().st_mode & 0o777 == 0o600
    assert [p.name for p in (home / place).parent.iterdir()] == [Path(place).name]


@EACH
def test_a_key_of_another_name_is_handed_on_under_its_own(
    kind: str, fakes: Fakes, make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `api_key_env` the program gets that key in the variable it looks at, and no other key; `args` come along."""
    root = make_repo({"shop.py": BAD})
    monkeypatch.setenv("MY_KEY", SECRET)
    for key in PROGRAMS[kind].keys:
        monkeypatch.setenv(key, "another")
    fakes.do(f"{kind}-done", writes={"shop.py": GOOD})
    assert run(root, kind, api_key_env="MY_KEY", args=["--own", "argument"]).status is Status.FIXED
    (call,) = fakes.calls
    assert [name for name, value in call["env"].items() if value == SECRET] == [PROGRAMS[kind].keys[0]]
    assert "another" not in call["env"].values()
    assert "--own argument" in " ".join(call["argv"])


@pytest.mark.parametrize("kind", sorted(set(PROGRAMS) - {"cursor"}))
def test_an_address_of_ones_own_needs_no_key(kind: str, fakes: Fakes, make_repo: MakeRepo) -> None:
    """With `base_url` the program is pointed there; where it insists on a key it gets one that says nothing."""
    root = make_repo({"shop.py": BAD})
    fakes.do(f"{kind}-done", writes={"shop.py": GOOD})
    assert run(root, kind, base_url="http://127.0.0.1:9/v1", model="llama").status is Status.FIXED
    (call,) = fakes.calls
    assert "http://127.0.0.1:9/v1" in " ".join([*call["argv"], *call["env"].values()])
    assert "none" in call["env"].values()
    with pytest.raises(AgentError, match="base_url needs `model`"):
        run(root, kind, base_url="http://127.0.0.1:9/v1", model="")


def test_the_limits_become_the_programs_own(fakes: Fakes, make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Turns and money are arguments where the program has them."""
    root = make_repo({"shop.py": BAD})
    monkeypatch.setenv("ANTHROPIC_API_KEY", SECRET)
    fakes.do("claude-done", writes={"shop.py": GOOD})
    run(root, "claude", max_turns=7, call_cost_usd=0.25)
    words = " ".join(fakes.calls[0]["argv"])
    assert "--max-turns 7" in words
    assert "--max-budget-usd 0.25" in words


def test_litter_is_removed(fakes: Fakes, make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    """What aider leaves in the worktree goes, and what it changed there without being asked is put back."""
    root = make_repo({"shop.py": BAD, ".gitignore": "build/\n", ".aider.conf.yml": "dark-mode: true\n"})
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    litter = {".gitignore": "build/\n.aider*\n", ".aider.chat.history.md": "x", ".aider.tags.cache.v4/cache.db": "x"}
    fakes.do("aider-done", writes={"shop.py": GOOD, ".aider.conf.yml": "dark-mode: false\n", **litter})
    assert run(root, "aider").status is Status.FIXED
    assert git(root, "show", "--name-only", "--format=").splitlines() == ["shop.py"]


def test_what_it_committed_on_a_branch_of_its_own_is_judged_too(
    fakes: Fakes, make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit, a branch and a lock left in the worktree do not stand in the way of the next attempt."""
    root = make_repo({"a.py": BAD, "b.py": BAD})
    monkeypatch.setenv("ANTHROPIC_API_KEY", SECRET)
    identity = "-c user.name=A -c user.email=a@b"
    left = f"git checkout -qb mine$$ && git {identity} commit -qam mine && touch $(git rev-parse --git-dir)/index.lock"
    fix = "grep -l '^l = 1' *.py | head -1 | xargs sed -i 's/^l = 1/length = 1/'"
    fakes.do("claude-done", run=f"{fix} && {left}")
    settings = {"model": "m", "max_attempts": 2}
    landing = repair(root, checkers=RUFF, agents={"ruff": {"enabled": False}, "claude": settings}, max_parallel_files=1)
    assert [o.path for o in landing.outcomes if o.status is Status.FIXED] == ["a.py"]
    assert git(root, "branch", "--format=%(refname:short)") == "main"
    assert git(root, "log", "--format=%s").splitlines() == ["fix: resolve E741 in a.py", "start"]


def test_one_that_tries_in_vain_is_busy_not_slow(
    fakes: Fakes, make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that is killed while it repeats a refused request is told from one that only takes long."""
    root = make_repo({"shop.py": BAD})
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    fakes.do("aider-authentication", sleep=600)
    outcome = run(root, "aider", timeout_s=2)
    assert "took more than 2 s and was killed; at last it said: litellm.AuthenticationError" in outcome.reason


def test_one_that_hangs_is_killed(fakes: Fakes, make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    """After its time it is ended, with a child that hides, and the reason says so."""
    root = make_repo({"shop.py": BAD})
    monkeypatch.setenv("ANTHROPIC_API_KEY", SECRET)
    fakes.do("claude-done", run="env -i setsid sleep 600 >/dev/null 2>&1 & echo $! > ../child.pid", sleep=600)
    outcome = run(root, "claude", timeout_s=2)
    assert "it took more than 2 s and was killed" in outcome.reason
    commands = [p.read_bytes() for p in Path("/proc").glob("[0-9]*/cmdline") if os.access(p, os.R_OK)]
    assert [c for c in commands if c == b"sleep\x00600\x00"] == []


@pytest.mark.parametrize(
    ("said", "cost", "tokens"),
    [
        ('{"cost": -5, "in": -1, "out": 3}', None, 3),
        ('{"cost": NaN, "in": Infinity, "out": 3}', None, 3),
        ('{"cost": "1.2.3", "in": true, "out": 3}', None, 3),
        ('{"cost": "$1,000.5", "in": "2.2k", "out": 1e400}', 1000.5, 2200),
        ("[" * 100_000, None, None),
    ],
)
def test_numbers_that_cannot_be_are_unknown(said: str, cost: float | None, tokens: int | None, tmp_path: Path) -> None:
    """What a lying agent says of its costs gives nothing back to a budget, and is no crash."""
    found = Reading(cost_usd="$[*].cost", input_tokens=("$[*].in",), output_tokens="$[*].out").read(said, "", tmp_path)
    assert (found.cost_usd, found.usage.total if found.usage else None) == (cost, tokens)


@pytest.mark.parametrize("leaves", ["link", "folder", "pipe", "nothing"])
def test_no_link_of_a_program_is_followed(leaves: str, tmp_path: Path) -> None:
    """What is put back after a call is written into the worktree, never through a link to a file of the user."""
    tree, mine = tmp_path / "tree", tmp_path / "mine"
    write(tmp_path, {"tree/.gitignore": "build/\n", "mine": "precious"})
    place = tree / ".gitignore"
    (tree / ".old").symlink_to("nowhere")
    with tidied(tree, (".gitignore", ".old")):
        place.unlink()
        if leaves == "link":
            place.symlink_to(mine)
        elif leaves == "folder":
            place.mkdir()
        elif leaves == "pipe":
            os.mkfifo(place)
    assert mine.read_text() == "precious"
    assert leaves == "folder" or (place.read_text() == "build/\n" and not place.is_symlink())


def test_a_pipe_in_place_of_a_file_does_not_hang(
    fakes: Fakes, make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody would ever write into it."""
    root = make_repo({"shop.py": BAD})
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    program = fakes.folder / "codex"
    program.unlink()
    program.write_text("#!/bin/sh\nrm shop.py && mkfifo shop.py\n")
    program.chmod(0o755)
    outcome = run(root, "codex")
    assert outcome.status is Status.FAILED
    assert "Traceback" not in outcome.reason
