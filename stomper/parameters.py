"""What a deployment of the flow takes: the form people fill in."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class FixParameters(BaseModel):
    """One run over one repository."""

    model_config = ConfigDict(extra="forbid")

    repository: str = Field(title="Repository", description="Path of the git repository on the worker's machine.")
    paths: list[str] = Field(default=[], title="Paths", description="Files or folders to look at; empty is everything.")
    since: str = Field(default="", title="Since", description="Only files that differ from this commit or branch.")
    changed: bool = Field(default=False, title="Changed", description="Only files with uncommitted changes.")
    staged: bool = Field(default=False, title="Staged", description="Only files with staged changes.")
    land: Literal["commit", "branch", "patch"] | None = Field(
        default=None, title="Land", description="Where proven fixes go; the repository's own setting when empty."
    )
    test_validation: Literal["full", "final", "none"] | None = Field(
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

    def flags(self) -> dict[str, Any]:
        """The layer of settings that this form is."""
        own = {name: getattr(self, name) for name in ("land", "test_validation", "max_parallel_files", "max_files")}
        return {**self.settings, **{k: v for k, v in own.items() if v is not None}}
