"""A model asked in this process, by any provider's API: it answers with edits, and Stomper applies them."""

from __future__ import annotations

import os
from functools import cached_property, partial
from importlib.util import find_spec

from stomper import progress
from stomper.agents.api.edits import Edits, Source, apply
from stomper.agents.api.excerpts import parts
from stomper.agents.protocol import pricing
from stomper.agents.protocol.agent import AgentContext, Answer, Request
from stomper.errors import AgentError
from stomper.models import FileJob
from stomper.system import proxies

# Where a provider's key is when nothing is said. One that is not listed is left to look for its own.
_KEYS = {
    "openai": ("OPENAI_API_KEY",),
    "openai-chat": ("OPENAI_API_KEY",),
    "openai-responses": ("OPENAI_API_KEY",),
    "anthropic": ("ANTHROPIC_API_KEY",),
    "google": ("GOOGLE_API_KEY", "GEMINI_API_KEY"),
    "openrouter": ("OPENROUTER_API_KEY",),
    "deepseek": ("DEEPSEEK_API_KEY",),
    "groq": ("GROQ_API_KEY",),
    "mistral": ("MISTRAL_API_KEY",),
    "xai": ("XAI_API_KEY",),
}


class ApiAgent:
    """`[agents.NAME] kind = "api"`: one conversation for each call, bounded by its turns and its time."""

    reads_prompt = True
    reports_tokens = True
    runs_code = False
    contained = True  # it writes the file it is given

    def __init__(self, context: AgentContext) -> None:
        self.name = context.name
        self._context = context
        settings = context.settings
        provider, _, model = settings.model.partition(":")
        if not provider or not model:
            raise AgentError(
                f'[agents.{self.name}] needs `model` with its provider, for example "openai:NAME" or "anthropic:NAME"'
            )
        if find_spec("pydantic_ai") is None:
            raise AgentError(f"[agents.{self.name}] needs pydantic-ai: pip install 'stomper-prefect[api]'")
        # The provider's own variable for its address counts as the setting does.
        self._base_url = settings.base_url or (os.environ.get("OPENAI_BASE_URL", "") if provider == "openai" else "")
        if provider == "litellm" and not self._base_url:
            raise AgentError(
                f"[agents.{self.name}] model {settings.model!r} needs `base_url`, the address of a litellm proxy; without "
                f'one it would go to OpenAI; to ask a provider itself, name it, for example "openai:{model}"'
            )
        self._key = self._find_key(provider)
        proxies.spare_loopback(self._base_url)
        if (named := proxies.unusable()) and not proxies.on_loopback(self._base_url):
            raise AgentError(
                f"[agents.{self.name}] cannot go through the proxy of {', '.join(named)}: set an http, https or socks5 one"
            )

    def _find_key(self, provider: str) -> str:
        given = self._context.settings.api_key_env
        names = (given,) if given else _KEYS.get(provider, ())
        found = next((os.environ[name].strip() for name in names if os.environ.get(name, "").strip()), "")
        if not (found.isascii() and found.isprintable()):
            raise AgentError(f"[agents.{self.name}] the key in {' or '.join(names)} has characters that no key has")
        # A compatible server of one's own often wants no key.
        keyless = bool(self._base_url) and provider.startswith("openai") and not given
        if names and not found and not keyless:
            raise AgentError(
                f"[agents.{self.name}] finds no key: set the environment variable {' or '.join(names)}"
                + ("" if given else ", or name another in `api_key_env`")
            )
        return found

    @cached_property
    def reports_cost(self) -> bool:
        """Whether the price of its model is known; a look into a table that not every command pays for."""
        return pricing.known(self._context.settings.model)

    def takes(self, job: FileJob) -> bool:
        return True

    def fix(self, request: Request) -> Answer:
        from stomper.agents.api.conversation import Ask, Conversation  # noqa: PLC0415 - seconds, and the extra

        settings, path = self._context.settings, request.tree / request.job.path
        content = path.read_bytes()

        def edited(edits: Edits) -> bytes:
            return apply(content, edits.edits)

        talk = Conversation(
            Ask(
                model=settings.model,
                key=self._key,
                base_url=self._base_url,
                turns=settings.max_turns,
                timeout_s=self._context.timeout_s,
                parts=parts(request.job, Source.read(content), request.prompt, self._context.prompt_tokens),
                apply=edited,
                heard=partial(self._heard, request.job.path),
                hidden=self._context.secrets.hidden,
            )
        )
        answer = talk.hold()
        if talk.edited is not None and talk.edited != content:
            path.write_bytes(talk.edited)
        return answer

    def _heard(self, path: str, characters: int) -> None:
        progress.emit(progress.AgentSaid(path, self.name, characters))
