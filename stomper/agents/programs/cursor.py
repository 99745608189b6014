"""Cursor CLI."""

from __future__ import annotations

from stomper.agents.cli.output import Reading
from stomper.agents.cli.spec import Extra, Program

PROGRAM = Program(
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
