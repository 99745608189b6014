"""The settings: every key with its type, its default and what it means. Where they come from is in loading.py."""

from __future__ import annotations

import os
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from stomper.config.choices import RISKS, Land, Risk, StrategyChoice, TestValidation
from stomper.config.kinds import AGENTS, CHECKERS, AgentKind, CheckerKind, ProgramKind
from stomper.config.nearest import did_you_mean
from stomper.config.pull_requests import PullRequestSettings
from stomper.config.worktree import WorktreeSettings
from stomper.guards.registry import GUARDS

Seconds = Annotated[float, Field(gt=0, le=7 * 24 * 3600)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class CheckerSettings(_Table):
    """The table `[checkers.NAME]`."""

    enabled: bool | None = None
    """Whether this checker runs. Unset: yes, but mypy only where the target configures it, unless it has a table."""
    kind: Literal["", CheckerKind] = ""
    """What it is; the table's own name when empty."""
    args: tuple[str, ...] = ()
    """More arguments for the program, for example `["--select", "E,F"]`. The ruff agent obeys them too."""
    command: tuple[str, ...] = ()
    """For `sarif` and `command`: the program and its arguments, run in the root of the repository."""
    output: str = ""
    """For `sarif`: the file the program writes, relative to the root; empty when it prints to stdout."""
    pattern: str = ""
    """For `command`: a regular expression with the groups `path` and `message` and, if known, `line`, `column`, `code`."""
    json_path: str = ""
    """For `command`, instead of `pattern`: the JSONPath (RFC 9535) of the errors in what it prints, for example `$[*]`."""
    json_fields: dict[Literal["path", "message", "line", "column", "code"], str] = Field(default_factory=dict)
    """For `json_path`: the JSONPath of each part in an error, for example `{ line = "$.location.row" }`; else `$.line`."""
    timeout_s: Seconds | None = None
    """Seconds this checker may take; `checker_timeout_s` when unset."""


class AgentSettings(_Table):
    """The table `[agents.NAME]`."""

    enabled: bool = True
    """Whether this agent takes part in the cascade."""
    kind: Literal["", AgentKind, ProgramKind] = ""
    """What it is; the table's own name when empty."""
    model: str = ""
    """For `api` and the coding agents: the model, as the provider spells it; for `api` with the provider before it
    (`anthropic:NAME`, `openai:NAME`). The program's own choice when empty."""
    base_url: str = ""
    """For `api` and the coding agents: the address of the provider's API, in place of its own."""
    api_key_env: str = ""
    """For `api` and the coding agents: the environment variable that holds the key, where it is not the usual one."""
    args: tuple[str, ...] = ()
    """For the coding agents: more arguments for the program."""
    max_turns: int = Field(default=30, ge=1, le=1000)
    """For `api` and the coding agents: how many times the model may answer in one call, where that can be limited."""
    unsafe_fixes: bool = False
    """For `ruff`: also apply the fixes that ruff marks unsafe."""
    command: tuple[str, ...] = ()
    """For `command`: the program and its arguments; `{file}`, `{prompt_file}` and `{worktree}` are replaced. For the coding
    agents: how the program is started, where its name alone does not do."""
    env: tuple[str, ...] = ()
    """For `command` and the coding agents: names of environment variables handed on beside PATH, HOME, LANG and such."""
    home: tuple[str, ...] = ()
    """For `command` and the coding agents: what of HOME it may see and write in the sandbox (`.config/my-agent`)."""
    script: str = ""
    """For `scripted`: the JSON file that says what it does to which file."""
    max_parallel: int | None = Field(default=None, ge=1, le=256)
    """How many calls of this agent at once, over all runs on one Prefect server; no limit of its own when unset."""
    call_cost_usd: float | None = Field(default=None, ge=0)
    """What a call costs at most, in dollars: reserved before it, and counted where the agent does not say what it cost."""
    call_tokens: int | None = Field(default=None, ge=0)
    """The same in tokens."""
    max_attempts: int | None = Field(default=None, ge=1, le=20)
    """Attempts for each file; `max_attempts` of the run when unset."""
    timeout_s: Seconds | None = None
    """Seconds one call may take; `agent_timeout_s` when unset."""


def _default_parallel() -> int:
    return max(2, os.cpu_count() or 2)


class Settings(_Table):
    """Everything a run can be told."""

    checkers: dict[str, CheckerSettings] = Field(
        default_factory=lambda: {"ruff": CheckerSettings(), "mypy": CheckerSettings()}
    )
    """The checkers that find errors. A list names exactly those; a table for one adds it, or changes it, among the
    defaults: ruff, and mypy where the target configures it."""
    agents: dict[str, AgentSettings] = Field(default_factory=lambda: {"ruff": AgentSettings()})
    """The agents that repair, in the order in which they are tried. A list names exactly those; a table for one adds
    it, or changes it, among the defaults: ruff."""
    max_parallel_files: int = Field(default_factory=_default_parallel, ge=1, le=256)
    """How many files are repaired at once. Default: the number of cores, at least 2."""
    reuse_slots: bool = True
    """Hand a slot of the tag limit from file to file for some seconds. Off: Prefect's own way, which takes and gives back
    one for each file; to measure beside it, or where a release of Prefect differs."""
    max_attempts: int = Field(default=2, ge=1, le=20)
    """How often one agent may try one file, each time told what was wrong with the last try."""
    max_files: int = Field(default=0, ge=0)
    """Repair at most so many files, those with the most errors first; 0 is no limit."""
    max_errors: int = Field(default=0, ge=0)
    """Aim at no more than about so many errors: files are taken whole until the number is reached; 0 is no limit."""
    max_cost_usd: float | None = Field(default=None, gt=0)
    """Dollars that the agents may cost in one run. At the limit no more are called, and what is proven lands."""
    max_tokens: int | None = Field(default=None, ge=1)
    """The same in tokens."""
    max_agent_calls: int | None = Field(default=None, ge=1)
    """The same in calls; ruff's own fixes are none."""
    max_file_cost_usd: float | None = Field(default=None, gt=0)
    """Dollars that the agents may cost for one file."""
    max_file_tokens: int | None = Field(default=None, ge=1)
    """The same in tokens."""
    max_file_calls: int | None = Field(default=None, ge=1)
    """The same in calls."""
    select: tuple[str, ...] = ()
    """Aim only at these codes or prefixes of codes (`F401`, `UP`, `attr-defined`)."""
    ignore: tuple[str, ...] = ()
    """Do not aim at these codes or prefixes of codes."""
    include: tuple[str, ...] = ()
    """Repair only files that match one of these gitignore-style patterns."""
    exclude: tuple[str, ...] = ()
    """Leave files alone that match one of these gitignore-style patterns."""
    allow_missing_checker: bool = False
    """Go on without a checker that is missing or crashes; its errors then stay unknown."""
    python: str = ""
    """The target's Python interpreter. Default: `.venv`, `uv run`, `poetry run` or the one on PATH, as found. It also
    parses what is too new for the Python that runs Stomper."""
    test_command: str = ""
    """How the tests are run, without a shell. Default: `python -m pytest` in the target's environment."""
    test_validation: TestValidation = "final"
    """`full`: the suite for each file, in runs that files share; `quick`: for each file the tests that its fix can reach;
    `final`: none for each. Then, for all three, the complete suite on the combined result, and what breaks it is dropped.
    `none`: no tests."""
    land: Land = "commit"
    """`commit` on the current branch, on a new `branch` with the checkout untouched, as `patch` files only, or as pull
    requests (`pr`)."""
    branch_name: str = Field(default="", max_length=200)
    """Name of the branch for `land = "branch"`. Default: `stomper/` and the run's id."""
    pr: PullRequestSettings = Field(default_factory=PullRequestSettings)
    """How pull requests are made: the table `[pr]`."""
    risks: tuple[Risk, ...] = RISKS
    """The kinds of change that may land unattended: comments and layout, annotations, all others. What may not is
    proven and kept as a patch, which waits for you."""
    approve: bool = False
    """Ask before proven fixes land: the run shows them on your Prefect server and waits there for an answer."""
    approve_risks: tuple[Risk, ...] = RISKS
    """The kinds of change that `approve` asks about; others land without it."""
    approve_timeout_s: Seconds = 86400.0
    """Seconds the run waits for the answer. After that nothing more lands, and what is proven is kept as patches."""
    sign: bool = True
    """Sign the commits where git is set up to (`commit.gpgsign`)."""
    run_hooks: bool = False
    """Run the repository's pre-commit hook once over all that is to land; what it refuses does not land."""
    allow_failing_baseline: bool = True
    """Work on a repository whose tests already fail: a fix may then make no test worse than it was."""
    allow_unproven: bool = False
    """Land also what has less evidence than it needs, for example a model's change of logic where there are no tests."""
    guards_off: tuple[str, ...] = ()
    """Guards that are switched off, by name; the report warns of each. See the page about how it works."""
    sandbox: Literal["auto", "bwrap", "none"] = "auto"
    """Run agents by bubblewrap, which lets them write to nothing but the worktree: where it works, always, or never."""
    worktree: WorktreeSettings = Field(default_factory=WorktreeSettings)
    """The files and variables that worktrees are given of the checkout: the table `[worktree]`."""
    extra_files: tuple[str, ...] = ()
    """Files an agent may edit beside the job's own (gitignore-style), say the code under test for a test's error."""
    strategy: StrategyChoice = "auto"
    """How agents are asked: the errors alone (`terse`), with what the rules say (`rules`), with verified fixes of the
    same rules from this repository as well (`examples`), or with the whole file and what it uses (`context`). `auto`
    takes what gave the most proven fixes for the money before."""
    explore: float = Field(default=1.0, ge=0, le=1)
    """How much `auto` tries of what it does not know well: 1 as much as pays in the long run, less and less as it learns;
    0 nothing, it takes the best so far; in between, as a share of the calls. See the page about learning."""
    retry_failed: bool = False
    """Pay again for a call that failed before with the same file, errors, agent and prompt."""
    prompt_tokens: int = Field(default=8000, ge=500, le=1_000_000)
    """How long a prompt may be, in tokens, roughly."""
    transcript_days: int = Field(default=30, ge=0, le=3650)
    """Days for which is kept what agents were told and what they said, in the state folder; 0 keeps nothing of it."""
    transcript_megabytes: int = Field(default=200, ge=1, le=1_000_000)
    """How much of it is kept at most, over all runs of this user: the oldest runs' goes first."""
    agent_timeout_s: Seconds = 600.0
    """Seconds one call of an agent may take."""
    test_timeout_s: Seconds = 1800.0
    """Seconds one run of the tests may take."""
    checker_timeout_s: Seconds = 600.0
    """Seconds one run of a checker may take."""

    @field_validator("checkers", "agents")
    @classmethod
    def _known_kinds(cls, value: dict[str, CheckerSettings | AgentSettings]) -> dict[str, Any]:
        for name, table in value.items():
            kinds = CHECKERS if isinstance(table, CheckerSettings) else AGENTS
            if (table.kind or name) not in kinds:
                wanted = f"{', '.join(kinds)}, nor a table with `kind` set to one"
                raise ValueError(f"{name!r} is none of {wanted}{did_you_mean(name, kinds)}")
        return value

    @field_validator("guards_off")
    @classmethod
    def _known_guards(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := [name for name in value if name not in GUARDS]:
            meant = did_you_mean(unknown[0], GUARDS)
            raise ValueError(f"{unknown[0]!r} is none of {', '.join(GUARDS)}{meant}")
        return value
