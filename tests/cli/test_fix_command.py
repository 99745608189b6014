"""The command as a user runs it: a process of its own, on the embedded server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.processes import UNUSED, begin, running, wait_for
from tests.support.repositories import MakeRepo, git

LONG = f"987654{os.getpid()}"
"""For how long agents sleep: a number of this process alone, since other runs of these tests may be under way."""


@pytest.fixture
def start(state: Path) -> Callable[..., subprocess.Popen[str]]:
    """Starts `stomper` with these arguments in a folder."""
    return lambda root, *arguments, **more: begin(root, state, *arguments, **more)


def test_all_lands_and_the_exit_code_is_zero(start: Callable[..., subprocess.Popen[str]], make_repo: MakeRepo) -> None:
    """Everything is fixed: exit 0, pure JSON on stdout, one commit a file, a clean checkout, only progress on stderr.

    The commits are in the order of the files, whichever was done first."""
    root = make_repo({"a.py": UNUSED, "b.py": UNUSED, "test_a.py": "def test_a():\n    assert True\n"})
    agent = root.parent / "agent"
    agent.write_text("#!/bin/sh\ncase $1 in *a.py) sleep 1;; esac\nsed -i '/^import os$/d' $1\n")
    agent.chmod(0o755)
    table = ("--set", f'agents.mine.command=["{agent}", "{{file}}"]', "--set", "agents.mine.kind=command")
    process = start(root, "fix", "--json", "--agents", "mine", *table, "--set", "sandbox=none")
    out, err = process.communicate(timeout=120)
    report = json.loads(out)
    assert process.returncode == 0, err
    assert report["metrics"]["total_errors_fixed"] == 2
    subjects = git(root, "log", "--format=%s", "--reverse", "HEAD~2..").splitlines()
    assert subjects == [f"fix: resolve F401 in {name}.py" for name in "ab"]
    assert {"git fast-import", "ruff check"} <= {p["program"] for p in report["effort"]["programs"]}
    assert min(report["effort"]["cpu_s"], report["effort"]["peak_memory_mib"]) > 0
    assert git(root, "status", "--porcelain") == ""
    assert "Traceback" not in err
    assert "WARNING" not in err


@pytest.mark.slow
def test_what_is_left_makes_exit_code_one(start: Callable[..., subprocess.Popen[str]], make_repo: MakeRepo) -> None:
    """An error that no agent can repair is said by name, and the exit code is 1."""
    root = make_repo({"a.py": UNUSED, "b.py": "import sys\n\nprint(undefined, sys)\n"})
    process = start(root, "fix")
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "b.py" in out
    assert "1 left" in out


@pytest.mark.slow
def test_nothing_to_fix(start: Callable[..., subprocess.Popen[str]], make_repo: MakeRepo) -> None:
    """A clean repository: exit 0, said so, no commit. Its checker was asked once, and one run is remembered."""
    root = make_repo({"a.py": "x = 1\n"})
    log = root.parent / "log"
    table = f"""checkers.mine.command=["sh", "-c", "echo ran >> '{log}'"]"""
    own = (
        "--set",
        table,
        "--set",
        "checkers.mine.kind=command",
        "--set",
        'checkers.mine.pattern="(?P<path>x)(?P<message>y)"',
    )
    process = start(root, "fix", "--checkers", "ruff,mine", *own)
    out, err = process.communicate(timeout=120)
    assert log.read_text().split() == ["ran"], err
    assert len(start(root, "runs").communicate(timeout=60)[0].splitlines()) == 1
    assert process.returncode == 0
    assert "nothing to fix" in out
    assert git(root, "rev-list", "--count", "HEAD") == "1"


@pytest.mark.slow
def test_dry_run_prints_the_diff_and_lands_nothing(
    start: Callable[..., subprocess.Popen[str]], make_repo: MakeRepo
) -> None:
    """`--dry-run` proves and prints the diff on stdout; the repository stays as it is."""
    root = make_repo({"a.py": UNUSED})
    process = start(root, "fix", "--dry-run")
    out, _ = process.communicate(timeout=120)
    assert "-import os" in out
    assert git(root, "rev-list", "--count", "HEAD") == "1"
    assert git(root, "status", "--porcelain") == ""


@pytest.mark.slow
def test_the_server_ends_with_the_last_run(
    start: Callable[..., subprocess.Popen[str]], make_repo: MakeRepo, state: Path
) -> None:
    """No embedded server is left after a run, and a killed run leaves none either."""
    root = make_repo({"a.py": UNUSED})
    agent = root.parent / "agent"
    agent.write_text(f"#!/bin/sh\nsetsid sleep {LONG} &\nsleep {LONG}\n")
    agent.chmod(0o755)
    process = start(root, "fix", "--agents", "command", "--set", f'agents.command.command=["{agent}"]')
    wait_for(lambda: len(running(LONG)) >= 2)
    assert running(str(state / "server"))
    process.kill()
    process.communicate()
    wait_for(lambda: not running(str(state / "server")))
    check = start(root, "check")
    check.communicate(timeout=60)
    assert running(LONG) == [], "the next start sweeps the agents of the dead run"
    assert not list((state / "runs").iterdir())


@pytest.mark.slow
def test_interrupt_while_the_server_starts(
    start: Callable[..., subprocess.Popen[str]], make_repo: MakeRepo, state: Path
) -> None:
    """Ctrl-C before anything could be done: it is said, with exit code 2, and neither a server nor a run is left."""
    root = make_repo({"a.py": UNUSED})
    wait_for(lambda: not running(str(state / "server")))
    process = start(root, "fix")
    wait_for(lambda: bool(running(str(state / "server"))))
    line = process.stderr.readline() if process.stderr else ""
    assert line == "start Prefect\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "the run was stopped" in out + err
    assert "Traceback" not in err
    wait_for(lambda: not running(str(state / "server")))
    assert not list((state / "runs").iterdir())
    assert start(root, "runs").communicate(timeout=60)[0] == ""


@pytest.mark.slow
def test_a_bad_setting_leaves_no_server(
    start: Callable[..., subprocess.Popen[str]], make_repo: MakeRepo, state: Path
) -> None:
    """It is told by itself, before a word of the run, and the server that had begun to start is gone."""
    root = make_repo({"a.py": UNUSED})
    wait_for(lambda: not running(str(state / "server")))
    process = start(root, "fix", "--set", "max_parallel_files=0")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "max_parallel_files" in err
    assert "start Prefect" not in out + err
    assert not running(str(state / "server"))


def test_interrupt_stops_agents_and_lands_nothing(
    start: Callable[..., subprocess.Popen[str]], make_repo: MakeRepo, state: Path
) -> None:
    """Ctrl-C kills the agents and what they started, lands nothing, says so, and ends with exit code 2."""
    root = make_repo({"a.py": UNUSED})
    agent = root.parent / "agent"
    agent.write_text(f"#!/bin/sh\nsetsid sleep {LONG} &\nsleep {LONG}\n")
    agent.chmod(0o755)
    process = start(root, "fix", "--agents", "command", "--set", f'agents.command.command=["{agent}"]')
    wait_for(lambda: len(running(LONG)) >= 2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "stopped" in out, err
    assert "Traceback" not in err
    assert running(LONG) == []
    assert git(root, "rev-list", "--count", "HEAD") == "1"
    assert not list((state / "runs").iterdir())


@pytest.mark.slow
def test_the_server_dies_in_the_middle(
    start: Callable[..., subprocess.Popen[str]], make_repo: MakeRepo, state: Path
) -> None:
    """Without its server a run ends in words and with exit code 2, its agents with it, and can be resumed."""
    root = make_repo({"a.py": UNUSED, "b.py": UNUSED})
    agent = root.parent / "agent"
    agent.write_text(f"#!/bin/sh\ncase $1 in *b.py) sleep {LONG};; esac\nsed -i '/^import os$/d' $1\n")
    agent.chmod(0o755)
    command = ("--agents", "command", "--set", f'agents.command.command=["{agent}", "{{file}}"]', "--allow-unproven")
    process = start(root, "fix", *command, "--max-parallel-files", "1")
    wait_for(lambda: len(running(LONG)) >= 1)
    os.kill(int((state / "server" / "pid").read_text()), signal.SIGKILL)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "the embedded Prefect server died" in err
    assert "Traceback" not in err + out
    assert running(LONG) == []
    assert not list((state / "runs").iterdir())
    agent.write_text("#!/bin/sh\nsed -i '/^import os$/d' $1\n")
    process = start(root, "resume", "--json")
    out, err = process.communicate(timeout=120)
    report = json.loads(out)
    assert process.returncode == 0, err
    assert {o["path"]: o["attempts"][0]["reused"] for o in report["outcomes"]} == {"a.py": True, "b.py": False}
    assert git(root, "rev-list", "--count", "HEAD") == "3"


@pytest.mark.slow
def test_an_agents_own_limit_holds(start: Callable[..., subprocess.Popen[str]], make_repo: MakeRepo) -> None:
    """Four files at once, and an agent of which only one may run: its calls do not overlap."""
    root = make_repo({f"m{n}.py": UNUSED for n in range(4)})
    log, agent = root.parent / "log", root.parent / "agent"
    agent.write_text(f"#!/bin/sh\necho start >> {log}; sleep 0.3; echo end >> {log}\nsed -i '/^import os$/d' $1\n")
    agent.chmod(0o755)
    table = ("--set", f'agents.mine.command=["{agent}", "{{file}}"]', "--set", "agents.mine.kind=command")
    more = ("--set", "agents.ruff.enabled=false", "--set", "agents.mine.max_parallel=1", "--set", "sandbox=none")
    flags = ("--max-parallel-files", "4", "--allow-unproven", "--json")
    process = start(root, "fix", *table, *more, *flags)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err + out
    assert log.read_text().split() == ["start", "end"] * 4


@pytest.mark.slow
def test_killed_while_landing_then_run_again(
    start: Callable[..., subprocess.Popen[str]], make_repo: MakeRepo, state: Path
) -> None:
    """SIGKILL while the run holds the global limit: the same command again finishes, nothing landed twice."""
    root = make_repo({"a.py": UNUSED, "b.py": UNUSED})
    bin_folder = root.parent / "bin"
    bin_folder.mkdir()
    waiting = root.parent / "waiting"
    moving = f'case "$*" in *"update-ref -m stomper: land"*) touch {waiting}; exec sleep {LONG};; esac'
    wrapper = f'#!/bin/sh\n{moving}\nexec git "$@"\n'
    real = subprocess.run(("which", "git"), capture_output=True, text=True, check=True).stdout.strip()
    (bin_folder / "git").write_text(wrapper.replace("exec git", f"exec {real}"))
    (bin_folder / "git").chmod(0o755)
    process = start(root, "fix", PATH=f"{bin_folder}:{os.environ['PATH']}")
    wait_for(waiting.exists)
    process.kill()
    process.communicate()
    again = start(root, "fix", "--json")
    out, err = again.communicate(timeout=120)
    for pid in running(LONG):
        os.kill(pid, signal.SIGKILL)
    assert again.returncode == 0, err
    assert len(json.loads(out)["landed"]) == 2
    assert git(root, "rev-list", "--count", "HEAD") == "3"
    assert git(root, "status", "--porcelain") == ""
    wait_for(lambda: not running(str(state / "server")))


@pytest.mark.slow
def test_a_report_that_cannot_be_written_loses_nothing(
    start: Callable[..., subprocess.Popen[str]], make_repo: MakeRepo
) -> None:
    """What was proven has landed, the other report is there, and the exit code is 2 with the reason."""
    root = make_repo({"a.py": UNUSED})
    process = start(root, "fix", "--report", "sarif=/dev/full", "--report", "json=../report.json")
    out, err = process.communicate(timeout=120)
    assert process.returncode == 2
    assert "/dev/full: the report cannot be written: No space left on device" in err
    assert "what was landed or kept as a patch stays so" in err
    assert "1 error(s) fixed in 1 file(s)" in out
    assert git(root, "rev-list", "--count", "HEAD") == "2"
    assert json.loads((root.parent / "report.json").read_text())["metrics"]["total_errors_fixed"] == 1


@pytest.mark.slow
def test_why_a_run_stopped_is_told_once(start: Callable[..., subprocess.Popen[str]], make_repo: MakeRepo) -> None:
    """An agent that configures tools in the checkout stops all landing: said by the run, and not by each of its files."""
    root = make_repo({"a.py": UNUSED, "b.py": UNUSED})
    agent = root.parent / "agent"
    agent.write_text(f"#!/bin/sh\necho > {root}/ruff.toml\nsed -i '/^import os$/d' $1\n")
    agent.chmod(0o755)
    command = ("--agents", "command", "--set", f'agents.command.command=["{agent}", "{{file}}"]')
    process = start(root, "fix", *command, "--set", "sandbox=none")
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 2
    assert out.count("the repository changed while agents ran") == 1
    assert "(file ruff.toml was edited or made" in out
    assert out.count("proven, but nothing was landed: the run stopped") == 2
