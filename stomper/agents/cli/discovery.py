"""Whether a coding agent's program can be used here: where it is, which key or login it has, and what is missing."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from stomper.agents.cli.call_directory import state_folder, variables
from stomper.agents.cli.spec import Program
from stomper.config.settings import AgentSettings
from stomper.system import processes, proxies

_VERSION_S = 20.0
_VERSION = re.compile(r"\d+(?:\.\d+)+(?:[-+]\w[\w.]*)?")


@dataclass(frozen=True)
class Installed:
    """A program as it is found. *missing* says what it lacks and how to get it; empty when it is ready."""

    argv: tuple[str, ...]
    key: str
    """The variable of the caller that holds the key; empty when a login is used, or none is needed."""
    handed_as: str
    """The variable in which the program gets it."""
    logins: dict[Path, str]
    """The files of its login, and where they go in the state folder; empty when there is a key."""
    missing: str = ""

    @property
    def where(self) -> str:
        """The program's path; empty when it is not there."""
        return self.argv[0] if self.argv else ""


def find(name: str, row: Program, settings: AgentSettings) -> Installed:
    """What there is of the program for the table `[agents.NAME]`. Starts nothing."""
    words = settings.command or (row.executable,)
    program = shutil.which(words[0])
    argv = (program, *words[1:]) if program else ()
    handed_as = _handed_as(row, settings)
    own = (row.own_key,) if settings.base_url and row.own_key else row.keys
    keys = (settings.api_key_env,) if settings.api_key_env else own
    key = next((k for k in keys if os.environ.get(k)), "")
    files = {Path.home() / place: to for place, to in row.logins.items()}
    logins = {} if key or settings.base_url else {place: to for place, to in files.items() if place.is_file()}
    if not settings.api_key_env and key:
        handed_as = key
    return Installed(
        argv, key, handed_as, logins, _missing(name, row, settings, program=program, known=bool(key or logins))
    )


def _missing(name: str, row: Program, settings: AgentSettings, *, program: str | None, known: bool) -> str:
    if not program:
        what = settings.command[0] if settings.command else row.executable
        return f"{what} is not on PATH: install {row.title} with `{row.install}`"
    if settings.api_key_env and not os.environ.get(settings.api_key_env):
        return f"the variable {settings.api_key_env} is not set, which [agents.{name}] api_key_env names"
    if settings.base_url and not settings.model:
        return f"[agents.{name}] base_url needs `model` beside it"
    if row.model_from and not settings.model and row.model_from not in os.environ:
        return f"it needs a model: set [agents.{name}] model, for example --set agents.{name}.model=NAME"
    # What else may let it in cannot be known: an address of the user's own, or what the table hands on.
    if known or settings.base_url or any(os.environ.get(v) for v in settings.env) or settings.home:
        return ""
    keys = " or ".join(row.keys[:2])
    log_in = f", or log in once with `{row.executable}`" if row.logins else ""
    return f"{row.title} has no key: set {keys}{log_in}"


def _handed_as(row: Program, settings: AgentSettings) -> str:
    """The variable for the key: that of the model's provider where the program works with several."""
    if settings.base_url and row.own_key:
        return row.own_key
    provider = settings.model.partition("/")[0].upper().replace("-", "_")
    return next((k for k in row.keys if "/" in settings.model and k == f"{provider}_API_KEY"), row.keys[0])


def version(argv: tuple[str, ...]) -> str:
    """What the program says of its version; empty when it says nothing in time."""
    with state_folder(Path(tempfile.gettempdir()), {}, ()) as state:
        try:
            env = {**proxies.as_found(), **variables(state)}
            done = processes.run((*argv, "--version"), cwd=state, timeout_s=_VERSION_S, env=env, contain=True)
        except processes.ProgramMissing:
            return ""
    found = _VERSION.search(done.text) or _VERSION.search(done.complaint)
    return found[0] if found and not done.timed_out else ""
