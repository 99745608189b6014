"""Codex."""

from __future__ import annotations

from stomper.agents.cli.output import Reading
from stomper.agents.cli.spec import Extra, Program

PROGRAM = Program(
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
