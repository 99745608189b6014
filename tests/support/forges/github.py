"""A stub of GitHub's REST API, and of the three GraphQL mutations that have no REST."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from githubkit_schemas.v2022_11_28 import models
from pydantic import BaseModel

from tests.support.forges import github_schemas as schemas
from tests.support.forges.server import Answer, Json, Request, paged
from tests.support.forges.store import Held, Store

REPO = "/repos/{owner}/{repo}"
PULL = REPO + "/pulls/{pull_number}"
ISSUE = REPO + "/issues/{issue_number}"
# What each operation's body and answer are called where they are published.
BODIES = {
    ("POST", REPO + "/pulls"): ("ReposOwnerRepoPullsPostBody",),
    ("PATCH", PULL): ("ReposOwnerRepoPullsPullNumberPatchBody",),
    ("POST", ISSUE + "/comments"): ("ReposOwnerRepoIssuesIssueNumberCommentsPostBody",),
    ("POST", PULL + "/requested_reviewers"): (
        "ReposOwnerRepoPullsPullNumberRequestedReviewersPostBodyAnyof0",  # people, and perhaps teams
        "ReposOwnerRepoPullsPullNumberRequestedReviewersPostBodyAnyof1",  # the other way round
    ),
}
ANSWERS: Mapping[tuple[str, str], object] = {
    ("GET", REPO): models.FullRepository,
    ("GET", REPO + "/pulls"): list[models.PullRequestSimple],
    ("POST", REPO + "/pulls"): models.PullRequest,
    ("GET", PULL): models.PullRequest,
    ("PATCH", PULL): models.PullRequest,
    ("GET", PULL + "/files"): list[models.DiffEntry],
    ("GET", PULL + "/reviews"): list[models.PullRequestReview],
    ("POST", PULL + "/requested_reviewers"): models.PullRequestSimple,
    ("GET", ISSUE + "/comments"): list[models.IssueComment],
    ("POST", ISSUE + "/comments"): models.IssueComment,
    ("POST", ISSUE + "/labels"): list[models.Label],
}
_LETTERS = {"A": "added", "D": "removed", "M": "modified", "R": "renamed", "T": "changed"}
_MUTATIONS = {
    "enablePullRequestAutoMerge": {"pullRequestId", "mergeMethod", "expectedHeadOid"},
    "convertPullRequestToDraft": {"pullRequestId"},
    "markPullRequestReadyForReview": {"pullRequestId"},
}


@dataclass
class GitHubStub:
    """One repository, `owner`/`name`. Its flags say what the repository does not allow."""

    store: Store
    owner: str = "acme"
    name: str = "tool"
    token: str = "ghp_token_of_the_tests"  # noqa: S105 - of the tests
    page: int = 2
    people: set[str] = field(default_factory=lambda: {"ann", "bob"})
    teams: set[str] = field(default_factory=lambda: {"core"})
    drafts: bool = True
    auto_merge: bool = True
    most_files: int = 3000
    base: str = "/api"
    violations: list[str] = field(default_factory=list)

    @classmethod
    def over(cls, bare: Path, **flags: object) -> GitHubStub:
        """A stub over a bare repository."""
        return cls(Store(bare, "stomper-bot"), **flags)  # type: ignore[arg-type]

    def refused(self, words: str) -> Json:
        """The body of a refusal."""
        return {"message": words, "documentation_url": "https://docs.github.com/rest", "status": "4xx"}

    def answer(self, request: Request, api: str) -> Answer:
        """What *request* leads to."""
        if request.headers.get("authorization") not in (f"token {self.token}", f"Bearer {self.token}"):
            return Answer(401, self.refused("Bad credentials"))
        if request.path == "/graphql":
            return self._mutate(json.loads(request.raw))
        path = request.path.removeprefix("/v3")
        served = Request(request.method, path, request.query, request.headers, request.raw)
        for (method, template), serve in self._routes().items():
            pattern = re.sub(r"{\w+}", "([^/]+)", template)
            if method == request.method and (found := re.fullmatch(pattern, path)):
                return self._checked(method, template, served, serve, [unquote(g) for g in found.groups()], f"{api}/v3")
        return self._violation(f"{request.method} {request.path} is not known", 404)

    def _checked(
        self, method: str, template: str, request: Request, serve: Callable[..., Answer], names: list[str], api: str
    ) -> Answer:
        operation = schemas.operations().get((method, template))
        if operation is None:
            return self._violation(f"{method} {template} is not published", 404)
        wrong = schemas.wrong_query(operation, request.query) if method == "GET" else []
        if request.raw and method != "GET":
            wrong += self._wrong_body(method, template, request.raw)
        if wrong:
            return self._violation(f"{method} {request.path}: {'; '.join(wrong)}", 422)
        if (names[0].lower(), names[1].lower()) != (self.owner, self.name):
            return Answer(404, self.refused("Not Found"))
        answer = serve(request, api, *(int(n) for n in names[2:]))
        if answer.status < 300:
            self.violations += schemas.wrong_answer(ANSWERS[method, template], answer.data)
        return answer

    def _wrong_body(self, method: str, template: str, raw: bytes) -> list[str]:
        if (method, template) == ("POST", ISSUE + "/labels"):  # one of several shapes; this is the plain list
            told = json.loads(raw)
            return (
                [] if isinstance(told, list) and all(isinstance(name, str) for name in told) else ["no list of names"]
            )
        return min((schemas.wrong_body(model, raw) for model in BODIES[method, template]), key=len)

    def _violation(self, words: str, status: int) -> Answer:
        self.violations.append(words)
        return Answer(status, self.refused(words))

    def _routes(self) -> Mapping[tuple[str, str], Callable[..., Answer]]:
        return {
            ("GET", REPO): lambda _r, api: Answer(200, self._repository(models.FullRepository, api)),
            ("GET", REPO + "/pulls"): self._list,
            ("POST", REPO + "/pulls"): self._create,
            ("GET", PULL): lambda _r, api, n: self._one(n, api),
            ("PATCH", PULL): self._edit,
            ("GET", PULL + "/files"): self._files,
            ("GET", PULL + "/reviews"): self._reviews,
            ("POST", PULL + "/requested_reviewers"): self._ask,
            ("GET", ISSUE + "/comments"): self._comments,
            ("POST", ISSUE + "/comments"): self._comment,
            ("POST", ISSUE + "/labels"): self._label,
        }

    # The operations.

    def _list(self, request: Request, api: str) -> Answer:
        state, head = request.query.get("state", "open"), request.query.get("head")
        held = [h for h in self.store.held.values() if state in ("all", h.state)]
        if head:  # an owner's branch, in whichever of its repositories
            held = [h for h in held if f"{h.fork or self.owner}:{h.branch}" == head]
        held.sort(key=lambda h: h.number, reverse=request.query.get("direction", "desc") == "desc")
        page, more = paged([self._pull(models.PullRequestSimple, h, api) for h in held], request, api, most=self.page)
        return Answer(200, page, more)

    def _create(self, request: Request, api: str) -> Answer:
        body = json.loads(request.raw)
        branch, base = body["head"].rpartition(":")[2], body["base"]
        ref = f"refs/heads/{branch}"
        if not self.store.tip(ref) or not self.store.tip(f"refs/heads/{base}"):
            field_name = "base" if self.store.tip(ref) else "head"
            return self._invalid(resource="PullRequest", field=field_name, code="invalid")
        if any(h.base == base for h in self.store.of_branch(branch)):
            return self._invalid(message=f"A pull request already exists for {self.owner}:{branch}.")
        if not self.store.ahead(ref, base):
            return self._invalid(message=f"No commits between {base} and {branch}")
        if body.get("draft") and not self.drafts:
            return self._invalid(message="Draft pull requests are not supported in this repository.")
        held = self.store.open(branch, base, body["title"], body.get("body") or "", draft=body.get("draft", False))
        return Answer(201, self._pull(models.PullRequest, held, api))

    def _one(self, number: int, api: str) -> Answer:
        held = self.store.held.get(number)
        return (
            Answer(200, self._pull(models.PullRequest, held, api)) if held else Answer(404, self.refused("Not Found"))
        )

    def _edit(self, request: Request, api: str, number: int) -> Answer:
        body = json.loads(request.raw)
        held = self.store.held[number]
        held.title, held.body = body.get("title", held.title), body.get("body", held.body)
        held.base = body.get("base", held.base)
        if body.get("state") == "closed":
            self.store.end(number)
        return self._one(number, api)

    def _files(self, request: Request, api: str, number: int) -> Answer:
        files: list[Json] = []
        for letter, path, old in self.store.files_of(self.store.held[number]):
            renamed = {"previous_filename": old} if old else {}
            known = {"filename": path, "status": _LETTERS[letter], "sha": None, **renamed}
            files.append(schemas.filled(models.DiffEntry, **known))
        page, more = paged(files[: self.most_files], request, api, most=self.page)
        return Answer(200, page, more)

    def _reviews(self, request: Request, api: str, number: int) -> Answer:
        reviews: list[Json] = [
            schemas.filled(models.PullRequestReview, user=self._user(name), state="APPROVED")
            for name in self.store.held[number].reviewed
        ]
        page, more = paged(reviews, request, api, most=self.page)
        return Answer(200, page, more)

    def _ask(self, request: Request, api: str, number: int) -> Answer:
        body = json.loads(request.raw)
        held = self.store.held[number]
        users, teams = body.get("reviewers", []), body.get("team_reviewers", [])
        if not self.people.issuperset(users) or not self.teams.issuperset(teams):
            words = (
                "Reviews may only be requested from collaborators. One or more of the users or teams you specified is"
            )
            return Answer(422, self.refused(f"{words} not a collaborator of the {self.owner}/{self.name} repository."))
        held.reviewers += [u for u in users if u not in held.reviewers]
        held.teams += [t for t in teams if t not in held.teams]
        return Answer(201, self._pull(models.PullRequestSimple, held, api))

    def _comments(self, request: Request, api: str, number: int) -> Answer:
        comments = [self._said(body) for body in self.store.held[number].comments]
        page, more = paged(comments, request, api, most=self.page)
        return Answer(200, page, more)

    def _comment(self, request: Request, api: str, number: int) -> Answer:
        body = json.loads(request.raw)["body"]
        self.store.held[number].comments.append(body)
        return Answer(201, self._said(body))

    def _label(self, request: Request, api: str, number: int) -> Answer:
        held = self.store.held[number]
        held.labels += [name for name in json.loads(request.raw) if name not in held.labels]
        return Answer(200, [schemas.filled(models.Label, name=name) for name in held.labels])

    def _mutate(self, body: dict[str, dict[str, dict[str, str]]]) -> Answer:
        given = body["variables"]["input"]
        name = next((m for m in _MUTATIONS if f" {m}(" in str(body["query"])), "")
        held = self.store.held.get(int(str(given.get("pullRequestId", "PR_0")).removeprefix("PR_")))
        if not name or held is None or not set(given) <= _MUTATIONS[name]:
            return self._violation(f"graphql: {body}", 400)
        if name == "enablePullRequestAutoMerge":
            if not self.auto_merge:
                words = "Pull request Auto merge is not allowed for this repository"
                return Answer(200, {"data": {name: None}, "errors": [{"type": "UNPROCESSABLE", "message": words}]})
            held.auto_merge = True
            return Answer(200, {"data": {name: {"actor": None, "clientMutationId": None}}})
        held.draft = name == "convertPullRequestToDraft"
        told = {"clientMutationId": None, "pullRequest": {"isDraft": held.draft}}
        return Answer(200, {"data": {name: told}})

    # The shapes.

    def _invalid(self, **error: str) -> Answer:
        told = {"resource": "PullRequest", "code": "custom", **error}
        return Answer(
            422, {"message": "Validation Failed", "errors": [told], "documentation_url": "https://docs.github.com"}
        )

    def _user(self, login: str) -> dict[str, object]:
        return schemas.filled(models.SimpleUser, login=login)

    def _said(self, body: str) -> dict[str, object]:
        return schemas.filled(
            models.IssueComment, body=body, user=self._user(self.store.author), performed_via_github_app=None
        )

    def _repository(self, model: type[BaseModel], api: str, owner: str = "") -> dict[str, object]:
        owner = owner or self.owner
        full = f"{owner}/{self.name}"
        known = {
            "name": self.name, "full_name": full, "owner": self._user(owner), "default_branch": "main",
            "html_url": f"https://github.example/{full}", "url": f"{api}/repos/{full}",
            "allow_merge_commit": False, "allow_rebase_merge": True, "allow_squash_merge": True,
        }  # fmt: skip
        return schemas.filled(model, **{k: v for k, v in known.items() if k in model.model_fields})

    def _pull(self, model: type[BaseModel], held: Held, api: str) -> dict[str, object]:
        at = f"{api}/repos/{self.owner}/{self.name}"
        ended = None if held.state == "open" else "2026-01-02T00:00:00Z"
        known = {
            "number": held.number, "title": held.title, "body": held.body or None, "state": held.state,
            "draft": held.draft, "node_id": f"PR_{held.number}", "merged_at": ended if held.merged else None,
            "closed_at": ended, "merged": held.merged, "user": self._user(held.author),
            "html_url": f"https://github.example/{self.owner}/{self.name}/pull/{held.number}",
            "url": f"{at}/pulls/{held.number}", "issue_url": f"{at}/issues/{held.number}",
            "labels": [self._part(model, "labels", name=name) for name in held.labels],
            "requested_reviewers": [self._user(name) for name in held.reviewers],
            "requested_teams": [self._part(model, "requested_teams", slug=slug, name=slug) for slug in held.teams],
            "auto_merge": self._part(model, "auto_merge", merge_method="rebase") if held.auto_merge else None,
            "changed_files": len(self.store.files_of(held)) if model is models.PullRequest else 0,
            "base": self._end(model, "base", held.base, self.store.tip(f"refs/heads/{held.base}"), api, self.owner),
            "head": self._end(model, "head", held.branch, self.store.head_of(held), api, held.fork),
        }  # fmt: skip
        return schemas.filled(model, **{k: v for k, v in known.items() if k in model.model_fields})

    def _part(self, model: type[BaseModel], field_name: str, /, **known: object) -> dict[str, object]:
        return schemas.filled(schemas.inner(model, field_name), **known)

    def _end(self, model: type[BaseModel], name: str, ref: str, sha: str, api: str, owner: str) -> dict[str, object]:
        inner = schemas.inner(model, name)
        owner = owner or self.owner
        repository = self._repository(schemas.inner(inner, "repo"), api, owner)
        return schemas.filled(inner, label=f"{owner}:{ref}", ref=ref, sha=sha, repo=repository, user=self._user(owner))
