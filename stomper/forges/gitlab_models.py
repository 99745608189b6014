"""GitLab's merge requests as python-gitlab has them, in Stomper's words."""

from __future__ import annotations

import re
from typing import Any

from stomper.forges.base import PullRequest, RequestState

_DRAFT = re.compile(r"^\s*(?:\[draft\]|\(draft\)|draft:)\s*", re.IGNORECASE)
_STATES = {"opened": RequestState.OPEN, "locked": RequestState.OPEN, "merged": RequestState.MERGED}
_RUNNING = ("created", "waiting_for_resource", "preparing", "pending", "running", "scheduled")


def newest(project: Any, branch: str, state: str) -> Any:
    """The newest from *branch* of the project itself; None where there is none."""
    found = project.mergerequests.list(
        state=state, source_branch=branch, order_by="created_at", sort="desc", iterator=True
    )
    return next((merge for merge in found if merge.source_project_id == merge.target_project_id), None)


def told_or_none(merge: Any) -> PullRequest | None:
    """As `told`, where there may be none."""
    return None if merge is None else told(merge)


def told(merge: Any) -> PullRequest:
    """One in Stomper's words, its title without what marks a draft."""
    return PullRequest(
        number=merge.iid,
        url=merge.web_url,
        state=_STATES.get(merge.state, RequestState.CLOSED),
        branch=merge.source_branch,
        base=merge.target_branch,
        head=merge.sha or "",
        title=_DRAFT.sub("", merge.title) if merge.draft else merge.title,
        body=merge.description or "",
        draft=bool(merge.draft),
        own=merge.source_project_id == merge.target_project_id,
    )


def title_of(title: str, *, draft: bool) -> str:
    """The title with what marks a draft."""
    return f"Draft: {title}" if draft else title


def running(merge: Any) -> bool:
    """Whether a pipeline is under way for its newest commit."""
    return bool(merge.head_pipeline) and merge.head_pipeline["status"] in _RUNNING


def words_of(said: Any) -> str:
    """GitLab's message, which is a text, a list of them, or a list by field."""
    if isinstance(said, dict):
        return "; ".join(f"{name}: {words_of(value)}" for name, value in said.items())
    if isinstance(said, list):
        return "; ".join(words_of(value) for value in said)
    return str(said)[:200] if str(said).lstrip().startswith("<") else str(said)
