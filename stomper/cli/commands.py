"""The commands as the help lists them: in sections, in order, each with an example."""

from __future__ import annotations

from collections.abc import Callable

from stomper.cli import agents, demo, fix, fleet, history, inspect, learn, operate, settings

SECTIONS: dict[str, tuple[tuple[Callable[..., None], str], ...]] = {
    "Repair": (
        (fix.check, "stomper check src --select F,UP"),
        (fix.fix, "stomper fix --since origin/main --agents ruff,claude"),
        (fix.resume, "stomper resume"),
        (history.undo, "stomper undo 20261124-160118-a9d847 --code F401"),
        (fleet.fleet, "stomper fleet repositories.txt --land branch"),
        (demo.demo, "stomper demo --keep ~/stomper-demo"),
    ),
    "Look": (
        (agents.agents, "stomper agents"),
        (settings.settings, "stomper settings --set max_files=10"),
        (inspect.prompt, "stomper prompt src/app.py --strategy rules"),
        (history.runs, "stomper runs"),
        (inspect.graph, "stomper graph > workflow.mmd"),
        (inspect.version, "stomper version"),
    ),
    "Learn": ((learn.stats, "stomper stats --all"),),
    "Operate": (
        (operate.doctor, "stomper doctor"),
        (operate.server, "stomper server"),
        (operate.deploy, "stomper deploy ~/project --create-pool"),
        (operate.serve, "stomper serve ~/project"),
    ),
}
