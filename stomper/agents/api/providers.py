"""Which of pydantic-ai's providers and models a setting means."""

from __future__ import annotations

import inspect
from typing import Any
from urllib.parse import urlsplit

from pydantic_ai.exceptions import UserError
from pydantic_ai.models import Model, infer_model
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.profiles.openai import OpenAIModelProfile
from pydantic_ai.providers import Provider, infer_provider_class

_ADDRESSES = ("base_url", "api_base", "azure_endpoint")  # how the providers name it

_OPENAI = "api.openai.com"  # where the client of OpenAI goes that is told no address, for whichever provider it works


def make_model(model: str, key: str, base_url: str) -> Model:
    """The model of pydantic-ai that *model*, `provider:name`, means. Raises UserError or ImportError when there is none."""
    kind, _, name = model.partition(":")
    if kind == "openai" and base_url:
        kind = "openai-chat"  # what servers mean that call themselves compatible

    def provider(of: str) -> Provider[Any]:
        try:
            made = infer_provider_class(of)
        except ValueError:
            raise UserError(f"pydantic-ai knows no provider {of!r}") from None
        takes = inspect.signature(made.__init__).parameters
        given = {"api_key": key} if key and "api_key" in takes else {}
        if base_url:
            place = next((p for p in _ADDRESSES if p in takes), None)
            if place is None:
                raise UserError(f"`base_url` cannot be set for {of}: for a compatible server write openai:{name}")
            given[place] = base_url
        return made(**given)

    if kind == "openai-chat":
        strict = OpenAIModelProfile(openai_chat_streaming_requires_finish_reason=True)
        return OpenAIChatModel(name, provider=provider(kind), profile=strict)
    made = infer_model(f"{kind}:{name}", provider)
    if not kind.startswith("openai") and urlsplit(made.base_url or "").hostname == _OPENAI:
        raise UserError(
            f"{model} has no address of its own, and would be sent to OpenAI: set `base_url`, or write openai:{name}"
        )
    return made
