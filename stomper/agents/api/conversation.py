"""A call of a model through pydantic-ai. Imported when the first call is made: it takes seconds and the extra `api`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic_ai import Agent, ModelRetry, ToolOutput
from pydantic_ai.exceptions import AgentRunError, ModelConnectionError, UserError
from pydantic_ai.messages import ModelResponse, PartDeltaEvent, PartStartEvent, ToolCallPart
from pydantic_ai.models import Model
from pydantic_ai.settings import ModelSettings
from pydantic_ai.usage import RunUsage, UsageLimits

from stomper.agents.api.edits import EditProblem, Edits
from stomper.agents.api.excerpts import INSTRUCTIONS
from stomper.agents.api.failures import explain
from stomper.agents.api.providers import make_model
from stomper.agents.protocol import pricing
from stomper.agents.protocol.agent import Answer, Usage
from stomper.errors import Cancelled
from stomper.system import processes

_WATCH_S = 0.1
_CORRECTIONS = 4  # a model that cannot get its edits right by then will not
_TELL_EACH_S = 0.2
_SAY_WHY_THEY_END = ("anthropic", "openai")  # so that an answer without that was cut off


@dataclass(frozen=True)
class Ask:
    """One call: whom to ask, what, and for how long. *apply* raises EditProblem for edits that cannot be applied."""

    model: str
    key: str
    base_url: str
    turns: int
    timeout_s: float
    parts: tuple[str, ...]
    apply: Callable[[Edits], bytes]
    heard: Callable[[int], None]
    hidden: Callable[[str], str] = str
    """Takes the caller's keys out of a text."""


@dataclass
class Conversation:
    """The state of a call, so that what is known of it survives whatever ends it."""

    ask: Ask
    usage: RunUsage = field(default_factory=RunUsage)
    response: ModelResponse | None = None
    address: str = ""
    edited: bytes | None = None
    problem: str = ""
    _characters: int = 0
    _told: float = 0.0

    def hold(self) -> Answer:
        """Ask, and hear the answer out. A failure is an Answer with a problem. Raises Cancelled once a run is stopped."""
        try:
            model = make_model(
                self.ask.model, self.ask.key, self.ask.base_url
            )  # not on the call's time: the first one loads a provider's SDK
            self.address = model.base_url or ""
            asyncio.run(bounded(self._talk(model), self.ask.timeout_s))
        except TimeoutError:
            self.edited = None
            return self._answer(f"it took more than {self.ask.timeout_s:g} s and was stopped", asked=True)
        except (AgentRunError, UserError, ImportError) as error:
            self.edited = None
            words = explain(error, self.address, self.problem, self._hidden)
            answer = self._answer(words.problem, asked=words.asked)
            session = answer.session or words.request
            return replace(answer, trouble=words.trouble, retry_after_s=words.retry_after_s, session=session)
        return self._answer("", asked=True)

    async def _talk(self, model: Model) -> None:
        turns = min(self.ask.turns, 1 + _CORRECTIONS)
        agent: Agent[object, Edits] = Agent(
            model,
            name="stomper",
            instructions=INSTRUCTIONS,
            output_type=ToolOutput(Edits, name="submit_edits", max_retries=turns - 1),
            retries=turns - 1,
            model_settings=ModelSettings(
                max_retries=0,  # the breaker waits, and it knows of all calls
                timeout=self.ask.timeout_s,
                cache={"messages": False},
            ),
        )
        agent.instrument = False
        agent.output_validator(self._check)
        limits = UsageLimits(request_limit=turns)
        async with agent, agent.iter(self.ask.parts, usage=self.usage, usage_limits=limits) as run:
            async for node in run:
                if Agent.is_model_request_node(node):
                    async with node.stream(run.ctx) as stream:
                        try:
                            async for event in stream:
                                self._hear(event)
                        finally:
                            self.response = stream.response
                    if self.response.finish_reason is None and self.response.provider_name in _SAY_WHY_THEY_END:
                        raise ModelConnectionError(model.model_name, "the stream ended early", phase="read")

    def _check(self, edits: Edits) -> Edits:
        try:
            self.edited = self.ask.apply(self._all(edits))
        except EditProblem as problem:
            self.problem = str(problem)
            raise ModelRetry(f"{problem}\nNo edit was applied. Submit all edits anew.") from None
        return edits

    def _all(self, edits: Edits) -> Edits:
        """The edits of every call in the answer: some models make one for each edit, and the first would do for a result."""
        calls = [p for p in self.response.parts if isinstance(p, ToolCallPart)] if self.response else []
        if len(calls) < 2:
            return edits
        try:
            return Edits(edits=[e for call in calls for e in Edits.model_validate(call.args_as_dict()).edits])
        except ValueError:
            raise EditProblem("not all of your calls are valid: make one call with all edits") from None

    def _hear(self, event: object) -> None:
        """Count what arrives; the text itself goes nowhere."""
        said: Any = None
        if isinstance(event, PartStartEvent):
            said = getattr(event.part, "content", None) or getattr(event.part, "args", None)
        elif isinstance(event, PartDeltaEvent):
            said = getattr(event.delta, "content_delta", None) or getattr(event.delta, "args_delta", None)
        self._characters += len(said) if isinstance(said, str) else 0
        if time.monotonic() - self._told >= _TELL_EACH_S:
            self._told = time.monotonic()
            self.ask.heard(self._characters)

    def _answer(self, problem: str, *, asked: bool) -> Answer:
        """What is known. Of a call that was *asked*, and whose provider did not say its tokens, they are unknown."""
        used = self.usage
        counted = Usage(used.input_tokens, used.output_tokens, used.cache_read_tokens, used.cache_write_tokens)
        said = self.response
        return Answer(
            problem=problem,
            usage=counted if counted.total or not asked else None,
            model=self._priced(said.model_name if said else None),
            session=said.provider_response_id or "" if said else "",
            stop=str(said.finish_reason or "") if said else "",
            said="\n".join(_words(part) for part in said.parts) if said else "",
        )

    def _hidden(self, text: str) -> str:
        return self.ask.hidden(text.replace(self.ask.key, "[key]") if self.ask.key else text)

    def _priced(self, name: str | None) -> str:
        """The model that answered, if its price is known by that name, else the one that was asked for."""
        answered = f"{self.ask.model.partition(':')[0]}:{name}"
        return answered if name and pricing.known(answered) else self.ask.model


def _words(part: object) -> str:
    """What a part of an answer says, in words or as the arguments of a call."""
    return part.args_as_json_str() if isinstance(part, ToolCallPart) else str(getattr(part, "content", ""))


class _Impatient(ThreadPoolExecutor):
    """Threads that are not waited for at the end: a name server that does not answer must not hold up the call."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        super().shutdown(wait=False, cancel_futures=True)


async def bounded(work: Awaitable[None], timeout_s: float) -> None:
    """*work* to its end. Raises TimeoutError after *timeout_s*, and Cancelled within a moment of `proc.stop_all`."""
    asyncio.get_running_loop().set_default_executor(_Impatient(max_workers=2))
    task = asyncio.ensure_future(work)
    deadline = time.monotonic() + timeout_s
    try:
        while not task.done():
            await asyncio.wait({task}, timeout=min(_WATCH_S, max(0.0, deadline - time.monotonic())))
            if processes.stopping():
                raise Cancelled("the run was stopped")
            if time.monotonic() >= deadline and not task.done():
                raise TimeoutError
        task.result()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=1)
        if task.done() and not task.cancelled():
            task.exception()  # seen, whatever it is
