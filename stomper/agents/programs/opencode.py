"""opencode."""

from __future__ import annotations

from stomper.agents.cli.output import Reading
from stomper.agents.cli.spec import Extra, Program
from stomper.agents.programs.shared import PROVIDERS

PROGRAM = Program(
    title="opencode",
    executable="opencode",
    install="npm install -g opencode-ai",
    tried="1.18.33",
    keys=("OPENCODE_API_KEY", *PROVIDERS, "GOOGLE_GENERATIVE_AI_API_KEY"),
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
