"""What a run takes of the machine: the processes that it starts, by program, and Stomper's own process."""

from __future__ import annotations

import resource
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from stomper.models import Effort, ProgramUse
from stomper.system import process_usage


def _own_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@dataclass(frozen=True)
class Meter:
    """Begins where it is made: one process may work on several runs, one after another."""

    before: Mapping[str, process_usage.Use] = field(default_factory=process_usage.used)
    own_before_s: float = field(default_factory=_own_cpu_s)

    def read(self) -> Effort:
        """What was taken since; the programs in the order of their CPU seconds."""
        programs = []
        for name, now in process_usage.used().items():
            then = self.before.get(name, process_usage.Use())
            if started := now.started - then.started:
                wall, cpu = round(now.wall_s - then.wall_s, 3), round(now.cpu_s - then.cpu_s, 3)
                programs.append(ProgramUse(program=name, started=started, wall_s=wall, cpu_s=cpu))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return Effort(
            cpu_s=round(_own_cpu_s() - self.own_before_s, 3),
            peak_memory_mib=round(peak / (1024**2 if sys.platform == "darwin" else 1024), 1),
            programs=tuple(sorted(programs, key=lambda p: (-p.cpu_s, p.program))),
        )
