"""The coding agents that are programs: a row each. Here those of one vendor's models, and the table of all."""

from __future__ import annotations

from stomper.agents.cli.output import Reading
from stomper.agents.cli.programs_any_model import AIDER, GOOSE, MINI, OPENCODE
from stomper.agents.cli.spec import Extra, Program

_GEMINI_LIKE = {
    "privacy": {"usageStatisticsEnabled": False},
    "telemetry": {"enabled": False},
    "general": {"enableAutoUpdate": False, "maxAttempts": 2},
    "model": {"maxSessionTurns": "{turns}"},
}

CLAUDE = Program(
    title="Claude Code",
    executable="claude",
    install="npm install -g @anthropic-ai/claude-code",
    tried="2.1.197",
    keys=("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"),
    argv=(
        "-p", "--output-format", "json", "--permission-mode", "acceptEdits", "--tools", "Read,Edit,Grep,Glob",
        "--strict-mcp-config", "--no-session-persistence", "--max-turns", "{turns}",
    ),
    when={
        # Without hooks, plugins and instructions of the user's or the repository's; it reads no login then.
        "key": Extra(argv=("--bare",)),
        "login": Extra(argv=("--setting-sources", "user")),
        "model": Extra(argv=("--model", "{model}")),
        "base_url": Extra(variables={"ANTHROPIC_BASE_URL": "{base_url}"}),
        "budget": Extra(argv=("--max-budget-usd", "{budget}")),
    },
    variables={
        "CLAUDE_CONFIG_DIR": "{state}/claude", "CLAUDE_CODE_MAX_RETRIES": "1", "DISABLE_AUTOUPDATER": "1",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_TELEMETRY": "1", "DISABLE_ERROR_REPORTING": "1",
    },
    hands_on=("ANTHROPIC_BASE_URL", "ANTHROPIC_MODEL", "ANTHROPIC_CUSTOM_HEADERS"),
    logins={".claude/.credentials.json": "claude/.credentials.json"},
    reading=Reading(
        input_tokens=("$[*].usage['input_tokens','cache_read_input_tokens','cache_creation_input_tokens']",),
        output_tokens="$[*].usage.output_tokens",
        cache_read_tokens="$[*].usage.cache_read_input_tokens",
        cache_write_tokens="$[*].usage.cache_creation_input_tokens",
        cost_usd="$[*].total_cost_usd",
        model="$[*].modelUsage.~",
        session="$[*].session_id",
        stop="$[*].subtype",
        error="$[?@.is_error==true].result",
        status="$[*].api_error_status",
        limits=("error_max_turns", "error_max_budget_usd"),
    ),
)  # fmt: skip

CODEX = Program(
    title="Codex",
    executable="codex",
    install="npm install -g @openai/codex",
    tried="0.169.0",
    keys=("CODEX_API_KEY", "OPENAI_API_KEY"),
    argv=(
        "exec", "--json", "--ephemeral", "--skip-git-repo-check", "--sandbox", "workspace-write", "--disable", "plugins",
        "--disable", "unbounded_connection_retries", "-c", "analytics.enabled=false",
        "-c", "check_for_update_on_startup=false",
    ),
    when={
        # A provider of our own is the one whose retries can be limited.
        "key": Extra(
            argv=(
                "-c", "model_provider=stomper", "-c", "model_providers.stomper.name=OpenAI",
                "-c", "model_providers.stomper.base_url=https://api.openai.com/v1",
                "-c", "model_providers.stomper.wire_api=responses", "-c", "model_providers.stomper.env_key={key}",
                "-c", "model_providers.stomper.request_max_retries=1",
                "-c", "model_providers.stomper.stream_max_retries=1",
            )
        ),
        "base_url": Extra(argv=("-c", "model_providers.stomper.base_url={base_url}")),
        "model": Extra(argv=("--model", "{model}")),
    },
    end=("-",),
    variables={"CODEX_HOME": "{state}/codex"},
    files={"codex/config.toml": ""},  # the folder must be there
    logins={".codex/auth.json": "codex/auth.json"},
    reading=Reading(
        input_tokens=("$[?@.type=='turn.completed'].usage.input_tokens",),
        output_tokens="$[?@.type=='turn.completed'].usage.output_tokens",
        cache_read_tokens="$[?@.type=='turn.completed'].usage.cached_input_tokens",
        session="$[?@.type=='thread.started'].thread_id",
        stop="$[?@.type=='turn.completed' || @.type=='turn.failed'].type",
        error="$[?@.type=='turn.failed'].error.message",
    ),
)  # fmt: skip

