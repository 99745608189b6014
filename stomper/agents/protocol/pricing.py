"""What tokens cost: by the dated table of the genai-prices package, which knows the providers' list prices."""

from __future__ import annotations

from functools import cache

from stomper.agents.protocol.agent import Usage


def price(model: str, usage: Usage) -> float | None:
    """Dollars for *usage* of *model*, spelled with or without its provider (`openai:NAME`, `openai/NAME`).

    None when the table does not know the model: unknown, which is not free."""
    import genai_prices  # noqa: PLC0415 - only runs that price a call pay for its import

    provider, name = _split(model)
    tokens = genai_prices.Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
    )
    try:
        return float(genai_prices.calc_price(tokens, name, provider_id=provider or None).total_price)
    except LookupError:
        return None


@cache
def known(model: str) -> bool:
    """Whether the table has a price for *model*."""
    return bool(model) and price(model, Usage(input_tokens=1)) is not None


def _split(model: str) -> tuple[str, str]:
    for sign in (":", "/"):
        provider, found, name = model.partition(sign)
        if found:
            return provider, name
    return "", model
