"""aider."""

from __future__ import annotations

from stomper.agents.cli.output import Reading
from stomper.agents.cli.spec import Extra, Program
from stomper.agents.programs.shared import LITELLM_ADDRESSES, PROVIDERS, litellm

PROGRAM = Program(
    title="aider",
    executable="aider",
    install="pipx install aider-chat",
    tried="0.86.2",
    keys=PROVIDERS,
    argv=(
        "--message-file", "{prompt_file}", "--yes-always", "--no-git", "--edit-format", "diff", "--map-tokens", "0",
        "--no-stream", "--no-pretty", "--no-fancy-input", "--no-auto-lint", "--no-suggest-shell-commands",
        "--no-detect-urls", "--no-check-update", "--no-show-release-notes", "--no-show-model-warnings",
        "--analytics-disable", "--input-history-file", "{state}/input", "--chat-history-file", "{state}/chat.md",
    ),
    when={
        "model": Extra(argv=("--model", "{model}")),
        "base_url": Extra(variables={"OPENAI_API_BASE": "{base_url}", "ANTHROPIC_API_BASE": "{base_url}"}),
    },
    end=("{file}",),
    prompt="file",
    variables={"LITELLM_LOCAL_MODEL_COST_MAP": "True"},
    hands_on=(*LITELLM_ADDRESSES, "AIDER_MODEL", "AIDER_WEAK_MODEL"),
    # What it takes for its table of prices; else it fetches that anew for each call.
    files={"home/.aider/caches/model_prices_and_context_window.json": {"none": {}}},
    litter=(".aider*", ".gitignore"),
    names=litellm,
    reading=Reading(
        text=True,
        input_tokens=(r"^Tokens: ([\d.,]+[kM]?) sent",),
        output_tokens=r"^Tokens: .*?([\d.,]+[kM]?) received",
        cache_read_tokens=r"^Tokens: .*?([\d.,]+[kM]?) cache hit",
        cache_write_tokens=r"^Tokens: .*?([\d.,]+[kM]?) cache write",
        cost_usd=r"Cost: \$([\d.]+) message",
        model=r"^(?:Main model|Model): (\S+)",
        error=r"^(litellm\.\w+: .*(?:\n\S.*)?)",
    ),
)  # fmt: skip
