"""The coding agents that are programs and work with the models of any provider: a row each."""

from __future__ import annotations

from stomper.agents.cli.output import Reading
from stomper.agents.cli.spec import Extra, Program

_PROVIDERS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "OPENROUTER_API_KEY", "DEEPSEEK_API_KEY",
              "MISTRAL_API_KEY", "GROQ_API_KEY", "XAI_API_KEY")  # fmt: skip
_LITELLM_ADDRESSES = ("OPENAI_API_BASE", "OPENAI_BASE_URL", "ANTHROPIC_API_BASE", "OLLAMA_API_BASE")


def _litellm(model: str, own_address: bool) -> str:
    return f"openai/{model}" if own_address and "/" not in model else model


AIDER = Program(
    title="aider",
    executable="aider",
    install="pipx install aider-chat",
    tried="0.86.2",
    keys=_PROVIDERS,
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
    hands_on=(*_LITELLM_ADDRESSES, "AIDER_MODEL", "AIDER_WEAK_MODEL"),
    # What it takes for its table of prices; else it fetches that anew for each call.
    files={"home/.aider/caches/model_prices_and_context_window.json": {"none": {}}},
    litter=(".aider*", ".gitignore"),
    names=_litellm,
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

OPENCODE = Program(
    title="opencode",
    executable="opencode",
    install="npm install -g opencode-ai",
    tried="1.18.33",
    keys=("OPENCODE_API_KEY", *_PROVIDERS, "GOOGLE_GENERATIVE_AI_API_KEY"),
    argv=("run", "--pure", "--format", "json", "--title", "stomper"),
    when={
        "model": Extra(argv=("--model", "{model}")),
        "base_url": Extra(
            variables={
                "OPENCODE_CONFIG_CONTENT": {
                    "provider": {
                        "stomper": {
                            "npm": "@ai-sdk/openai-compatible",
                            "options": {"baseURL": "{base_url}", "apiKey": "{env:{key}}"},
                            "models": {"{plain_model}": {}},
                        }
                    }
                }
            }
        ),
    },
    variables={
        "OPENCODE_CONFIG_CONTENT": {
            "autoupdate": False,
            "share": "disabled",
            "permission": {"edit": "allow", "bash": "deny", "webfetch": "deny"},
            "agent": {"build": {"steps": "{turns}"}},
        },
        "OPENCODE_DISABLE_AUTOUPDATE": "1",
        "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1",
        "OPENCODE_DISABLE_PROJECT_CONFIG": "1",
        "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
        "OPENCODE_DISABLE_MODELS_FETCH": "1",
    },
    logins={".local/share/opencode/auth.json": "data/opencode/auth.json"},
    names=lambda model, own_address: f"stomper/{model}" if own_address else model,
    reading=Reading(
        input_tokens=("$[?@.type=='step_finish'].part.tokens.input", "$[?@.type=='step_finish'].part.tokens.cache.*"),
        output_tokens="$[?@.type=='step_finish'].part.tokens['output','reasoning']",
        cache_read_tokens="$[?@.type=='step_finish'].part.tokens.cache.read",
        cache_write_tokens="$[?@.type=='step_finish'].part.tokens.cache.write",
        cost_usd="$[?@.type=='step_finish'].part.cost",
        session="$[*].sessionID",
        stop="$[?@.type=='step_finish'].part.reason",
        error="$[?@.type=='error'].error['name','data']['message']",
        status="$[?@.type=='error'].error.data.statusCode",
    ),
)

MINI = Program(
    title="mini-swe-agent",
    executable="mini",
    install="pipx install mini-swe-agent && pipx inject mini-swe-agent mcp",
    tried="2.4.6",
    keys=_PROVIDERS,
    argv=(
        "-y", "--exit-immediately", "-o", "{state}/trajectory.json", "-c", "mini.yaml", "-c", "{state}/task.yaml",
        "-c", "agent.step_limit={turns}",
    ),
    when={
        "model": Extra(argv=("-m", "{model}")),
        "base_url": Extra(variables={"OPENAI_API_BASE": "{base_url}", "ANTHROPIC_API_BASE": "{base_url}"}),
        "budget": Extra(argv=("-l", "{budget}")),
    },
    prompt="file",
    variables={
        "MSWEA_CONFIGURED": "true", "MSWEA_SILENT_STARTUP": "1", "MSWEA_GLOBAL_CONFIG_DIR": "{state}/mini",
        "MSWEA_COST_TRACKING": "ignore_errors", "MSWEA_MODEL_RETRY_STOP_AFTER_ATTEMPT": "2",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    },
    hands_on=(*_LITELLM_ADDRESSES, "MSWEA_MODEL_NAME"),
    files={"task.yaml": {"run": {"task": "{prompt}"}}},  # JSON is YAML
    names=_litellm,
    model_from="MSWEA_MODEL_NAME",
    reading=Reading(
        file="trajectory.json",
        input_tokens=("$[*].messages[*].extra.response.usage.prompt_tokens",),
        output_tokens="$[*].messages[*].extra.response.usage.completion_tokens",
        cache_read_tokens="$[*].messages[*].extra.response.usage.prompt_tokens_details.cached_tokens",
        cost_usd="$[*].info.model_stats.instance_cost",
        model="$[*].messages[*].extra.response.model",
        stop="$[*].info.exit_status",
        error="$[*].messages[*].extra.exception_str",
        limits=("LimitsExceeded",),
    ),
)  # fmt: skip

GOOSE = Program(
    title="Goose",
    executable="goose",
    install="curl -fsSL https://github.com/block/goose/releases/download/stable/download_cli.sh | CONFIGURE=false bash",
    keys=(*_PROVIDERS, "GOOGLE_API_KEY", "DATABRICKS_TOKEN"),
    argv=("run", "--no-session", "--quiet", "--with-builtin", "developer", "--max-turns", "{turns}"),
    when={
        "model": Extra(argv=("--model", "{model}")),
        "base_url": Extra(variables={"GOOSE_PROVIDER": "openai", "OPENAI_HOST": "{base_url}"}),
    },
    end=("--instructions", "{prompt_file}"),
    prompt="file",
    variables={"GOOSE_MODE": "auto", "GOOSE_DISABLE_KEYRING": "1"},
    hands_on=("GOOSE_PROVIDER", "GOOSE_MODEL", "OPENAI_HOST", "ANTHROPIC_HOST", "DATABRICKS_HOST"),
    logins={
        ".config/goose/config.yaml": "config/goose/config.yaml",
        ".config/goose/secrets.yaml": "config/goose/secrets.yaml",
    },
    reading=Reading(
        text=True,
        error=r"((?:Authentication|Rate limit|Server|Request|Context length)[\w ]* (?:error|exceeded|failed).*)",
    ),
)