GEMINI = Program(
    title="Gemini CLI",
    executable="gemini",
    install="npm install -g @google/gemini-cli",
    tried="0.61.0",
    keys=("GEMINI_API_KEY",),
    argv=("--output-format", "json", "--approval-mode", "auto_edit"),
    when={
        "model": Extra(argv=("--model", "{model}")),
        "base_url": Extra(variables={"GOOGLE_GEMINI_BASE_URL": "{base_url}"}),
    },
    variables={
        "GEMINI_CLI_HOME": "{state}",
        "GEMINI_CLI_TRUST_WORKSPACE": "true",
        "GEMINI_CLI_NO_RELAUNCH": "true",
    },
    hands_on=("GOOGLE_GEMINI_BASE_URL",),
    files={".gemini/settings.json": {**_GEMINI_LIKE, "security": {"auth": {"selectedType": "gemini-api-key"}}}},
    reading=Reading(
        input_tokens=("$[*].stats.models.*.tokens.prompt",),
        output_tokens="$[*].stats.models.*.tokens['candidates','thoughts']",
        cache_read_tokens="$[*].stats.models.*.tokens.cached",
        model="$[*].stats.models.~",
        session="$[*].session_id",
        stop="$[*].error.type",
        error="$[*].error.message",
        status="$[*].error.code",
        limits=("FatalTurnLimitedError",),
    ),
)

QWEN = Program(
    title="Qwen Code",
    executable="qwen",
    install="npm install -g @qwen-code/qwen-code",
    tried="0.15.10",
    keys=("OPENAI_API_KEY", "DASHSCOPE_API_KEY"),
    argv=("--output-format", "json", "--approval-mode", "auto-edit", "--max-session-turns", "{turns}"),
    when={
        "key": Extra(argv=("--auth-type", "openai")),
        "model": Extra(argv=("--model", "{model}")),
        "base_url": Extra(variables={"OPENAI_BASE_URL": "{base_url}"}),
    },
    variables={"QWEN_HOME": "{state}/qwen", "QWEN_CODE_NO_RELAUNCH": "true"},
    hands_on=("OPENAI_BASE_URL", "OPENAI_MODEL"),
    files={"qwen/settings.json": _GEMINI_LIKE},
    logins={".qwen/oauth_creds.json": "qwen/oauth_creds.json"},
    reading=Reading(
        input_tokens=("$[?@.type=='result'].usage.input_tokens",),
        output_tokens="$[?@.type=='result'].usage.output_tokens",
        cache_read_tokens="$[?@.type=='result'].usage.cache_read_input_tokens",
        model="$[?@.type=='system'].model",
        session="$[*].session_id",
        stop="$[?@.type=='result'].subtype | $[*].error.type",
        # It calls a failed request a success, and says the error in place of an answer.
        error="$[?@.type=='result' && (@.is_error==true || search(@.result, '^.API Error'))]['result','error']",
        limits=("FatalTurnLimitedError",),
    ),
)

COPILOT = Program(
    title="Copilot CLI",
    executable="copilot",
    install="npm install -g @github/copilot",
    tried="1.0.102",
    keys=("COPILOT_GITHUB_TOKEN", "GH_TOKEN", "GITHUB_TOKEN", "COPILOT_PROVIDER_API_KEY"),
    argv=("--allow-all-tools", "--output-format", "json", "--no-color"),
    when={
        "model": Extra(argv=("--model", "{model}")),
        "base_url": Extra(
            variables={
                "COPILOT_PROVIDER_BASE_URL": "{base_url}",
                "COPILOT_PROVIDER_TYPE": "openai",
                "COPILOT_OFFLINE": "true",
            }
        ),
    },
    variables={"COPILOT_HOME": "{state}/copilot", "COPILOT_AUTO_UPDATE": "false"},
    hands_on=("COPILOT_MODEL", "COPILOT_PROVIDER_BASE_URL", "COPILOT_PROVIDER_TYPE", "COPILOT_OFFLINE"),
    logins={".copilot/config.json": "copilot/config.json"},
    own_key="COPILOT_PROVIDER_API_KEY",
    reading=Reading(
        session="$[?@.type=='result'].sessionId",
        error="$[?@.type=='session.error'].data.message",
        status="$[?@.type=='session.error'].data.statusCode",
    ),
)

CURSOR = Program(
    title="Cursor CLI",
    executable="cursor-agent",
    install="curl https://cursor.com/install -fsS | bash",
    keys=("CURSOR_API_KEY",),
    argv=("--print", "--output-format", "json", "--force", "--trust"),
    when={"model": Extra(argv=("--model", "{model}"))},
    logins={
        ".cursor/cli-config.json": "home/.cursor/cli-config.json",
        ".config/cursor/auth.json": "config/cursor/auth.json",
    },
    reading=Reading(
        session="$[*].session_id",
        stop="$[*].subtype",
        error="$[?@.is_error==true].result",
        input_tokens=("$[*].usage.inputTokens",),
        output_tokens="$[*].usage.outputTokens",
    ),
)

PROGRAMS: dict[str, Program] = {
    "claude": CLAUDE,
    "codex": CODEX,
    "gemini": GEMINI,
    "aider": AIDER,
    "opencode": OPENCODE,
    "mini-swe-agent": MINI,
    "cursor": CURSOR,
    "copilot": COPILOT,
    "qwen": QWEN,
    "goose": GOOSE,
}
