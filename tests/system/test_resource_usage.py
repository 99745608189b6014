"""What a run took of the machine is counted by program, and names no argument."""

from __future__ import annotations

from pathlib import Path

import pytest

from stomper.models import ProgramUse
from stomper.system import processes
from stomper.system.process_usage import name_of
from stomper.system.resource_usage import Meter

BURN = "import time; until = time.process_time() + 0.2\nwhile time.process_time() < until: pass"


def use_of(meter: Meter, program: str) -> ProgramUse | None:
    """What *meter* says of one program."""
    return next((p for p in meter.read().programs if p.program == program), None)


@pytest.mark.parametrize("contain", [False, True])
def test_processes_are_counted_since_the_meter_began(tmp_path: Path, contain: bool) -> None:
    """Number, wall and CPU seconds, those of children waited for too; what another meter saw before is not in it."""
    shell = ("sh", "-c", 'python3 -c "$0"; sleep 0.1', BURN)
    first = Meter()
    processes.run(shell, cwd=tmp_path, timeout_s=60, contain=contain)
    second = Meter()
    processes.run(shell, cwd=tmp_path, timeout_s=60, contain=contain)
    processes.run(("true",), cwd=tmp_path, timeout_s=60)
    both, last = use_of(first, "sh"), use_of(second, "sh")
    assert both is not None
    assert last is not None
    assert (both.started, last.started) == (2, 1)
    assert both.cpu_s >= 0.4
    assert last.cpu_s >= 0.2
    assert last.wall_s >= last.cpu_s + 0.1 - 0.01
    assert (use_of(first, "true") or ProgramUse(program="", started=0, wall_s=0, cpu_s=0)).started == 1
    assert second.read().peak_memory_mib > 1


def test_exit_codes_and_signals_are_as_they_were(tmp_path: Path) -> None:
    """Counting does not change how an end is told."""
    assert processes.run(("sh", "-c", "exit 7"), cwd=tmp_path, timeout_s=60).returncode == 7
    assert processes.run(("sh", "-c", "kill -9 $$"), cwd=tmp_path, timeout_s=60).returncode == -9


@pytest.mark.parametrize(
    ("argv", "name"),
    [
        (["git", "--literal-pathspecs", "-c", "gc.auto=0", "ls-tree", "-z", "HEAD"], "git ls-tree"),
        (["/opt/bin/ruff", "check", "--fix-only"], "ruff check"),
        (["/venv/bin/python3.12", "-m", "pytest", "-q"], "pytest"),
        (["/venv/bin/python3", "-c", "print('secret')"], "python3"),
        (["my-agent", "secret"], "my-agent"),
        (["git"], "git"),
    ],
)
def test_a_program_is_named_without_its_arguments(argv: list[str], name: str) -> None:
    """The table of programs is short, and holds nothing that was given to them."""
    assert name_of(argv) == name
