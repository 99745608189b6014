"""What is known about a rule: the target's own advice, else Stomper's, else what the checker says of it."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path

from stomper.environment.python import Environment
from stomper.errors import CheckerError
from stomper.system import processes

_RULE_LIMIT = 1500
_CODE_LIMIT = 60


def advice(tool: str, code: str, environment: Environment) -> str:
    """Advice about a rule as Markdown; empty when nobody knows anything."""
    if "/" in code or code.startswith(".") or len(code) > _CODE_LIMIT:
        return ""  # no rule, and no file name either
    head = f"### {tool} {code}\n"
    theirs = environment.root / ".stomper" / "advice" / tool / f"{code}.md"
    ours = files("stomper") / "prompts" / "advice" / tool / f"{code}.md"
    for place in (theirs, ours):
        if place.is_file():
            return head + place.read_bytes().decode(errors="replace").strip()
    explained = {"ruff": _ruff_rule, "mypy": _mypy_line}.get(tool)
    said = explained(code, environment) if explained else ""
    return head + said if said else ""


def _ruff_rule(code: str, environment: Environment) -> str:
    return _said("ruff", ("rule", code), environment)[:_RULE_LIMIT]


def _mypy_line(code: str, environment: Environment) -> str:
    """The line that mypy itself has about one of its codes."""
    asked = f"from mypy.errorcodes import error_codes as e; print(e[{code!r}].description if {code!r} in e else '')"
    return _said("mypy", ("-c", asked), environment, interpreter=True)


@cache
def _said(tool: str, arguments: tuple[str, ...], environment: Environment, *, interpreter: bool = False) -> str:
    try:
        program, _ = environment.tool(tool)
        if interpreter:  # the one that the program's own folder has
            program = (str(Path(program[0]).with_name("python")),) if len(program) == 1 else program[:-2]
        done = processes.run((*program, *arguments), cwd=Path("/"), timeout_s=60, env=environment.variables())
    except (CheckerError, processes.ProgramMissing):
        return ""
    return done.text.strip() if done.returncode == 0 else ""
