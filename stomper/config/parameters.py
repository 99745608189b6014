"""What a deployment of the flow takes: the form people fill in."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from stomper.config.repository_url import NO_CREDENTIALS, refuse_credentials


class FixParameters(BaseModel):
    """One run over one repository."""

    # A message does not repeat what was given: a token could be in it.
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    repository: str = Field(
        title="Repository",
        description="Path of a git repository on the worker's machine, or an address (https, ssh, git@host:path, file).",
        json_schema_extra={"pattern": NO_CREDENTIALS},
    )
    ref: str = Field(default="", title="Branch", description="With an address: the branch; the default one when empty.")
    partial: bool = Field(
        default=False, title="Partial clone", description="With an address: fetch files only when they are needed."
    )
    token_env: str = Field(
        default="", title="Token's variable", description="With an address: the worker's variable that holds the token."
    )
    token_block: str = Field(
        default="", title="Token's block", description="With an address: the Prefect Secret block that holds the token."
    )
    token_user: str = Field(
        default="x-access-token",
        pattern=r"^[A-Za-z0-9._-]+$",
        title="Token's user",
        description="The user name that goes with the token; most hosts take any.",
    )
    paths: list[str] = Field(default=[], title="Paths", description="Files or folders to look at; empty is everything.")
    since: str = Field(default="", title="Since", description="Only files that differ from this commit or branch.")
    changed: bool = Field(default=False, title="Changed", description="Only files with uncommitted changes.")
    staged: bool = Field(default=False, title="Staged", description="Only files with staged changes.")
    land: Literal["commit", "branch", "patch", "pr"] | None = Field(
        default=None, title="Land", description="Where proven fixes go; the repository's own setting when empty."
    )
    test_validation: Literal["full", "quick", "final", "none"] | None = Field(
        default=None,
        title="Test validation",
        description="When the tests run; the repository's own setting when empty.",
    )
    max_parallel_files: int | None = Field(
        default=None, ge=1, le=256, title="Files at once", description="How many files are repaired at once."
    )
    max_files: int | None = Field(
        default=None, ge=0, title="Most files", description="Stop after so many; 0 is no limit."
    )
    config: str = Field(default="", title="Settings file", description="A settings file outside the repository.")
    settings: dict[str, Any] = Field(
        default={}, title="More settings", description='Any key of the settings, for example {"select": ["F", "UP"]}.'
    )
    setup_command: str = Field(
        default="", title="Set-up command", description="Shell run in the repository's folder first, say to install it."
    )

    @field_validator("repository")
    @classmethod
    def _no_credentials(cls, given: str) -> str:
        return refuse_credentials(given)

    def flags(self) -> dict[str, Any]:
        """The layer of settings that this form is."""
        own = {name: getattr(self, name) for name in ("land", "test_validation", "max_parallel_files", "max_files")}
        return {**self.settings, **{k: v for k, v in own.items() if v is not None}}
