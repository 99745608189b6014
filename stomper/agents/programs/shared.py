"""Values shared by the rows of several programs."""

from __future__ import annotations

GEMINI_SETTINGS = {
    "privacy": {"usageStatisticsEnabled": False},
    "telemetry": {"enabled": False},
    "general": {"enableAutoUpdate": False, "maxAttempts": 2},
    "model": {"maxSessionTurns": "{turns}"},
}
PROVIDERS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "OPENROUTER_API_KEY", "DEEPSEEK_API_KEY",
              "MISTRAL_API_KEY", "GROQ_API_KEY", "XAI_API_KEY")  # fmt: skip
LITELLM_ADDRESSES = ("OPENAI_API_BASE", "OPENAI_BASE_URL", "ANTHROPIC_API_BASE", "OLLAMA_API_BASE")


def litellm(model: str, own_address: bool) -> str:
    """Return *model* as litellm wants it: with its provider before it, where the address is one's own."""
    return f"openai/{model}" if own_address and "/" not in model else model
