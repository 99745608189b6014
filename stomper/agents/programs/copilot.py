"""Copilot CLI."""

from __future__ import annotations

from stomper.agents.cli.output import Reading
from stomper.agents.cli.spec import Extra, Program

PROGRAM = Program(
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
