"""Gemini CLI."""

from __future__ import annotations

from stomper.agents.cli.output import Reading
from stomper.agents.cli.spec import Extra, Program
from stomper.agents.programs.shared import GEMINI_SETTINGS

PROGRAM = Program(
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
    files={".gemini/settings.json": {**GEMINI_SETTINGS, "security": {"auth": {"selectedType": "gemini-api-key"}}}},
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
