"""The failures of a model's provider, in words for the report and as troubles for the breaker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pydantic_ai import exceptions as ai

from stomper.agents.protocol.circuit_breaker import Trouble, trouble_in

_MOST = 300
_TROUBLES: tuple[tuple[type[Exception], Trouble], ...] = (
    (ai.ModelAuthenticationError, "authentication"),
    (ai.ModelQuotaExceededError, "quota"),
    (ai.ModelRateLimitError, "rate limit"),
    (ai.ModelUnavailableError, "overloaded"),
    (ai.ModelContextWindowExceededError, "context too long"),
    (ai.ContentFilterError, "refused"),
    (ai.ModelNotFoundError, "configuration"),
    (ai.UserError, "configuration"),
    (ImportError, "configuration"),
)


@dataclass(frozen=True)
class Words:
    """A failure as an Answer wants it."""

    problem: str
    trouble: Trouble = ""
    retry_after_s: float | None = None
    request: str = ""
    """The provider's name for a request that it turned down."""
    asked: bool = True
    """Whether a model may have worked, for money."""


def explain(error: Exception, address: str, wrong: str, hidden: Callable[[str], str]) -> Words:
    """What went wrong with a call to *address*, with keys *hidden*; *wrong* is what the model was last told of its edits."""

    def short(text: str) -> str:
        return " ".join(hidden(text).split())[:_MOST]  # in this order: of a key that was cut a part would remain

    trouble: Trouble = next((trouble for kind, trouble in _TROUBLES if isinstance(error, kind)), "")
    match error:
        case ai.ModelHTTPError():
            said = short(_said(error.body) or error.message)
            trouble = trouble or _unnamed(said, error.status_code)
            problem = f"{address} answered {error.status_code}: {said}"
            return Words(problem, trouble, error.retry_after, _request(error), asked=error.in_stream)
        case ai.ModelConnectionError(phase="read"):
            return Words(f"the answer of {address} broke off: {short(_root(error))}", trouble)
        case ai.ModelConnectionError():
            problem = f"{address} cannot be reached: {short(_root(error))}"
            nobody = error.phase == "connect"
            return Words(problem, trouble or ("unreachable" if nobody else ""), asked=not nobody)
        case ai.ModelAPIError():
            return Words(f"the answer of {address} cannot be used: {short(error.message)}", trouble, error.retry_after)
        case ai.ContentFilterError():
            return Words(f"the model refused: {short(error.message)}", trouble)
        case ai.OutputTokenLimitExceeded():
            return Words(f"its answer was cut off at the limit of tokens: {short(error.message)}", trouble)
        case ai.UnexpectedModelBehavior() | ai.UsageLimitExceeded() if wrong:
            return Words(f"it gave no edits that can be applied: {short(wrong)}", trouble)
        case ai.UnexpectedModelBehavior() | ai.UsageLimitExceeded():
            return Words(f"it gave no edits: {short(_root(error))}", trouble)
        case _:
            return Words(short(str(error)), trouble, asked=False)


def _request(error: ai.ModelHTTPError) -> str:
    headers = error.headers or {}
    return headers.get("request-id") or headers.get("x-request-id") or ""


def _unnamed(said: str, status: int) -> Trouble:
    """What compatible servers and proxies say by the status or in words only."""
    trouble, _ = trouble_in(said, status)
    believed = ("overloaded",) if status >= 500 else ("quota", "context too long", "refused")
    return trouble if trouble in believed else ""


def _said(body: object) -> str:
    """The provider's message in an error's body."""
    while isinstance(body, dict):
        if isinstance(body.get("message"), str):
            return str(body["message"])
        body = body.get("error")
    return body if isinstance(body, str) else ""


def _root(error: BaseException) -> str:
    """The words of what is behind an error."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error) or type(error).__name__
