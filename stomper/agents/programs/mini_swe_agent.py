"""mini-swe-agent."""

from __future__ import annotations

from stomper.agents.cli.output import Reading
from stomper.agents.cli.spec import Extra, Program
from stomper.agents.programs.shared import LITELLM_ADDRESSES, PROVIDERS, litellm

PROGRAM = Program(
    title="mini-swe-agent",
    executable="mini",
    install="pipx install mini-swe-agent && pipx inject mini-swe-agent mcp",
    tried="2.4.6",
    keys=PROVIDERS,
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
    hands_on=(*LITELLM_ADDRESSES, "MSWEA_MODEL_NAME"),
    files={"task.yaml": {"run": {"task": "{prompt}"}}},  # JSON is YAML
    names=litellm,
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
