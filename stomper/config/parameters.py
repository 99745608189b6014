"""What one run is asked to do. How people fill it in is form.py."""

from __future__ import annotations

from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator

from stomper.config.choices import Land, TestValidation, Uncommitted
from stomper.config.repository_url import NO_CREDENTIALS, refuse_credentials


class FixParameters(BaseModel):
    """One run over one repository: kept with the run, so that it can be resumed."""

    # A message does not repeat what was given: a token could be in it.
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    repository: str = Field(json_schema_extra={"pattern": NO_CREDENTIALS})
    """Path of a git repository on the worker's machine, or an address (https, ssh, git@host:path, file)."""
    ref: str = ""
    """With an address: the branch; the default one when empty."""
    partial: bool = False
    """With an address: fetch files only when they are needed."""
    token_env: str = ""
    """With an address: the worker's variable that holds the token."""
    token_block: str = ""
    """With an address: the Prefect Secret block that holds the token."""
    token_user: str = Field(default="x-access-token", pattern=r"^[A-Za-z0-9._-]+$")
    """The user name that goes with the token; most hosts take any."""
    paths: list[str] = []
    """Files or folders to look at; empty is everything."""
    since: str = ""
    """Only files that differ from this commit or branch."""
    changed: bool = False
    staged: bool = False
    on_disk: bool = False
    land: Land | None = None
    """Over `settings`, as are the next three; the repository's own setting when empty."""
    test_validation: TestValidation | None = None
    max_parallel_files: int | None = Field(default=None, ge=1, le=256)
    max_files: int | None = Field(default=None, ge=0)
    config: str = ""
    """A settings file outside the repository."""
    settings: dict[str, Any] = {}
    """Any key of the settings, for example {"select": ["F", "UP"]}."""
    setup_command: str = ""
    """Shell run in the repository's folder first, say to install it."""

    @field_validator("repository")
    @classmethod
    def _no_credentials(cls, given: str) -> str:
        return refuse_credentials(given)

    @property
    def uncommitted(self) -> tuple[Uncommitted, ...]:
        """Return the versions of the files that are asked for instead of the committed one; more than one is a mistake."""
        given = {"changed": self.changed, "staged": self.staged, "on_disk": self.on_disk}
        return tuple(name for name in get_args(Uncommitted) if given[name])

    def flags(self) -> dict[str, Any]:
        """Return the layer of settings that this is."""
        own = {name: getattr(self, name) for name in ("land", "test_validation", "max_parallel_files", "max_files")}
        return {**self.settings, **{k: v for k, v in own.items() if v is not None}}
