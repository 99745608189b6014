"""The few operations of GitLab's REST API that Stomper uses, as its documentation describes them.

GitLab publishes its description with its own sources alone, in no package: so these are written after the pages
https://docs.gitlab.com/api/merge_requests/, /api/notes/, /api/projects/ and /api/users/. A field that is not here is a
violation, even where GitLab knows it.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError


class Sent(BaseModel):
    """What a client sends: nothing unknown."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Paged(Sent):
    """Of every list. A query is text."""

    model_config = ConfigDict(extra="forbid", strict=False)
    page: int = 1
    per_page: int = 20


class Nothing(Sent):
    """No parameters."""


class ListQuery(Paged):
    """GET /projects/:id/merge_requests"""

    state: Literal["all", "opened", "closed", "locked", "merged"] = "all"
    order_by: Literal[
        "created_at", "label_priority", "merged_at", "milestone_due", "popularity", "priority", "title", "updated_at"
    ] = "created_at"
    sort: Literal["asc", "desc"] = "desc"
    source_branch: str | None = None
    target_branch: str | None = None


class UsersQuery(Paged):
    """GET /users"""

    username: str | None = None
    search: str | None = None
    active: bool | None = None


class NotesQuery(Paged):
    """GET /projects/:id/merge_requests/:merge_request_iid/notes"""

    sort: Literal["asc", "desc"] = "desc"
    order_by: Literal["created_at", "updated_at"] = "created_at"


class Create(Sent):
    """POST /projects/:id/merge_requests"""

    source_branch: str
    target_branch: str
    title: str
    allow_collaboration: bool = False
    assignee_id: int | None = None
    assignee_ids: list[int] = []
    description: str = ""
    labels: str | list[str] = ""
    milestone_id: int | None = None
    remove_source_branch: bool | None = None
    reviewer_ids: list[int] = []
    squash: bool | None = None
    target_project_id: int | None = None


class Update(Sent):
    """PUT /projects/:id/merge_requests/:merge_request_iid"""

    add_labels: str | list[str] | None = None
    allow_collaboration: bool | None = None
    assignee_id: int | None = None
    assignee_ids: list[int] | None = None
    description: str | None = None
    discussion_locked: bool | None = None
    labels: str | list[str] | None = None
    milestone_id: int | None = None
    remove_labels: str | list[str] | None = None
    remove_source_branch: bool | None = None
    reviewer_ids: list[int] | None = None
    squash: bool | None = None
    state_event: Literal["close", "reopen"] | None = None
    target_branch: str | None = None
    title: str | None = None


class Merge(Sent):
    """PUT /projects/:id/merge_requests/:merge_request_iid/merge"""

    auto_merge: bool = False
    merge_commit_message: str | None = None
    merge_when_pipeline_succeeds: bool = False
    sha: str | None = None
    should_remove_source_branch: bool | None = None
    squash: bool | None = None
    squash_commit_message: str | None = None


class Note(Sent):
    """POST /projects/:id/merge_requests/:merge_request_iid/notes"""

    body: str
    internal: bool = False


# Answers: what of them Stomper reads. There are more fields.


class User(BaseModel):
    """A user as others see them."""

    id: int
    username: str
    name: str
    state: str
    web_url: str


class Pipeline(BaseModel):
    """The one of a merge request's newest commit."""

    id: int
    sha: str
    status: str


class MergeRequest(BaseModel):
    """One in a list."""

    id: int
    iid: int
    project_id: int
    title: str
    description: str | None
    state: Literal["opened", "closed", "locked", "merged"]
    source_branch: str
    target_branch: str
    source_project_id: int | None
    target_project_id: int
    author: User
    reviewers: list[User]
    labels: list[str]
    draft: bool
    merge_when_pipeline_succeeds: bool
    sha: str | None
    web_url: str


class SingleMergeRequest(MergeRequest):
    """One by itself."""

    changes_count: str | None
    head_pipeline: Pipeline | None


class Diff(BaseModel):
    """One file of GET /projects/:id/merge_requests/:merge_request_iid/diffs"""

    old_path: str
    new_path: str
    new_file: bool
    renamed_file: bool
    deleted_file: bool
    diff: str


class Comment(BaseModel):
    """A note."""

    id: int
    body: str
    author: User


class Project(BaseModel):
    """GET /projects/:id"""

    id: int
    path_with_namespace: str
    web_url: str
    default_branch: str | None


def wrong(model: object, data: object) -> list[str]:
    """What is wrong with *data*; JSON when it is bytes."""
    adapter: TypeAdapter[object] = TypeAdapter(model)  # type: ignore[arg-type]
    try:
        if isinstance(data, bytes):
            adapter.validate_json(data)
        else:
            adapter.validate_python(data)
    except ValidationError as error:
        return [f"{model}: {e['loc']}: {e['msg']}" for e in error.errors()]
    return []
