"""Any program that edits files: its argv from the settings, the prompt in a file and on stdin."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from stomper.agents.protocol.agent import AgentContext, Answer, Request, spoken
from stomper.agents.protocol.circuit_breaker import trouble_in
from stomper.errors import AgentError
from stomper.models import FileJob
from stomper.system import processes, proxies


class CommandAgent:
    """`[agents.NAME] kind = "command"`, run in the worktree; nothing it starts outlives the call."""

    reads_prompt = True
    reports_cost = False
    reports_tokens = False
    runs_code = True

    def __init__(self, context: AgentContext) -> None:
        self.name = context.name
        self._context = context
        self.contained = context.sandbox.on
        if not context.settings.command:
            raise AgentError(f'[agents.{self.name}] needs `command`, for example ["my-agent", "--file", "{{file}}"]')

    def takes(self, job: FileJob) -> bool:
        return True

    def fix(self, request: Request) -> Answer:
        settings = self._context.settings
        self._context.scratch.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._context.scratch, prefix="call-") as folder:
            prompt_file = Path(folder) / "prompt.md"
            prompt_file.write_text(request.prompt, encoding="utf-8", errors="surrogateescape")
            # A name that starts with a dash must not be read as an option.
            values = {"file": f"./{request.job.path}", "prompt_file": str(prompt_file), "worktree": str(request.tree)}
            argv = [_filled(word, values) for word in settings.command]
            env = self._context.environment.variables(request.tree)
            env |= {"TMPDIR": folder, "TERM": "dumb", "NO_COLOR": "1"}
            env |= {name: value for name, value in proxies.as_found().items() if name in settings.env}
            try:
                done = processes.run(
                    self._context.sandbox.argv(argv, tree=request.tree, scratch=Path(folder), home=settings.home),
                    cwd=request.tree,
                    timeout_s=self._context.timeout_s,
                    env=env,
                    stdin=request.prompt.encode("utf-8", "surrogateescape"),
                    contain=True,
                )
            except processes.ProgramMissing as error:
                return Answer(problem=f"{error}: install it or correct [agents.{self.name}] command")
        said = spoken(done)
        if done.timed_out:
            return Answer(problem=f"it took more than {self._context.timeout_s:g} s and was killed", said=said)
        if done.returncode != 0:
            trouble, retry = trouble_in(f"{done.complaint}\n{done.text[-2000:]}")
            complaint = self._context.secrets.shown(done.complaint, request.prompt)[-300:]
            problem = f"{done.ending}: {complaint}" if complaint else done.ending
            return Answer(problem=problem, trouble=trouble, retry_after_s=retry, said=said)
        return Answer(said=said)


def _filled(word: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        word = word.replace(f"{{{name}}}", value)
    return word


AGENT = CommandAgent
