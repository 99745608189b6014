"""Qwen Code."""

from __future__ import annotations

from stomper.agents.cli.output import Reading
from stomper.agents.cli.spec import Extra, Program
from stomper.agents.programs.shared import GEMINI_SETTINGS

PROGRAM = Program(
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
    files={"qwen/settings.json": GEMINI_SETTINGS},
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
