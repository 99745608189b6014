"""The engine of the coding agents that are programs: it does what their row of the table says."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from stomper.agents.cli.call_directory import (
    filled,
    filled_in,
    merged,
    state_folder,
    tidied,
    variables,
    write_private,
)
from stomper.agents.cli.discovery import Installed, find
from stomper.agents.cli.output import Said
from stomper.agents.cli.spec import Extra, Program
from stomper.agents.protocol import pricing
from stomper.agents.protocol.agent import AgentContext, Answer, Request, spoken
from stomper.agents.protocol.circuit_breaker import again, trouble_in
from stomper.checkers.verify import read_from
from stomper.errors import AgentError
from stomper.models import FileJob
from stomper.system import processes, proxies

_NO_KEY = "none"  # for an address of the user's own that wants none: programs insist on one


class ProgramAgent:
    """A coding agent, run without a head in the worktree; all it keeps is in a folder that goes when the call ends."""

    reads_prompt = True
    runs_code = True

    def __init__(self, row: Program, context: AgentContext) -> None:
        self.name = context.name
        self.contained = context.sandbox.on
        self._row, self._context, self._settings = row, context, context.settings
        self._found: Installed = find(self.name, row, self._settings)
        if self._found.missing:
            raise AgentError(f"[agents.{self.name}] {self._found.missing}")
        own = bool(self._settings.base_url)
        self._model = row.names(self._settings.model, own) if self._settings.model else ""
        priced = bool(row.reading.output_tokens) and pricing.known(self._settings.model)
        self.reports_tokens = bool(row.reading.output_tokens)
        self.reports_cost = priced or (bool(row.reading.cost_usd) and not own)

    def takes(self, job: FileJob) -> bool:
        return True

    def fix(self, request: Request) -> Answer:
        sandbox, home, row = self._context.sandbox, self._settings.home, self._row
        before = read_from(request.tree, request.job.path)
        with state_folder(self._context.scratch, self._found.logins, home) as state, tidied(request.tree, row.litter):
            values = self._values(request, state)
            for place, content in {"prompt.md": "{prompt}", **row.files}.items():
                write_private(state / place, filled_in(content, values).encode("utf-8", "surrogateescape"))
            argv = sandbox.argv(self._argv(values), tree=request.tree, scratch=state, home=home)
            try:
                done = processes.run(
                    argv,
                    cwd=request.tree,
                    timeout_s=self._context.timeout_s,
                    env=self._variables(state, values),
                    stdin=request.prompt.encode("utf-8", "surrogateescape") if row.prompt == "stdin" else b"",
                    contain=True,
                )
            except processes.ProgramMissing as error:
                return Answer(problem=f"{error}: install {row.title} with `{row.install}`")
            said = row.reading.read(done.text, done.stderr.decode(errors="replace"), state)
        shown = partial(self._context.secrets.shown, prompt=request.prompt)
        return self._answer(done, said, shown, changed=before != read_from(request.tree, request.job.path))

    def _answer(self, done: processes.Finished, said: Said, shown: Callable[[str], str], *, changed: bool) -> Answer:
        """An exit code of 0 is no success, and another one no failure, unless that is all that is known."""
        answer = Answer(
            cost_usd=said.cost_usd,
            usage=said.usage,
            model=said.model or self._settings.model,
            session=said.session,
            stop=said.stop,
            said=spoken(done),
        )
        if done.timed_out:
            # It may have tried again and again in vain: that says more than that it was killed.
            last = f"; at last it said: {shown(said.error)[:300]}" if said.error else ""
            problem = f"it took more than {self._context.timeout_s:g} s and was killed{last}"
            trouble, _ = trouble_in(said.error, said.status)
            # One that is busy was tried for long enough.
            return dataclasses.replace(answer, problem=problem, trouble="" if again(trouble) else trouble)
        if said.stop in self._row.reading.limits:
            # What it had done by then may be all there was to do: the proof will say.
            return answer if changed else _failed(answer, f"it stopped at its limit ({said.stop}) without a change")
        if not said.error and done.returncode == 0:
            return answer
        words = said.error or f"{done.complaint[-1500:]}\n{done.text[-1500:]}"
        trouble, retry_after_s = trouble_in(words, said.status)
        complaint = " ".join(shown(done.complaint)[-300:].split())
        problem = shown(said.error)[:400] or f"{done.ending}: {complaint}"
        return dataclasses.replace(
            answer, problem=f"it failed: {problem}", trouble=trouble, retry_after_s=retry_after_s
        )

    def _values(self, request: Request, state: Path) -> dict[str, str]:
        s = self._settings
        return {
            # A name that starts with a dash must not be read as an option.
            "file": f"./{request.job.path}",
            "prompt": request.prompt,
            "prompt_file": str(state / "prompt.md"),
            "state": str(state),
            "model": self._model,
            "plain_model": s.model,
            "base_url": s.base_url,
            "turns": str(s.max_turns),
            "budget": "" if s.call_cost_usd is None else f"{s.call_cost_usd:g}",
            "key": self._found.handed_as,
        }

    def _extras(self) -> list[Extra]:
        s = self._settings
        there = {
            "key": not self._found.logins,
            "login": bool(self._found.logins),
            "model": bool(s.model),
            "base_url": bool(s.base_url),
            "budget": s.call_cost_usd is not None,
        }
        return [extra for need, extra in self._row.when.items() if there[need]]

    def _argv(self, values: Mapping[str, str]) -> tuple[str, ...]:
        added = [word for extra in self._extras() for word in extra.argv]
        own = (*(filled(w, values) for w in (*self._row.argv, *added)), *self._settings.args)
        return (*self._found.argv, *own, *(filled(w, values) for w in self._row.end))

    def _variables(self, state: Path, values: Mapping[str, str]) -> dict[str, str]:
        """The reduced environment, and the program's own. Without the worktree's packages, which may hide its own."""
        row, settings = self._row, self._settings
        env = self._context.environment.variables() | variables(state) | {"TERM": "dumb", "NO_COLOR": "1"}
        named = (*row.hands_on, *settings.env, *(() if settings.api_key_env else row.keys))
        env |= {name: value for name, value in proxies.as_found().items() if name in named}
        own: Mapping[str, object] = row.variables
        for extra in self._extras():
            own = merged(own, extra.variables)
        env |= {name: filled_in(value, values) for name, value in own.items()}
        if self._found.key:
            env[self._found.handed_as] = os.environ[self._found.key]
        elif settings.base_url:
            env.setdefault(self._found.handed_as, _NO_KEY)
        return env


def _failed(answer: Answer, problem: str) -> Answer:
    return dataclasses.replace(answer, problem=problem)
