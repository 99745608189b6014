"""A stub of GitLab's REST API."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from tests.support.forges import gitlab_schemas as schemas
from tests.support.forges.server import Answer, Json, Request, paged
from tests.support.forges.store import Held, Store

PROJECT = "/projects/:id"
MERGES = PROJECT + "/merge_requests"
MERGE = MERGES + "/:merge_request_iid"
# What each operation takes, in its query or its body, and what it answers.
OPERATIONS: Mapping[tuple[str, str], tuple[object, object]] = {
    ("GET", PROJECT): (schemas.Nothing, schemas.Project),
    ("GET", MERGES): (schemas.ListQuery, list[schemas.MergeRequest]),
    ("POST", MERGES): (schemas.Create, schemas.SingleMergeRequest),
    ("GET", MERGE): (schemas.Nothing, schemas.SingleMergeRequest),
    ("PUT", MERGE): (schemas.Update, schemas.SingleMergeRequest),
    ("PUT", MERGE + "/merge"): (schemas.Merge, schemas.SingleMergeRequest),
    ("GET", MERGE + "/diffs"): (schemas.Paged, list[schemas.Diff]),
    ("GET", MERGE + "/notes"): (schemas.NotesQuery, list[schemas.Comment]),
    ("POST", MERGE + "/notes"): (schemas.Note, schemas.Comment),
    ("GET", "/users"): (schemas.UsersQuery, list[schemas.User]),
}
_ID = 7
_FORK_ID = 8
_DRAFT = re.compile(r"^(draft:|\[draft\]|\(draft\))", re.IGNORECASE)


@dataclass
class GitLabStub:
    """One project in a subgroup. Its flags say what it does not allow; `pipeline` is the status of a head's pipeline."""

    store: Store
    path: str = "acme/tools/tool"
    token: str = "glpat-token_of_the_tests"  # noqa: S105 - of the tests
    page: int = 2
    people: dict[str, int] = field(default_factory=lambda: {"stomper-bot": 1, "ann": 2, "bob": 3})
    labels_allowed: bool = True
    most_reviewers: int = 9
    most_files: int = 3000
    pipeline: str = ""
    base: str = ""
    violations: list[str] = field(default_factory=list)

    @classmethod
    def over(cls, bare: Path) -> GitLabStub:
        """A stub over a bare repository."""
        return cls(Store(bare, "stomper-bot"))

    def refused(self, words: str) -> Json:
        """The body of a refusal."""
        return {"message": words}

    def answer(self, request: Request, api: str) -> Answer:
        """What *request* leads to."""
        tokens = {request.headers.get(name, "") for name in ("private-token", "job-token")}
        if f"Bearer {self.token}" != request.headers.get("authorization") and self.token not in tokens:
            return Answer(401, self.refused("401 Unauthorized"))
        path = request.path.removeprefix("/api/v4")
        served = Request(request.method, path, request.query, request.headers, request.raw)
        for (method, template), serve in self._routes().items():
            pattern = re.sub(r":\w+", "([^/]+)", template)
            if method == request.method and (found := re.fullmatch(pattern, path)):
                return self._checked(
                    (method, template), served, serve, [unquote(g) for g in found.groups()], f"{api}/api/v4"
                )
        return self._violation(f"{request.method} {request.path} is not known", 404)

    def _checked(
        self, key: tuple[str, str], request: Request, serve: Callable[..., Answer], names: list[str], api: str
    ) -> Answer:
        takes, gives = OPERATIONS[key]
        sent = dict(request.query) if request.method == "GET" else request.raw
        if wrong := schemas.wrong(takes, sent):
            return self._violation(f"{key}: {'; '.join(wrong)}", 400)
        if names and names[0] not in (self.path, str(_ID)):
            return Answer(404, self.refused("404 Project Not Found"))
        numbers = [int(name) for name in names[1:]]
        if any(number not in self.store.held for number in numbers):
            return Answer(404, self.refused("404 Not found"))
        answer = serve(request, api, *numbers)
        if answer.status < 300:
            self.violations += schemas.wrong(gives, answer.data)
        return answer

    def _violation(self, words: str, status: int) -> Answer:
        self.violations.append(words)
        return Answer(status, {"error": words})

    def _routes(self) -> Mapping[tuple[str, str], Callable[..., Answer]]:
        return {
            ("GET", PROJECT): self._project,
            ("GET", MERGES): self._list,
            ("POST", MERGES): self._create,
            ("GET", MERGE): lambda _r, _api, n: Answer(200, self._merge(self.store.held[n])),
            ("PUT", MERGE): self._update,
            ("PUT", MERGE + "/merge"): self._accept,
            ("GET", MERGE + "/diffs"): self._diffs,
            ("GET", MERGE + "/notes"): self._notes,
            ("POST", MERGE + "/notes"): self._note,
            ("GET", "/users"): self._users,
        }

    def _project(self, request: Request, api: str) -> Answer:
        web = f"https://gitlab.example/{self.path}"
        told = {"id": _ID, "path_with_namespace": self.path, "web_url": web, "default_branch": "main"}
        return Answer(200, told)

    def _list(self, request: Request, api: str) -> Answer:
        state, branch = request.query.get("state", "all"), request.query.get("source_branch")
        held = [h for h in self.store.held.values() if state in ("all", _state(h)) and branch in (None, h.branch)]
        held.sort(key=lambda h: h.number, reverse=request.query.get("sort", "desc") == "desc")
        page, more = paged([self._merge(h) for h in held], request, api, most=self.page)
        return Answer(200, page, more)

    def _create(self, request: Request, api: str) -> Answer:
        body = json.loads(request.raw)
        branch, base = body["source_branch"], body["target_branch"]
        if not self.store.tip(f"refs/heads/{branch}"):
            return Answer(400, {"message": {"source_branch": ["does not exist"]}})
        if there := [h for h in self.store.of_branch(branch) if h.base == base]:
            words = f"Another open merge request already exists for this source branch: !{there[0].number}"
            return Answer(409, {"message": [words]})
        held = self.store.open(branch, base, body["title"], body.get("description", ""))
        return Answer(201, self._merge(held))

    def _update(self, request: Request, api: str, number: int) -> Answer:
        body = json.loads(request.raw)
        held = self.store.held[number]
        held.title, held.body = body.get("title", held.title), body.get("description", held.body)
        held.base = body.get("target_branch", held.base)
        if self.labels_allowed:
            held.labels += [name for name in body.get("add_labels", "").split(",") if name]
        if "reviewer_ids" in body:
            names = {number: name for name, number in self.people.items()}
            held.reviewers = [names[n] for n in body["reviewer_ids"]][: self.most_reviewers]
        if body.get("state_event") == "close":
            self.store.end(number)
        return Answer(200, self._merge(held))

    def _accept(self, request: Request, api: str, number: int) -> Answer:
        body, held = json.loads(request.raw), self.store.held[number]
        if body.get("sha") not in (None, self.store.head_of(held)):
            return Answer(409, self.refused("SHA does not match HEAD of source branch"))
        if self.pipeline == "running" and body.get("auto_merge"):
            held.auto_merge = True
        else:  # as GitLab does
            self.store.end(number, merged=True)
        return Answer(200, self._merge(held))

    def _diffs(self, request: Request, api: str, number: int) -> Answer:
        files: list[Json] = [
            {
                "old_path": old or path,
                "new_path": path,
                "new_file": letter == "A",
                "renamed_file": letter == "R",
                "deleted_file": letter == "D",
                "diff": "",
            }
            for letter, path, old in self.store.files_of(self.store.held[number])
        ]
        page, more = paged(files[: self.most_files], request, api, most=self.page)
        return Answer(200, page, more)

    def _notes(self, request: Request, api: str, number: int) -> Answer:
        notes = [self._comment(body) for body in self.store.held[number].comments]
        page, more = paged(notes, request, api, most=self.page)
        return Answer(200, page, more)

    def _note(self, request: Request, api: str, number: int) -> Answer:
        body = json.loads(request.raw)["body"]
        self.store.held[number].comments.append(body)
        return Answer(201, self._comment(body))

    def _users(self, request: Request, api: str) -> Answer:
        name = request.query.get("username", "").lower()
        page, more = paged([self._user(n) for n in self.people if n.lower() == name], request, api, most=self.page)
        return Answer(200, page, more)

    # The shapes.

    def _user(self, name: str) -> dict[str, object]:
        number = self.people.get(name, 99)
        return {
            "id": number,
            "username": name,
            "name": name,
            "state": "active",
            "web_url": f"https://gitlab.example/{name}",
        }

    def _comment(self, body: str) -> dict[str, object]:
        return {"id": 1, "body": body, "author": self._user(self.store.author)}

    def _merge(self, held: Held) -> dict[str, object]:
        head = self.store.head_of(held)
        return {
            "id": 1000 + held.number, "iid": held.number, "project_id": _ID, "title": held.title,
            "description": held.body or None, "state": _state(held), "source_branch": held.branch,
            "target_branch": held.base, "source_project_id": _FORK_ID if held.fork else _ID, "target_project_id": _ID,
            "author": self._user(held.author), "reviewers": [self._user(name) for name in held.reviewers],
            "labels": held.labels, "draft": bool(_DRAFT.match(held.title)), "sha": head or None,
            "merge_when_pipeline_succeeds": held.auto_merge,
            "web_url": f"https://gitlab.example/{self.path}/-/merge_requests/{held.number}",
            "changes_count": str(len(self.store.files_of(held))) if head else None,
            "head_pipeline": {"id": 5, "sha": head, "status": self.pipeline} if self.pipeline else None,
        }  # fmt: skip


def _state(held: Held) -> str:
    return {"open": "opened", "closed": "merged" if held.merged else "closed"}[held.state]
