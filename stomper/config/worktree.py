"""The settings of worktrees: what they are given of the checkout that git does not carry. settings.py has it as a table."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class WorktreeSettings(BaseModel):
    """The table `[worktree]`."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    carry: tuple[str, ...] = ()
    """Files that git ignores and worktrees get copies of (gitignore-style), beside those of `.worktreeinclude` and those
    that are found by looking: code beside tracked code, `.env`, `node_modules`, `vendor`, and files that tracked ones
    name. `!PATTERN` leaves out what would be found so."""
