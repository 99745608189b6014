"""The form of a deployment: what people fill in, in sections, and the parameters of a run that it becomes.

A field that is left empty is the repository's own setting. Words and bounds of a setting are those of settings.py.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    SerializerFunctionWrapHandler,
    model_serializer,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from stomper.config.choices import Land, Risk, StrategyChoice, TestValidation
from stomper.config.layers import combine
from stomper.config.parameters import FixParameters
from stomper.config.pull_requests import PullRequestSettings
from stomper.config.repository_url import NO_CREDENTIALS, refuse_credentials
from stomper.config.settings import Settings

# Credentials in an address are refused by the server already, which stores parameters.
Repository = Annotated[
    str, Field(min_length=1, json_schema_extra={"pattern": NO_CREDENTIALS}), AfterValidator(refuse_credentials)
]

_BOUNDS = ("ge", "gt", "le", "lt", "pattern")


def _setting(name: str, table: type[BaseModel] = Settings) -> Any:
    """A field for the setting *name*: its description and its bounds, and empty by default."""
    field = table.model_fields[name]
    bounds = {key: getattr(b, key) for b in field.metadata for key in _BOUNDS if hasattr(b, key)}
    said = " ".join((field.description or "").replace("`", "").split())  # the UI shows text, not Markdown
    return Field(
        default=None, title=_title(name, table), description=f"{said} Empty: the repository's setting.", **bounds
    )


def _title(name: str, table: type[BaseModel]) -> str:
    name = f"pull requests: {name}" if table is PullRequestSettings else name
    words = name.removesuffix("_s").replace("_", " ").replace("usd", "in US dollars")
    return f"{words}{' in seconds' if name.endswith('_s') else ''}".capitalize().replace("us dollars", "US dollars")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The form without null: Prefect's UI would ask for the type of such a field before its value."""
        schema = handler(core)
        for field in handler.resolve_ref_schema(schema)["properties"].values():
            if {"type": "null"} in field.get("anyOf", []):
                (own,) = (one for one in field.pop("anyOf") if one != {"type": "null"})
                field.update(own)
                field.pop("default")
                if own == {"type": "boolean"}:  # a switch that is off could not be told from one left alone
                    field["enum"] = [True, False]
        return schema

    @model_serializer(mode="wrap")
    def without_null(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """What the schema gives as a section's default, and what runs are stored with, has no null either."""
        filled: dict[str, Any] = handler(self)
        return {key: value for key, value in filled.items() if value is not None}

    def named(self) -> dict[str, Any]:
        """The fields that somebody filled in."""
        return self.model_dump(mode="json")


class Remote(_Section):
    """How an address is worked on. Nothing here is for a path."""

    # A message does not repeat what was given: a token could be in it.
    model_config = ConfigDict(hide_input_in_errors=True)

    ref: str = Field(default="", title="Branch", description="The branch to repair; empty is the default branch.")
    partial: bool = Field(default=False, title="Partial clone", description="Fetch files only when they are needed.")
    token_env: str = Field(
        default="", title="Token's variable", description="The worker's variable that holds the token."
    )
    token_block: str = Field(
        default="", title="Token's block", description="The Prefect Secret block that holds the token."
    )
    token_user: str = Field(
        default="x-access-token",
        pattern=r"^[A-Za-z0-9._-]+$",
        title="Token's user",
        description="The user name that goes with the token; most hosts take any.",
    )


class Fleet(_Section):
    """Which repositories, and how many at once."""

    model_config = ConfigDict(hide_input_in_errors=True)

    repositories: list[Repository] = Field(default=[], title="Repositories", description="Addresses or paths.")
    file: str = Field(
        default="", title="File", description="A file with one address or path a line; `#` begins a comment."
    )
    at_once: int = Field(
        default=1, ge=1, le=64, title="At once", description="How many repositories at once; more by a deployment only."
    )
    deployment: str = Field(
        default="",
        title="Deployment",
        description="Run each repository by this deployment, say fix-repository/on-demand; in this process when empty.",
    )


class Files(_Section):
    """Which files are looked at. All of them when nothing is filled in."""

    paths: list[str] = Field(default=[], title="Paths", description="Files or folders to look at; empty is everything.")
    since: str = Field(
        default="",
        title="Since",
        description="Only files that differ from the merge base with this commit or branch, for example origin/main.",
    )
    changed: bool = Field(default=False, title="Changed", description="Only files with uncommitted changes.")
    staged: bool = Field(default=False, title="Staged", description="Only files with staged changes.")
    on_disk: bool = Field(
        default=False, title="On disk", description="The files as they lie in the checkout, committed or not."
    )
    include: list[str] | None = _setting("include")
    exclude: list[str] | None = _setting("exclude")


class Checks(_Section):
    """Which errors count, and who judges a fix."""

    checkers: list[str] | None = _setting("checkers")
    select: list[str] | None = _setting("select")
    ignore: list[str] | None = _setting("ignore")
    allow_missing_checker: bool | None = _setting("allow_missing_checker")
    test_validation: TestValidation | None = _setting("test_validation")
    test_command: str | None = _setting("test_command")


class Agents(_Section):
    """Who repairs, and how they are asked."""

    agents: list[str] | None = _setting("agents")
    strategy: StrategyChoice | None = _setting("strategy")
    max_attempts: int | None = _setting("max_attempts")
    agent_timeout_s: float | None = _setting("agent_timeout_s")
    sandbox: Literal["auto", "bwrap", "none"] | None = _setting("sandbox")


class Limits(_Section):
    """How much a run may do, and what it may cost."""

    max_parallel_files: int | None = _setting("max_parallel_files")
    max_files: int | None = _setting("max_files")
    max_errors: int | None = _setting("max_errors")
    max_cost_usd: float | None = _setting("max_cost_usd")
    max_tokens: int | None = _setting("max_tokens")
    max_agent_calls: int | None = _setting("max_agent_calls")


class Landing(_Section):
    """Where proven fixes go."""

    land: Land | None = _setting("land")
    branch_name: str | None = _setting("branch_name")
    risks: list[Risk] | None = _setting("risks")
    approve: bool | None = _setting("approve")
    approve_risks: list[Risk] | None = _setting("approve_risks")
    approve_timeout_s: float | None = _setting("approve_timeout_s")
    run_hooks: bool | None = _setting("run_hooks")
    pr_campaign: str | None = _setting("campaign", PullRequestSettings)
    pr_group_by: Literal["all", "code", "folder", "codeowners"] | None = _setting("group_by", PullRequestSettings)
    pr_max_open: int | None = _setting("max_open", PullRequestSettings)
    pr_max_files: int | None = _setting("max_files", PullRequestSettings)
    pr_labels: list[str] | None = _setting("labels", PullRequestSettings)
    pr_reviewers: list[str] | None = _setting("reviewers", PullRequestSettings)
    pr_draft: bool | None = _setting("draft", PullRequestSettings)

    def named(self) -> dict[str, Any]:
        """The fields that somebody filled in, those about pull requests as their table."""
        own = super().named()
        table = {key.removeprefix("pr_"): own.pop(key) for key in list(own) if key.startswith("pr_")}
        return {**own, "pr": table} if table else own


class Advanced(_Section):
    """What is rarely needed."""

    config: str = Field(default="", title="Settings file", description="A settings file outside the repository.")
    settings: dict[str, Any] = Field(
        default={}, title="More settings", description='Any key of the settings, for example {"guards_off": ["size"]}.'
    )
    setup_command: str = Field(
        default="", title="Set-up command", description="Shell run in the repository's folder first, say to install it."
    )


REMOTE, FILES, CHECKS, AGENTS = Remote(), Files(), Checks(), Agents()
LIMITS, LANDING, ADVANCED = Limits(), Landing(), Advanced()
_OWN = ("paths", "since", "changed", "staged", "on_disk")  # of the parameters; all else in the sections is a setting


def parameters_of(
    repository: str, files: Files, advanced: Advanced, *sections: _Section, remote: Remote = REMOTE
) -> FixParameters:
    """The run that a filled-in form asks for: a field with a name wins over the same key under *More settings*."""
    named = files.named()
    own = {key: named.pop(key) for key in _OWN}
    for section in sections:
        named |= section.named()
    settings = combine(advanced.settings, named)
    return FixParameters(
        repository=repository,
        settings=settings,
        config=advanced.config,
        setup_command=advanced.setup_command,
        **remote.named(),
        **own,
    )


def form_of(parameters: FixParameters) -> dict[str, Any]:
    """The form that asks for the run that *parameters* are, as arguments of the flow."""
    return {
        "repository": parameters.repository,
        "remote": Remote(**{key: getattr(parameters, key) for key in Remote.model_fields}),
        "files": Files(**{key: getattr(parameters, key) for key in _OWN}),
        "advanced": Advanced(
            config=parameters.config, settings=parameters.flags(), setup_command=parameters.setup_command
        ),
    }


def as_json(parameters: FixParameters) -> dict[str, Any]:
    """The same form as a deployment takes it: only what is filled in."""
    filled = form_of(parameters)
    sections = {key: part for key, part in filled.items() if isinstance(part, _Section)}
    dumped = {key: part.model_dump(mode="json", exclude_defaults=True) for key, part in sections.items()}
    return {"repository": parameters.repository, **dumped}
