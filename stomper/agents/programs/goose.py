"""Goose."""

from __future__ import annotations

from stomper.agents.cli.output import Reading
from stomper.agents.cli.spec import Extra, Program
from stomper.agents.programs.shared import PROVIDERS

PROGRAM = Program(
    title="Goose",
    executable="goose",
    install="curl -fsSL https://github.com/block/goose/releases/download/stable/download_cli.sh | CONFIGURE=false bash",
    keys=(*PROVIDERS, "GOOGLE_API_KEY", "DATABRICKS_TOKEN"),
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
