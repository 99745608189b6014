"""Claude Code."""

from __future__ import annotations

from stomper.agents.cli.output import Reading
from stomper.agents.cli.spec import Extra, Program

PROGRAM = Program(
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
